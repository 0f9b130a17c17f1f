package lql

import (
	"fmt"
	"strings"
)

// A SyntaxError says which line of a request is wrong and how to mend it. The
// server answers it with Status, the REST API with 400 and a "hint" field;
// the command line prints Hint below the message and exits with 2.
type SyntaxError struct {
	Line int    // counted from 1, the line with GET
	Text string // that line as received, without its newline
	Msg  string // what is wrong: no capital, no full stop
	Hint string // what would be right; may be empty
	Code int    // Livestatus status 400, 413, 451 or 452; 0 stands for 400
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("lql: line %d: %s: %q", e.Line, e.Msg, e.Text)
}

// Status returns the Livestatus status code of e.
func (e *SyntaxError) Status() int {
	if e.Code == 0 {
		return 400
	}
	return e.Code
}

// A Request is what one block of lines asks for: exactly one of Query and
// Command is set.
type Request struct {
	Query   *Query
	Command *Command
}

// Parse reads one GET request: the text of one block of lines, with or without
// the empty line at its end. Errors are [*SyntaxError].
//
// Blanks at the end of lines do not count, so lines may end in CR LF. Header
// names are exact; the blank after the colon may be missing. A header given
// twice replaces the first, but Columns, StatsGroupBy, Sort and Backends add to
// it.
func Parse(text string) (*Query, error) {
	req, err := ParseRequest(text)
	switch {
	case err != nil:
		return nil, err
	case req.Query == nil:
		line, _, _ := strings.Cut(text, "\n")
		return nil, &SyntaxError{Line: 1, Text: line, Msg: "this is a command, not a query", Hint: "a query begins with GET and the name of a table"}
	}
	return req.Query, nil
}

// ParseRequest reads one GET or COMMAND request, by the rules of [Parse].
func ParseRequest(text string) (Request, error) {
	p := &parser{rest: text}
	if !p.next() {
		return Request{}, p.fail(452, "the request is empty", "a request begins with GET and the name of a table")
	}
	verb, arg, _ := cutBlank(p.text)
	var req Request
	var err error
	switch verb {
	case "GET":
		req.Query, err = p.query(arg)
	case "COMMAND":
		req.Command, err = p.command(arg)
	default:
		err = p.badVerb(verb)
	}
	if err == nil && strings.TrimSpace(p.rest) != "" {
		p.next()
		err = p.fail(0, "there is text after the end of the request", "an empty line ends a request, the next one begins behind it")
	}
	if err != nil {
		return Request{}, err
	}
	return req, nil
}

// A parser walks over the lines of a request.
type parser struct {
	rest string // what is not read yet
	line int    // number of the present line
	text string // the present line, blanks at its end cut off
}

// next moves to the next line and reports whether there is one before the
// request ends. Lines of nothing but blanks are passed over.
func (p *parser) next() bool {
	for p.rest != "" {
		line, rest, _ := strings.Cut(p.rest, "\n")
		p.line, p.rest = p.line+1, rest
		p.text = strings.TrimRight(line, " \t\r\v\f")
		if p.text != "" {
			return true
		}
		if line == "" || line == "\r" {
			return false
		}
	}
	return false
}

func (p *parser) fail(code int, msg, hint string) error {
	return &SyntaxError{Line: max(p.line, 1), Text: p.text, Msg: msg, Hint: hint, Code: code}
}

func (p *parser) badVerb(verb string) error {
	hint := "a request begins with GET and the name of a table, or with COMMAND"
	switch v := strings.ToUpper(verb); {
	case v == "GET" || v == "COMMAND":
		hint = "write " + v + " in capitals"
	case v == "LOGROTATE":
		return p.fail(452, "LOGROTATE is not available", "rotate the log at the core itself")
	case strings.HasSuffix(verb, ":"):
		hint = "headers come after the line with GET"
	}
	return p.fail(452, "unknown request", hint)
}

