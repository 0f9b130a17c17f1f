package lql

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// AppendText appends the request in canonical form, with the empty line at its
// end. Headers that say what is the default anyway are left out.
//
// A line end inside a name or value, which the language cannot express, is
// printed as a blank, so that no value can smuggle in a header.
func (q *Query) AppendText(dst []byte) []byte {
	dst = append(dst, "GET "...)
	dst = appendName(dst, q.Table)
	dst = append(dst, '\n')
	dst = appendNames(dst, "Columns:", q.Columns)
	dst = appendFilters(dst, filterWords, &q.Filter)
	for i := range q.Stats {
		dst = appendStat(dst, &q.Stats[i])
	}
	dst = appendNames(dst, "StatsGroupBy:", q.GroupBy)
	for _, s := range q.Sort {
		dst = appendSort(dst, s)
	}
	if q.Limit >= 0 {
		dst = appendNumber(dst, "Limit: ", int64(q.Limit))
	}
	if q.Offset > 0 {
		dst = appendNumber(dst, "Offset: ", int64(q.Offset))
	}
	dst = appendNames(dst, "Backends:", q.Backends)
	if q.AuthUser != "" {
		dst = appendLine(dst, "AuthUser: ", q.AuthUser)
	}
	if q.Localtime != 0 {
		dst = appendNumber(dst, "Localtime: ", q.Localtime)
	}
	if q.Timelimit > 0 {
		dst = appendNumber(dst, "Timelimit: ", int64(q.Timelimit/time.Second))
	}
	if q.Wait != nil {
		dst = q.Wait.appendText(dst)
	}
	return append(q.appendOutput(dst), '\n')
}

// appendOutput prints what is about the form of the answer. ColumnHeaders
// comes after Columns and Stats, which switch it off in some cores.
func (q *Query) appendOutput(dst []byte) []byte {
	if q.FormatSet || q.Format != CSV {
		dst = appendLine(dst, "OutputFormat: ", q.Format.String())
	}
	switch q.ColumnHeaders {
	case On:
		dst = append(dst, "ColumnHeaders: on\n"...)
	case Off:
		dst = append(dst, "ColumnHeaders: off\n"...)
	}
	if s := q.Separators; s != (Separators{}) {
		dst = append(dst, "Separators:"...)
		for _, b := range [...]byte{s.Row, s.Field, s.List, s.Pair} {
			dst = append(dst, ' ')
			dst = strconv.AppendInt(dst, int64(b), 10)
		}
		dst = append(dst, '\n')
	}
	if q.Fixed16 {
		dst = append(dst, "ResponseHeader: fixed16\n"...)
	}
	if q.KeepAlive {
		dst = append(dst, "KeepAlive: on\n"...)
	}
	return dst
}

func (w *Wait) appendText(dst []byte) []byte {
	if w.Object != "" {
		dst = appendLine(dst, "WaitObject: ", w.Object)
	}
	dst = appendFilters(dst, waitWords, &w.Condition)
	if w.Trigger != "" {
		dst = appendLine(dst, "WaitTrigger: ", w.Trigger)
	}
	if w.Timeout > 0 {
		dst = appendNumber(dst, "WaitTimeout: ", w.Timeout.Milliseconds())
	}
	return dst
}

// AppendText appends the request in canonical form, with the empty line at its
// end. Line ends and other control characters inside an argument are printed
// as blanks: a command is one line.
func (c *Command) AppendText(dst []byte) []byte {
	dst = append(dst, "COMMAND "...)
	dst = c.AppendLine(dst)
	dst = append(dst, '\n')
	dst = appendNames(dst, "Backends:", c.Backends)
	if c.FormatSet {
		dst = appendLine(dst, "OutputFormat: ", c.Format.String())
	}
	if c.Fixed16 {
		dst = append(dst, "ResponseHeader: fixed16\n"...)
	}
	if c.KeepAlive {
		dst = append(dst, "KeepAlive: on\n"...)
	}
	return append(dst, '\n')
}

// AppendLine appends the command as cores know it, "[time] NAME;arg;arg",
// without a line end: what goes behind COMMAND, or into a command pipe.
func (c *Command) AppendLine(dst []byte) []byte {
	dst = append(dst, '[')
	digits := strconv.FormatInt(max(c.Time, 0), 10)
	for range 10 - len(digits) { // mk 1.5 insists on ten digits
		dst = append(dst, '0')
	}
	dst = append(dst, digits...)
	dst = append(dst, "] "...)
	dst = appendPlain(dst, c.Name)
	for _, a := range c.Args {
		dst = append(dst, ';')
		dst = appendPlain(dst, a)
	}
	return dst
}

// A stackWords is the family of headers that build one filter tree.
type stackWords struct{ push, and, or, not string }

var (
	filterWords = stackWords{"Filter", "And", "Or", "Negate"}
	waitWords   = stackWords{"WaitCondition", "WaitConditionAnd", "WaitConditionOr", "WaitConditionNegate"}
	statWords   = stackWords{"Stats", "StatsAnd", "StatsOr", "StatsNegate"}
)

