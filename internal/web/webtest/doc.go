package webtest

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// A Doc is a page to look into.
type Doc struct {
	t    *testing.T
	root *html.Node
}

// Parse reads a page.
func Parse(t *testing.T, page string) *Doc {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return &Doc{t, root}
}

// All returns the elements that a selector means: steps separated by blanks
// (descendants), each of a name, .class, #id, [attribute] and
// [attribute=value], all optional.
func (d *Doc) All(selector string) []*html.Node {
	nodes := []*html.Node{d.root}
	for _, step := range strings.Fields(selector) {
		var next []*html.Node
		seen := map[*html.Node]bool{}
		for _, n := range nodes {
			for c := range n.Descendants() {
				if !seen[c] && c.Type == html.ElementNode && matches(c, step) {
					seen[c] = true
					next = append(next, c)
				}
			}
		}
		nodes = next
	}
	return nodes
}

// One returns the only element that a selector means, and fails the test when
// there is none or more than one.
func (d *Doc) One(selector string) *html.Node {
	d.t.Helper()
	n := d.All(selector)
	if len(n) != 1 {
		d.t.Fatalf("%d elements match %q, want 1", len(n), selector)
	}
	return n[0]
}

// Texts returns the texts of all elements that a selector means, blanks
// folded.
func (d *Doc) Texts(selector string) []string {
	var out []string
	for _, n := range d.All(selector) {
		out = append(out, Text(n))
	}
	return out
}

// Text returns the text of an element, blanks folded.
func Text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Attr returns an attribute of an element, "" when it has none.
func Attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// matches reports whether an element fits one step of a selector.
func matches(n *html.Node, step string) bool {
	for step != "" {
		end := len(step)
		if i := strings.IndexAny(step[1:], ".#["); i >= 0 && step[0] != '[' {
			end = i + 1
		}
		if step[0] == '[' {
			end = strings.IndexByte(step, ']') + 1
		}
		part := step[:end]
		step = step[end:]
		ok := false
		switch part[0] {
		case '.':
			for _, c := range strings.Fields(Attr(n, "class")) {
				ok = ok || c == part[1:]
			}
		case '#':
			ok = Attr(n, "id") == part[1:]
		case '[':
			name, value, given := strings.Cut(strings.Trim(part, "[]"), "=")
			ok = has(n, name) && (!given || Attr(n, name) == value)
		default:
			ok = n.Data == part
		}
		if !ok {
			return false
		}
	}
	return true
}
