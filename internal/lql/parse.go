package lql

import "fmt"

// A SyntaxError says which line of a request is wrong and how to mend it. The
// server answers it with code 400, the REST API with 400 and a "hint" field;
// the command line prints Hint below the message and exits with 2.
type SyntaxError struct {
	Line int    // counted from 1, the line with GET
	Text string // that line as received, without its newline
	Msg  string // what is wrong: no capital, no full stop
	Hint string // what would be right; may be empty
	Code int    // Livestatus status: 400, 404, 413, 451, 452; 0 stands for 400
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("lql: line %d: %s: %q", e.Line, e.Msg, e.Text)
}

// A Request is what one block of lines asks for: exactly one of Query and
// Command is set.
type Request struct {
	Query   *Query
	Command *Command
}

// Parse reads one GET request: the text of one block of lines, with or without
// the empty line at its end. Errors are [*SyntaxError].
func Parse(text string) (*Query, error) { return nil, &SyntaxError{} }

// ParseRequest reads one GET or COMMAND request. Errors are [*SyntaxError].
func ParseRequest(text string) (Request, error) { return Request{}, &SyntaxError{} }

// AppendText appends the request in canonical form, with the empty line at its
// end.
func (q *Query) AppendText(dst []byte) []byte { return dst }

// AppendText appends the request in canonical form, with the empty line at its
// end.
func (c *Command) AppendText(dst []byte) []byte { return dst }

// Clone returns a deep copy of q.
func (q *Query) Clone() *Query { c := *q; return &c }
