package livestatus

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"belvedere/internal/lql"
)

// unfit is the error for requests that must not be sent.
func unfit(cause, fix string) *Error { return &Error{Kind: KindRequest, Cause: cause, Fix: fix} }

// prepare returns q as it is sent to a core with profile p. It never changes q.
func prepare(q *lql.Query, p Profile, keep bool) (*lql.Query, error) {
	if err := checkWords(q); err != nil {
		return nil, err
	}
	switch {
	case q.AuthUser != "" && !p.AuthUser:
		return nil, unfit("This core does not restrict what a contact sees, it would show everything.", "Ask without AuthUser and restrict by contacts after reading.")
	case len(q.Sort) > 0 && !p.Sort:
		return nil, unfit("This core does not sort.", "Sort after reading.")
	case q.Offset > 0 && !p.Offset:
		return nil, unfit("This core cannot skip rows.", "Skip them after reading.")
	case q.Wait != nil && !p.Wait && !p.WaitNeedsCondition:
		return nil, unfit("This core does not wait, it would answer at once.", "Ask in intervals.")
	case q.Wait != nil && len(q.Wait.Condition.Kids) == 0 && q.Wait.Condition.Kind != lql.Leaf && p.WaitNeedsCondition:
		return nil, unfit("This core does not wait without a condition, it would answer at once.", "Give a WaitCondition, or ask in intervals.")
	}
	if q.Wait != nil && q.Wait.Timeout <= 0 {
		return nil, unfit("A wait without a timeout could last for ever.", "Give a WaitTimeout.")
	}
	n := q.Clone()
	if len(n.GroupBy) > 0 {
		n.Columns, n.GroupBy = append(n.Columns, n.GroupBy...), nil
	}
	if n.Offset > 0 && n.Limit == lql.NoLimit {
		n.Limit = 1 << 30 // Naemon gives wrong rows with Offset alone
	}
	if !p.Timelimit {
		n.Timelimit = 0
	}
	if !p.Backends {
		n.Backends = nil
	}
	if n.Format != lql.WrappedJSON {
		n.Format = lql.JSON
	}
	n.FormatSet = true
	n.Separators = lql.Separators{} // Icinga 2 ends the fixed16 header with them
	n.Fixed16 = true
	n.KeepAlive = keep
	n.ColumnHeaders = lql.Unset
	switch {
	case len(n.Columns) == 0 && len(n.Stats) == 0 && n.Format == lql.WrappedJSON:
		return nil, unfit("A wrapped answer without named columns cannot be read as it comes.", "Name the columns.")
	case len(n.Columns) == 0 && len(n.Stats) == 0:
		n.ColumnHeaders = lql.On
	}
	return n, nil
}

// columnsOf returns the names of the columns q is answered with, nil if the
// core tells.
func columnsOf(q *lql.Query) []string {
	names := append([]string(nil), q.Columns...)
	for i := range q.Stats {
		names = append(names, fmt.Sprintf("stats_%d", i+1))
	}
	return names
}

// checkWords refuses what would change the meaning of a request once printed.
func checkWords(q *lql.Query) *Error {
	words := append([]string{q.Table}, q.Columns...)
	words = append(words, q.GroupBy...)
	words = append(words, q.Backends...)
	for _, s := range q.Sort {
		words = append(words, s.Column)
		if s.Arg != "" {
			words = append(words, s.Arg)
		}
	}
	values := []string{q.AuthUser}
	var walk func(f lql.Filter)
	walk = func(f lql.Filter) {
		if f.Kind == lql.Leaf {
			words = append(words, f.Column)
			values = append(values, f.Value)
		}
		for _, k := range f.Kids {
			walk(k)
		}
	}
	walk(q.Filter)
	for _, s := range q.Stats {
		if s.Agg != lql.Count {
			words = append(words, s.Column)
			continue
		}
		walk(s.Filter)
	}
	if q.Wait != nil {
		walk(q.Wait.Condition)
		values = append(values, q.Wait.Object, q.Wait.Trigger)
	}
	for _, w := range words {
		if w == "" || strings.ContainsFunc(w, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return unfit(fmt.Sprintf("The name %q cannot be part of a request.", clip(w)), "Names have no blanks.")
		}
	}
	for _, v := range values {
		if strings.ContainsAny(v, "\n\r\x00") {
			return unfit("A value with a line break cannot be part of a request.", "Remove it.")
		}
	}
	return nil
}

// maxCommand bounds the line of a command: the smallest buffer among the
// implementations has 64 KiB.
const maxCommand = 60000

// prepareCommand returns cmd as it is sent to a core with profile p.
func prepareCommand(cmd lql.Command, p Profile, now time.Time) (lql.Command, error) {
	if cmd.Name == "" || strings.Trim(cmd.Name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return cmd, unfit(fmt.Sprintf("%q is not the name of a command.", clip(cmd.Name)), "Names have upper case letters, digits and underscores.")
	}
	if cmd.Time == 0 {
		cmd.Time = now.Unix()
	}
	if cmd.Time < 1e9 || cmd.Time > 9999999999 {
		return cmd, unfit("The time of a command must have ten digits.", "Use the present time in unix seconds.")
	}
	size := len(cmd.Name) + 30
	args := make([]string, len(cmd.Args))
	for i, a := range cmd.Args {
		switch {
		case strings.ContainsFunc(a, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return cmd, unfit(fmt.Sprintf("Argument %d of %s contains a line break or another control character.", i+1, cmd.Name), "Remove it.")
		case !utf8.ValidString(a):
			return cmd, unfit(fmt.Sprintf("Argument %d of %s is not valid UTF-8 text.", i+1, cmd.Name), "Correct it.")
		case i < len(cmd.Args)-1 && strings.Contains(a, ";"):
			return cmd, unfit(fmt.Sprintf("Argument %d of %s contains a semicolon, which would shift all arguments behind it.", i+1, cmd.Name), "Only the last argument may have one.")
		}
		if p.DoubleBackslash {
			a = strings.ReplaceAll(a, `\`, `\\`)
		}
		args[i] = a
		size += len(a) + 1
	}
	if size > maxCommand {
		return cmd, unfit(fmt.Sprintf("The command is longer than %d bytes.", maxCommand), "Shorten its text.")
	}
	cmd.Args = args
	// Any other header would be taken for a request of its own by some.
	cmd.Fixed16, cmd.KeepAlive, cmd.FormatSet = p.CommandFixed16, false, false
	if !p.Backends {
		cmd.Backends = nil
	}
	return cmd, nil
}