// query reads what follows GET.
func (p *parser) query(table string) (*Query, error) {
	q := &Query{Table: table, Limit: NoLimit}
	if table == "" {
		return nil, p.fail(452, "the name of the table is missing", "write it after GET, such as GET hosts")
	}
	if strings.ContainsAny(table, " \t\r\v\f") {
		return nil, p.fail(0, "the name of a table is one word", "write each header on its own line")
	}
	b := builder{q: q}
	for p.next() {
		name, value, ok := strings.Cut(p.text, ":")
		h, known := headers[name]
		if !ok || !known {
			return nil, p.badHeader(name, ok, headerNames)
		}
		if err := h(p, &b, strings.TrimLeft(value, " \t\r\v\f")); err != nil {
			return nil, err
		}
	}
	return b.finish(), nil
}

func (p *parser) badHeader(name string, colon bool, known []string) error {
	word, _, _ := cutBlank(name)
	near := nearest(word, known)
	switch {
	case word == "":
		return p.fail(0, "a header begins at the start of the line", "take away the blanks before it")
	case near == word && !colon:
		return p.fail(0, "the colon after the header is missing", "write "+near+":")
	case near == word:
		return p.fail(0, "there is a blank before the colon", "write "+near+":")
	case near != "":
		return p.fail(0, "unknown header", "perhaps "+near+": was meant")
	}
	return p.fail(0, "unknown header", "the headers are "+strings.Join(known, ", "))
}

// command reads what follows COMMAND.
func (p *parser) command(text string) (*Command, error) {
	const form = "write COMMAND [seconds since 1970] NAME;argument;argument"
	stamp, rest, ok := strings.Cut(text, "] ")
	stamp, open := strings.CutPrefix(stamp, "[")
	if !ok || !open {
		return nil, p.fail(0, "the time of the command is missing", form)
	}
	t, ok := parseNumber(stamp, 9_999_999_999)
	if !ok || t == 0 {
		return nil, p.fail(0, "the time of the command is not a number of seconds since 1970", form)
	}
	name, args, more := strings.Cut(strings.TrimLeft(rest, " "), ";")
	c := &Command{Time: t, Name: strings.ToUpper(name)}
	if !isCommandName(c.Name) {
		return nil, p.fail(0, "the name of the command is missing or not a name", form)
	}
	if more {
		c.Args = strings.Split(args, ";")
	}
	if i := strings.IndexFunc(args, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		return nil, p.fail(0, "the command has a control character in its arguments", `line ends in the output of plugins are written \n`)
	}
	for p.next() {
		if err := p.commandHeader(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// commandHeader reads one of the lines that may follow a COMMAND.
func (p *parser) commandHeader(c *Command) error {
	name, value, ok := strings.Cut(p.text, ":")
	value = strings.TrimLeft(value, " \t\r\v\f")
	var err error
	switch {
	case strings.HasPrefix(p.text, "COMMAND "):
		return p.fail(0, "a request holds one command", "put an empty line between commands")
	case !ok:
		return p.badHeader(name, ok, commandHeaders)
	case name == "Backends":
		c.Backends = append(c.Backends, words(value)...)
	case name == "OutputFormat":
		c.Format, err = p.format(value)
		c.FormatSet = true
	case name == "ResponseHeader":
		c.Fixed16, err = p.oneOf(value, "fixed16", "off")
	case name == "KeepAlive":
		c.KeepAlive, err = p.oneOf(value, "on", "off")
	default:
		return p.badHeader(name, ok, commandHeaders)
	}
	return err
}

var commandHeaders = []string{"Backends", "KeepAlive", "OutputFormat", "ResponseHeader"}

func isCommandName(s string) bool {
	for i := range len(s) {
		if c := s[i]; c != '_' && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' }

// cutBlank splits s at its first blanks.
func cutBlank(s string) (word, rest string, found bool) {
	i := strings.IndexAny(s, " \t\r\v\f")
	if i < 0 {
		return s, "", false
	}
	return s[:i], strings.TrimLeft(s[i:], " \t\r\v\f"), true
}

// words splits s at blanks.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r < 0x80 && isBlank(byte(r)) })
}

// parseNumber reads a decimal number from 0 to limit, digits only.
func parseNumber(s string, limit int64) (int64, bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	var n int64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, n <= limit
}
