package lql

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A builder is a query in the making, with the stacks that Filter and
// WaitCondition lines push to; Stats are their own stack.
type builder struct {
	q       *Query
	filters []Filter
	conds   []Filter
	wait    Wait
}

func (b *builder) finish() *Query {
	b.q.Filter = Filter{Kind: And, Kids: b.filters}
	w := b.wait
	if w.Trigger != "" || w.Object != "" || w.Timeout != 0 || len(b.conds) > 0 {
		w.Condition = Filter{Kind: And, Kids: b.conds}
		b.q.Wait = &w
	}
	return b.q
}

// A header takes the value of its line into the query.
type header func(p *parser, b *builder, value string) error

// headers are all headers of GET requests.
var headers = map[string]header{
	"Columns": func(_ *parser, b *builder, v string) error {
		b.q.Columns = append(b.q.Columns, words(v)...)
		return nil
	},
	"Filter":      func(p *parser, b *builder, v string) error { return p.push(filterWords, &b.filters, v) },
	"And":         func(p *parser, b *builder, v string) error { return p.combine(filterWords, And, &b.filters, v) },
	"Or":          func(p *parser, b *builder, v string) error { return p.combine(filterWords, Or, &b.filters, v) },
	"Negate":      func(p *parser, b *builder, v string) error { return p.negate(filterWords, &b.filters, v) },
	"Stats":       func(p *parser, b *builder, v string) error { return p.stat(b.q, v) },
	"StatsAnd":    func(p *parser, b *builder, v string) error { return p.combineStats(And, b.q, v) },
	"StatsOr":     func(p *parser, b *builder, v string) error { return p.combineStats(Or, b.q, v) },
	"StatsNegate": func(p *parser, b *builder, v string) error { return p.negateStat(b.q, v) },
	"StatsGroupBy": func(_ *parser, b *builder, v string) error {
		b.q.GroupBy = append(b.q.GroupBy, words(v)...)
		return nil
	},
	"Sort":   func(p *parser, b *builder, v string) error { return p.sort(b.q, v) },
	"Limit":  func(p *parser, b *builder, v string) error { return p.rows(&b.q.Limit, "Limit", v) },
	"Offset": func(p *parser, b *builder, v string) error { return p.rows(&b.q.Offset, "Offset", v) },
	"Backends": func(_ *parser, b *builder, v string) error {
		b.q.Backends = append(b.q.Backends, words(v)...)
		return nil
	},
	"AuthUser":      func(p *parser, b *builder, v string) error { return p.authUser(b.q, v) },
	"Localtime":     func(p *parser, b *builder, v string) error { return p.localtime(b.q, v) },
	"Timelimit":     func(p *parser, b *builder, v string) error { return p.timelimit(b.q, v) },
	"OutputFormat":  func(p *parser, b *builder, v string) error { return p.outputFormat(b.q, v) },
	"ColumnHeaders": func(p *parser, b *builder, v string) error { return p.columnHeaders(b.q, v) },
	"Separators":    func(p *parser, b *builder, v string) error { return p.separators(b.q, v) },
	"ResponseHeader": func(p *parser, b *builder, v string) (err error) {
		b.q.Fixed16, err = p.oneOf(v, "fixed16", "off")
		return err
	},
	"KeepAlive": func(p *parser, b *builder, v string) (err error) {
		b.q.KeepAlive, err = p.oneOf(v, "on", "off")
		return err
	},
	"WaitTrigger":         func(p *parser, b *builder, v string) error { return p.waitTrigger(&b.wait, v) },
	"WaitObject":          func(_ *parser, b *builder, v string) error { b.wait.Object = v; return nil },
	"WaitTimeout":         func(p *parser, b *builder, v string) error { return p.waitTimeout(&b.wait, v) },
	"WaitCondition":       func(p *parser, b *builder, v string) error { return p.push(waitWords, &b.conds, v) },
	"WaitConditionAnd":    func(p *parser, b *builder, v string) error { return p.combine(waitWords, And, &b.conds, v) },
	"WaitConditionOr":     func(p *parser, b *builder, v string) error { return p.combine(waitWords, Or, &b.conds, v) },
	"WaitConditionNegate": func(p *parser, b *builder, v string) error { return p.negate(waitWords, &b.conds, v) },
}

