package testkit

// Rule is how far being a contact reaches.
type Rule uint8

// The rules.
const (
	Strict Rule = iota
	Loose
)

// Rights are the rules Evaluate applies. The zero Rights see everything unless
// the request has an AuthUser.
type Rights struct {
	User             string // contact; "" is everything
	Services, Groups Rule
}

// A World is the truth about several tables: table name to rows, as
// [Core.Rows] gives them.
type World map[string][]map[string]any

// Evaluate answers a Livestatus GET request over the rows of w in the most
// naive way. total is the number of rows before Offset and Limit. Values are in
// normal form.
func Evaluate(w World, request string, r Rights) (columns []string, rows [][]any, total int, err error) {
	return nil, nil, 0, nil
}

func (w *world) truth(table string) []map[string]any { return nil }
