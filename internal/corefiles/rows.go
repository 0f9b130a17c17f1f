package corefiles

import (
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"belvedere/internal/schema"
)

// A Row is a row of one of the schema's tables, or the part of it that a file
// knows. A file's rows of a table need not all have the same columns.
type Row struct {
	Table   string
	Columns []string
	// Values are by column, in normal form and the Go types that the schema
	// names for the kinds.
	Values []any
	// Period is what a row of timeperiods says; nil in others.
	Period *Period
}

// Get returns the value of a column, nil if the row does not have it.
func (r *Row) Get(column string) any {
	if i := slices.Index(r.Columns, column); i >= 0 {
		return r.Values[i]
	}
	return nil
}

// Text returns the value of a text column, "" if the row does not have it.
func (r *Row) Text(column string) string {
	s, _ := r.Get(column).(string)
	return s
}

// Int returns the value of a column of whole numbers, 0 if the row does not
// have it.
func (r *Row) Int(column string) int64 {
	n, _ := r.Get(column).(int64)
	return n
}

func (r *Row) begin(table string) {
	r.Table, r.Columns, r.Values, r.Period = table, r.Columns[:0], r.Values[:0], nil
}

// set gives a column a value that is in normal form already. The last one
// counts.
func (r *Row) set(column string, v any) {
	if i := slices.Index(r.Columns, column); i >= 0 {
		r.Values[i] = v
		return
	}
	r.Columns, r.Values = append(r.Columns, column), append(r.Values, v)
}

// put converts a text to the kind of the column; a column that the schema does
// not have is left out.
func (r *Row) put(column, text string) {
	t, ok := schema.Lookup(r.Table)
	if !ok {
		return
	}
	c, ok := t.Column(column)
	if !ok || c.Class == schema.Derived {
		return
	}
	switch c.Kind {
	case schema.Bool:
		on := int64(0)
		if whole(text) != 0 {
			on = 1
		}
		r.set(column, on)
	case schema.Int:
		r.set(column, whole(text))
	case schema.Time:
		r.set(column, max(whole(text), 0))
	case schema.Float:
		r.set(column, float(text))
	case schema.Text:
		r.set(column, clean(text))
	case schema.TextList:
		r.set(column, list(text))
	}
}

// variables sets the columns of custom variables.
func (r *Row) variables(pairs []schema.Pair) {
	sort.SliceStable(pairs, func(i, j int) bool { return pairs[i].Name < pairs[j].Name })
	names, values := make([]string, len(pairs)), make([]string, len(pairs))
	for i, p := range pairs {
		names[i], values[i] = p.Name, p.Value
	}
	r.set("custom_variables", pairs)
	r.set("custom_variable_names", names)
	r.set("custom_variable_values", values)
}

// modified sets the columns of settings that were changed at run time.
func (r *Row) modified(text string) {
	bits := whole(text)
	r.set("modified_attributes", bits)
	names := []string{}
	for i, name := range schema.ModifiedAttributes() {
		if bits>>i&1 != 0 {
			names = append(names, name)
		}
	}
	r.set("modified_attributes_list", names)
}

// whole reads a number and cuts off its fraction; what is none is 0.
func whole(s string) int64 {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	f := float(s)
	if f >= math.MaxInt64 || f <= math.MinInt64 {
		return 0
	}
	return int64(f)
}

// float reads a number; what is none, NaN or infinite is 0.
func float(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}

// list parts a text at its commas.
func list(s string) []string {
	out := []string{}
	for _, v := range strings.Split(s, ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, clean(v))
		}
	}
	return out
}

// clean makes valid UTF-8, byte by byte.
func clean(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}
