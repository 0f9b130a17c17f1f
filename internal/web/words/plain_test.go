package words_test

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// sameEverywhere are words that templates show as they are in each language:
// names and notations.
var sameEverywhere = []string{"Belvedere", "Naemon", "Nagios", "Icinga 2", "Shinken", "Livestatus", "IPv6", "CPU", "· Belvedere", "Ctrl", "Enter", "Esc", "Shift+x",
	"Europe/Vienna", "/problems", "CSV", ".csv", "Excel", ".xlsx", "JSON", ".json", "tcp://10.1.2.3:6557"}

// later are rooms that are being rebuilt and still have plain English.
var later = []string{}

// TestNoPlainText: no template has text for people that is not translated.
func TestNoPlainText(t *testing.T) {
	for _, dir := range []string{"internal/web", "internal/feature"} {
		goFiles(t, dir, func(path string, set *token.FileSet, f *ast.File) {
			if !strings.HasSuffix(path, "_templ.go") || slices.ContainsFunc(later, func(l string) bool { return strings.HasPrefix(path, l) }) {
				return
			}
			var page strings.Builder
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				name, bound := nameOf(call.Fun)
				switch {
				case name == "WriteString" && len(call.Args) == 3:
					s, _ := literal(call.Args[2])
					page.WriteString(s)
					return false
				case (name == "T" || name == "N") && bound, name == "Inspect", name == "ResolveAttributeValue":
					return false
				}
				return true
			})
			for _, p := range plainText(page.String()) {
				t.Errorf("%s has the text %q: use ui.T", path, p)
			}
			for _, p := range plainArgs(f) {
				t.Errorf("%s has the text %q in an expression: use ui.T", path, p)
			}
		})
	}
}

// word is what makes a text one for people.
var word = regexp.MustCompile(`\p{L}{2}`)

// plainText returns texts and labels in markup.
func plainText(markup string) []string {
	var out []string
	skip := 0
	z := html.NewTokenizer(strings.NewReader(markup))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return out
		case html.TextToken:
			s := strings.TrimSpace(string(z.Text()))
			if strings.HasPrefix(s, "<") {
				out = append(out, plainText(s)...) // what stands in noscript
				continue
			}
			if skip == 0 && word.MatchString(s) && !slices.Contains(sameEverywhere, s) {
				out = append(out, s)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			if tok.Type == html.StartTagToken && (tok.Data == "code" || tok.Data == "kbd") {
				skip++
			}
			for _, a := range tok.Attr {
				if slices.Contains([]string{"title", "aria-label", "placeholder", "alt"}, a.Key) && word.MatchString(a.Val) && !slices.Contains(sameEverywhere, a.Val) {
					out = append(out, a.Val)
				}
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "code" || string(name) == "kbd" {
				skip = max(skip-1, 0)
			}
		}
	}
}

// sentence is what tells a text for people from an id or a class: a blank
// beside a word, or a capital.
var sentence = regexp.MustCompile(`^\p{Lu}\p{Ll}+|\p{L} \p{L}|^ \p{L}|\p{L}{2} $`)

// ids look like sentences in parts of a component's arguments that nobody
// reads: class lists and names of tables.
var ids = regexp.MustCompile(`^(?:[a-z0-9-]+ )*[a-z0-9-]+$`)

// plainArgs returns texts in the expressions of templates.
func plainArgs(f *ast.File) []string {
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.CallExpr:
			name, bound := nameOf(n.Fun)
			return name != "WriteString" && name != "KV" && (name != "T" && name != "N" || !bound)
		case *ast.KeyValueExpr:
			if id, ok := n.Key.(*ast.Ident); ok && (id.Name == "FileName" || id.Name == "Class") {
				return false
			}
		case *ast.BasicLit:
			if s, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil && sentence.MatchString(s) && !ids.MatchString(s) && !slices.Contains(sameEverywhere, s) {
				out = append(out, s)
			}
		}
		return true
	})
	slices.Sort(out)
	return slices.Compact(out)
}
