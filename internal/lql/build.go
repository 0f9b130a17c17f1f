package lql

import "strconv"

// Eq returns the filter column = value.
func Eq(column, value string) Filter { return Filter{Column: column, Op: Equal, Value: value} }

// EqInt returns the filter column = value for numbers and times.
func EqInt(column string, value int64) Filter {
	return Filter{Column: column, Op: Equal, Value: strconv.FormatInt(value, 10)}
}

// Cmp returns the filter column op value.
func Cmp(column string, op Op, value string) Filter {
	return Filter{Column: column, Op: op, Value: value}
}

// Has returns the filter for lists that contain exactly value.
func Has(column, value string) Filter {
	return Filter{Column: column, Op: GreaterOrEqual, Value: value}
}

// AndOf returns the filter that holds where all of fs hold. Of nothing it
// holds everywhere; of one filter it is that filter.
func AndOf(fs ...Filter) Filter { return combine(And, fs) }

// OrOf returns the filter that holds where any of fs holds. Of nothing it
// holds nowhere; of one filter it is that filter.
func OrOf(fs ...Filter) Filter { return combine(Or, fs) }

// NotOf returns the filter that holds where f does not.
func NotOf(f Filter) Filter { return Filter{Kind: Not, Kids: []Filter{f}} }

func combine(kind FilterKind, fs []Filter) Filter {
	if len(fs) == 1 {
		return fs[0]
	}
	return Filter{Kind: kind, Kids: append([]Filter(nil), fs...)}
}

// CountOf returns the Stat that counts the rows where f holds.
func CountOf(f Filter) Stat { return Stat{Agg: Count, Filter: f} }

// Where adds fs to the filters of q, all of which must hold, and returns q. One
// that holds for every row is left out: cores refuse an And of none.
// It is for building a query that nobody else has seen yet.
func (q *Query) Where(fs ...Filter) *Query {
	for _, f := range fs {
		if f.Kind != And || len(f.Kids) > 0 {
			q.Filter.Kids = append(q.Filter.Kids, f)
		}
	}
	return q
}

// Count adds one Stats column for each of fs, and returns q.
func (q *Query) Count(fs ...Filter) *Query {
	for _, f := range fs {
		q.Stats = append(q.Stats, CountOf(f))
	}
	return q
}

// OrderBy adds ascending sort keys, descending for columns that are written
// with a leading minus, and returns q.
func (q *Query) OrderBy(columns ...string) *Query {
	for _, c := range columns {
		s := Sort{Column: c}
		if c != "" && c[0] == '-' {
			s = Sort{Column: c[1:], Desc: true}
		}
		q.Sort = append(q.Sort, s)
	}
	return q
}
