package search

import (
	"net/url"
	"strings"
)

// A Chip is one of the parts of a query that all must hold, as the query bar
// draws it.
type Chip struct {
	Expr    Expr
	Text    string // as it was written; in brackets where it needs them
	Label   string // "state:", "" for free text and alternatives
	Value   string // what stands behind the label
	Not     bool   // negated
	Without string // the query without this chip
	Negated string // the query with this chip negated, or no longer so
}

// Chips returns the chips of e, which was parsed from text. The texts of all
// chips with blanks between them mean what e means.
func (e Expr) Chips(text string) []Chip {
	kids := e.Kids
	switch {
	case e.Empty():
		return nil
	case e.Kind != All:
		kids = []Expr{e}
	}
	out := make([]Chip, len(kids))
	for i, k := range kids {
		out[i] = Chip{Expr: k, Text: written(k, text), Value: k.String()}
		c := &out[i]
		inner := k
		for inner.Kind == Not {
			inner, c.Not = inner.Kids[0], !c.Not
		}
		switch {
		case inner.Kind == Term:
			t := inner.String()
			c.Label = inner.Field + inner.Op.String()
			c.Value = strings.TrimPrefix(t, c.Label)
		case c.Not:
			c.Value = inner.String()
		}
		if inner.Op == NotEqual || inner.Op == NotMatch {
			c.Not = !c.Not
		}
	}
	for i := range out {
		out[i].Without = joinChips(out, i, "")
		flipped := out[i].Expr
		if flipped.Kind == Not {
			flipped = flipped.Kids[0]
		} else {
			flipped = Without(flipped)
		}
		out[i].Negated = joinChips(out, i, flipped.inBrackets())
	}
	return out
}

// written returns the text of a kid of an All.
func written(e Expr, text string) string {
	if e.Kind == Any || e.To <= e.From || e.To > len(text) {
		return e.inBrackets()
	}
	return text[e.From:e.To]
}

// inBrackets returns the text of e so that more can follow.
func (e Expr) inBrackets() string {
	var b strings.Builder
	e.write(&b, e.Kind == Any)
	return b.String()
}

// joinChips puts the texts of chips together, with other in place of the i-th.
func joinChips(chips []Chip, i int, other string) string {
	var texts []string
	for j, c := range chips {
		switch {
		case j != i:
			texts = append(texts, c.Text)
		case other != "":
			texts = append(texts, other)
		}
	}
	return strings.Join(texts, " ")
}

// Path returns the address of a page whose list the query bar narrows, with
// all of es in it: Path("/services", Eq("hostgroup", "db"), Is("state", "crit")).
func Path(page string, es ...Expr) string {
	q := And(es...).String()
	if q == "" {
		return page
	}
	return page + "?q=" + url.QueryEscape(q)
}