// appendFilters prints the filters of a request, all of which must hold.
func appendFilters(dst []byte, w stackWords, f *Filter) []byte {
	switch {
	case f.Kind == Leaf && f.Column == "":
		return dst
	case f.Kind == And:
		for i := range f.Kids {
			dst = appendFilter(dst, w, &f.Kids[i])
		}
		return dst
	}
	return appendFilter(dst, w, f)
}

// appendFilter prints f in postfix order.
func appendFilter(dst []byte, w stackWords, f *Filter) []byte {
	if f.Kind == Leaf {
		dst = append(dst, w.push...)
		dst = append(dst, ": "...)
		dst = appendName(dst, f.Column)
		dst = append(dst, ' ')
		dst = append(dst, f.Op.String()...)
		if f.Value != "" {
			dst = append(dst, ' ')
			dst = appendValue(dst, f.Value)
		}
		return append(dst, '\n')
	}
	for i := range f.Kids {
		dst = appendFilter(dst, w, &f.Kids[i])
	}
	switch {
	case f.Kind == Not:
		dst = append(dst, w.not...)
		return append(dst, ":\n"...)
	case len(f.Kids) == 1:
		return dst
	case f.Kind == And:
		dst = append(dst, w.and...)
	default:
		dst = append(dst, w.or...)
	}
	return appendNumber(dst, ": ", int64(len(f.Kids)))
}

func appendStat(dst []byte, s *Stat) []byte {
	if s.Agg == Count {
		return appendFilter(dst, statWords, &s.Filter)
	}
	dst = append(dst, "Stats: "...)
	dst = append(dst, s.Agg.String()...)
	dst = append(dst, ' ')
	dst = appendName(dst, s.Column)
	return append(dst, '\n')
}

func appendSort(dst []byte, s Sort) []byte {
	dst = append(dst, "Sort: "...)
	dst = appendName(dst, s.Column)
	if s.Arg != "" {
		dst = append(dst, ' ')
		dst = appendName(dst, s.Arg)
	}
	if s.Desc {
		return append(dst, " desc\n"...)
	}
	return append(dst, " asc\n"...)
}

func appendNames(dst []byte, header string, names []string) []byte {
	if len(names) == 0 {
		return dst
	}
	dst = append(dst, header...)
	for _, n := range names {
		dst = append(dst, ' ')
		dst = appendName(dst, n)
	}
	return append(dst, '\n')
}

func appendNumber(dst []byte, header string, n int64) []byte {
	dst = append(dst, header...)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, '\n')
}

func appendLine(dst []byte, header, value string) []byte {
	dst = append(dst, header...)
	dst = appendValue(dst, value)
	return append(dst, '\n')
}

// appendValue prints a value that may hold blanks.
func appendValue(dst []byte, s string) []byte {
	if strings.IndexByte(s, '\n') < 0 {
		return append(dst, s...)
	}
	return append(dst, strings.ReplaceAll(s, "\n", " ")...)
}

// appendName prints one word.
func appendName(dst []byte, s string) []byte {
	for i := range len(s) {
		if isBlank(s[i]) || s[i] == '\n' {
			dst = append(dst, '_')
		} else {
			dst = append(dst, s[i])
		}
	}
	return dst
}

// appendPlain prints a part of a command.
func appendPlain(dst []byte, s string) []byte {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			dst = append(dst, ' ')
		} else {
			dst = append(dst, s[i])
		}
	}
	return dst
}

// Clone returns a deep copy of q.
func (q *Query) Clone() *Query {
	c := *q
	c.Columns = slices.Clone(q.Columns)
	c.Filter = q.Filter.Clone()
	c.Stats = slices.Clone(q.Stats)
	for i := range c.Stats {
		c.Stats[i].Filter = c.Stats[i].Filter.Clone()
	}
	c.GroupBy = slices.Clone(q.GroupBy)
	c.Sort = slices.Clone(q.Sort)
	c.Backends = slices.Clone(q.Backends)
	c.After, c.First, c.Until = slices.Clone(q.After), slices.Clone(q.First), slices.Clone(q.Until)
	c.Tally = slices.Clone(q.Tally)
	for i := range c.Tally {
		c.Tally[i] = c.Tally[i].Clone()
	}
	if q.Wait != nil {
		w := *q.Wait
		w.Condition = w.Condition.Clone()
		c.Wait = &w
	}
	return &c
}

// Clone returns a deep copy of f.
func (f *Filter) Clone() Filter {
	c := *f
	c.Kids = slices.Clone(f.Kids)
	for i := range c.Kids {
		c.Kids[i] = c.Kids[i].Clone()
	}
	return c
}

// Headers reports whether the answer begins with a row of column names: what
// ColumnHeaders says, wherever in the request it stood; without it, whether
// neither Columns nor Stats were given.
func (q *Query) Headers() bool {
	if q.ColumnHeaders != Unset {
		return q.ColumnHeaders == On
	}
	return len(q.Columns) == 0 && len(q.Stats) == 0
}