var headerNames = func() []string {
	names := make([]string, 0, len(headers))
	for n := range headers {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}()

// leaf reads "column operator value".
func (p *parser) leaf(word, value string) (Filter, error) {
	form := "write " + word + ": column operator value, such as " + word + ": state = 0"
	column, rest, _ := cutBlank(value)
	name, arg, _ := cutBlank(rest)
	switch {
	case column == "":
		return Filter{}, p.fail(0, "the column is missing", form)
	case name == "":
		return Filter{}, p.fail(0, "the operator is missing", form)
	}
	if op, ok := ParseOp(name); ok {
		return Filter{Column: column, Op: op, Value: arg}, nil
	}
	// LMD's words for "contains this text".
	if op, ok := likeOps[name]; ok {
		return Filter{Column: column, Op: op, Value: regexp.QuoteMeta(arg)}, nil
	}
	if i := strings.IndexFunc(name, func(r rune) bool { return !strings.ContainsRune("=!<>~", r) }); i > 0 {
		if _, ok := ParseOp(name[:i]); ok {
			return Filter{}, p.fail(0, "there is no blank behind the operator", "write "+word+": "+column+" "+name[:i]+" "+name[i:])
		}
	}
	return Filter{}, p.fail(0, "unknown operator "+name, "the operators are = != ~ !~ =~ !=~ ~~ !~~ < > <= >= and !< !> !<= !>=")
}

var likeOps = map[string]Op{"like": Match, "unlike": NotMatch, "ilike": MatchFold, "iunlike": NotMatchFold}

func (p *parser) push(w stackWords, stack *[]Filter, value string) error {
	f, err := p.leaf(w.push, value)
	if err == nil {
		*stack = append(*stack, f)
	}
	return err
}

// count reads the number of an And or Or line and checks it against what is on
// the stack.
func (p *parser) count(word, pushed, value string, have int) (int, error) {
	n, ok := parseNumber(value, math.MaxInt32)
	if !ok {
		return 0, p.fail(0, "the number of filters to combine is missing or not a number", "write "+word+": 2 to combine the last two "+pushed+" lines")
	}
	if int(n) > have {
		return 0, p.fail(0, fmt.Sprintf("there are only %d filters to combine, not %d", have, n), "each "+pushed+" line adds one, each "+word+" line makes one of several")
	}
	return int(n), nil
}

func (p *parser) combine(w stackWords, kind FilterKind, stack *[]Filter, value string) error {
	word := w.and
	if kind == Or {
		word = w.or
	}
	n, err := p.count(word, w.push, value, len(*stack))
	if err != nil || n == 1 {
		return err
	}
	at := len(*stack) - n
	f := Filter{Kind: kind}
	if n > 0 {
		f.Kids = slices.Clone((*stack)[at:])
	}
	*stack = append((*stack)[:at], f)
	return nil
}

func (p *parser) negate(w stackWords, stack *[]Filter, value string) error {
	switch {
	case value != "":
		return p.fail(0, w.not+" takes no value", "it negates the "+w.push+" line before it")
	case len(*stack) == 0:
		return p.fail(0, "there is no filter to negate", "write "+w.not+": behind the "+w.push+" line it negates")
	}
	last := &(*stack)[len(*stack)-1]
	*last = NotOf(*last)
	return nil
}

func (p *parser) stat(q *Query, value string) error {
	first, rest, _ := cutBlank(value)
	agg, ok := parseAgg(first)
	if !ok {
		f, err := p.leaf("Stats", value)
		if err == nil {
			q.Stats = append(q.Stats, CountOf(f))
		}
		return err
	}
	if w := words(rest); len(w) != 1 {
		return p.fail(0, first+" takes one column", "write Stats: "+first+" execution_time")
	}
	q.Stats = append(q.Stats, Stat{Agg: agg, Column: rest})
	return nil
}

func (p *parser) combineStats(kind FilterKind, q *Query, value string) error {
	word := "StatsAnd"
	if kind == Or {
		word = "StatsOr"
	}
	n, err := p.count(word, "Stats", value, len(q.Stats))
	if err != nil {
		return err
	}
	at := len(q.Stats) - n
	f := Filter{Kind: kind}
	for _, s := range q.Stats[at:] {
		if s.Agg != Count {
			return p.fail(0, s.Agg.String()+" cannot be combined", word+" combines Stats lines that count, such as Stats: state = 0")
		}
		f.Kids = append(f.Kids, s.Filter)
	}
	if n != 1 {
		q.Stats = append(q.Stats[:at], CountOf(f))
	}
	return nil
}

func (p *parser) negateStat(q *Query, value string) error {
	switch {
	case value != "":
		return p.fail(0, "StatsNegate takes no value", "it negates the Stats line before it")
	case len(q.Stats) == 0:
		return p.fail(0, "there is nothing to negate", "write StatsNegate: behind the Stats line it negates")
	}
	last := &q.Stats[len(q.Stats)-1]
	if last.Agg != Count {
		return p.fail(0, last.Agg.String()+" cannot be negated", "only Stats lines that count can, such as Stats: state = 0")
	}
	last.Filter = NotOf(last.Filter)
	return nil
}

func (p *parser) sort(q *Query, value string) error {
	const form = "write Sort: column asc, or Sort: column desc"
	w := words(value)
	if len(w) == 0 || len(w) > 3 {
		return p.fail(0, "a sort key is a column and a direction", form)
	}
	s := Sort{Column: w[0]}
	if len(w) > 1 {
		switch dir := w[len(w)-1]; {
		case strings.EqualFold(dir, "desc"):
			s.Desc = true
		case !strings.EqualFold(dir, "asc"):
			return p.fail(0, "unknown direction "+dir, form)
		}
	}
	if len(w) == 3 {
		s.Arg = w[1]
	}
	q.Sort = append(q.Sort, s)
	return nil
}

func (p *parser) rows(into *int, word, value string) error {
	n, ok := parseNumber(value, math.MaxInt32)
	if !ok {
		return p.fail(0, strings.ToLower(word)+" is not a number of rows", word+": takes a whole number from 0")
	}
	*into = int(n)
	return nil
}

func (p *parser) authUser(q *Query, value string) error {
	if value == "" {
		return p.fail(0, "the name of the contact is missing", "leave the header out to see everything")
	}
	q.AuthUser = value
	return nil
}

func (p *parser) localtime(q *Query, value string) error {
	n, ok := parseNumber(value, math.MaxInt64)
	if !ok || n == 0 {
		return p.fail(0, "localtime is not a time", "Localtime: takes the client's clock in seconds since 1970")
	}
	q.Localtime = n
	return nil
}

func (p *parser) timelimit(q *Query, value string) error {
	n, ok := parseNumber(value, math.MaxInt32)
	if !ok {
		return p.fail(0, "time limit is not a number of seconds", "Timelimit: takes a whole number of seconds")
	}
	q.Timelimit = time.Duration(n) * time.Second
	return nil
}

func (p *parser) format(value string) (Format, error) {
	f, ok := ParseFormat(value)
	if !ok {
		return 0, p.fail(0, "unknown output format", "the formats are csv, json, wrapped_json, python, python3 and CSV (quoted)")
	}
	return f, nil
}

func (p *parser) outputFormat(q *Query, value string) error {
	f, err := p.format(value)
	if err == nil {
		q.Format, q.FormatSet = f, true
	}
	return err
}

func (p *parser) columnHeaders(q *Query, value string) error {
	on, err := p.oneOf(value, "on", "off")
	switch {
	case err != nil:
		return err
	case on:
		q.ColumnHeaders = On
	default:
		q.ColumnHeaders = Off
	}
	return nil
}

func (p *parser) separators(q *Query, value string) error {
	const form = "write four numbers from 0 to 255 for row, field, list and pair, such as Separators: 10 59 44 124"
	w := words(value)
	if len(w) != 4 {
		return p.fail(0, "there are not four separators", form)
	}
	var b [4]byte
	for i, s := range w {
		n, ok := parseNumber(s, 255)
		if !ok {
			return p.fail(0, "a separator is not a number from 0 to 255", form)
		}
		b[i] = byte(n)
	}
	if b == ([4]byte{}) {
		return p.fail(0, "the separators are all the same", form)
	}
	q.Separators = Separators{Row: b[0], Field: b[1], List: b[2], Pair: b[3]}
	return nil
}

// oneOf reports whether value is yes; it must be yes or no.
func (p *parser) oneOf(value, yes, no string) (bool, error) {
	if value != yes && value != no {
		return false, p.fail(0, "unknown value", "it can be "+yes+" or "+no)
	}
	return value == yes, nil
}

func (p *parser) waitTrigger(w *Wait, value string) error {
	if !slices.Contains(triggers, value) {
		return p.fail(0, "unknown trigger", "the triggers are "+strings.Join(triggers, ", "))
	}
	w.Trigger = value
	return nil
}

func (p *parser) waitTimeout(w *Wait, value string) error {
	n, ok := parseNumber(value, math.MaxInt32)
	if !ok {
		return p.fail(0, "the time to wait is not a number", "WaitTimeout: takes a whole number of milliseconds")
	}
	w.Timeout = time.Duration(n) * time.Millisecond
	return nil
}
