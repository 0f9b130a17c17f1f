package words_test

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"belvedere/internal/schema"
)

// lower are the rooms whose texts pages show by ui.Said.
var lower = []string{"internal/livestatus", "internal/icinga2", "internal/thruk", "internal/site", "internal/auth", "internal/query", "internal/app", "internal/recur", "internal/command", "internal/agent", "internal/filecore", "internal/replica"}

// lowerCalls are the functions there whose arguments people read, and
// lowerTypes the structs and their fields.
var (
	lowerCalls = map[string][]int{"unfit": {0, 1}, "bad": {0, 1}, "badRequest": {0, 1}, "badExpression": {0}, "BadRequest": {0, 1}, "BadParameter": {1, 2}, "NotFound": {0, 1}, "Forbidden": {0, 1}, "Conflict": {0, 1}, "step": {1}}
	lowerTypes = map[string][]string{"InputError": {"Msg", "Hint"}, "AddressError": {"Msg", "Hint"}, "Step": {"Title", "Detail"}, "QueryError": {"Msg", "Hint"}, "Problem": {"Msg", "Hint"}, "Error": {"Cause", "Fix"}, "Part": {"Err"}}
	positional = map[string][]int{"InputError": {1, 2}, "Problem": {1, 2}, "stage": {1}}
	// lowerFuncs say nothing but texts for people, phrases included.
	lowerFuncs = []string{"hostAddress", "splitHostPort", "parse", "stages", "describe", "causeOf", "socketGroup", "checkUsername", "certificateError", "noRoom", "clockNote",
		"resolve", "handshake", "connect", "count", "clock", "commands", "identify", "volume", "fault"}
)

// aSentence is what people read wherever it stands: it begins with a capital
// or a value, has a blank and ends with a full stop.
var aSentence = regexp.MustCompile(`(?s)^(?:\p{Lu}|%).* .*[.?]$`)

// phrase is what people read in a room that says little else.
var phrase = regexp.MustCompile(`\p{L}{2,} \S|\S \p{L}{2,}`)

// TestSaid: what the lower rooms say stands in each catalogue of it.
func TestSaid(t *testing.T) {
	f := found{keys: map[string]string{}}
	for _, dir := range lower {
		goFiles(t, dir, f.lower)
	}
	for _, c := range schema.Commands() {
		f.keys[c.Doc] = c.Name
	}
	compare(t, "said", f.keys)
}

// lower takes the texts of one file of a lower room.
func (f *found) lower(path string, set *token.FileSet, file *ast.File) {
	if strings.HasPrefix(path, "internal/app/metrics") { // help of metrics is English
		return
	}
	inside := ""
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			return true
		}
		if fn, ok := n.(*ast.FuncDecl); ok {
			inside = fn.Name.Name
		}
		all := slices.Contains(lowerFuncs, inside)
		at := path + ":" + strconv.Itoa(set.Position(n.Pos()).Line)
		switch n := n.(type) {
		case *ast.CallExpr:
			name, _ := nameOf(n.Fun)
			if slices.Contains([]string{"Errorf", "New", "panic", "Debug", "Info", "Warn"}, name) && inside != "splitHostPort" {
				return false
			}
			for _, i := range lowerCalls[name] {
				if i < len(n.Args) {
					f.template(n.Args[i], at)
				}
			}
		case *ast.CompositeLit:
			f.lowerFields(n, at)
		case *ast.AssignStmt:
			if to, ok := n.Lhs[0].(*ast.SelectorExpr); ok && (to.Sel.Name == "Detail" || to.Sel.Name == "Msg") {
				f.template(n.Rhs[0], at)
			}
		}
		if e, ok := n.(ast.Expr); ok {
			if s, ok := template(e); ok {
				s = strings.TrimSpace(s)
				if aSentence.MatchString(s) || all && phrase.MatchString(s) && !strings.HasPrefix(s, "2 Jan 2006") {
					f.keys[s] = at
				}
				return false
			}
		}
		return true
	})
}

// lowerFields takes the fields of a struct whose texts people read.
func (f *found) lowerFields(n *ast.CompositeLit, at string) {
	name := typeName(n.Type)
	for i, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if id, ok := kv.Key.(*ast.Ident); ok && slices.Contains(lowerTypes[name], id.Name) {
				f.template(kv.Value, at)
			}
		} else if slices.Contains(positional[name], i) {
			f.template(e, at)
		}
	}
}

func (f *found) template(e ast.Expr, at string) {
	if s, ok := template(e); ok && s != "" {
		f.keys[s] = at
	}
}

// template returns a text with the places of its values: a literal, a format,
// or a sum of these and values.
func template(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.CallExpr:
		if name, _ := nameOf(e.Fun); name == "Sprintf" {
			return template(e.Args[0])
		}
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", false
		}
		a, first := template(e.X)
		b, second := template(e.Y)
		if !first && !second {
			return "", false
		}
		if !first {
			a = "%s"
		}
		if !second {
			b = "%s"
		}
		return a + b, true
	}
	return literal(e)
}
