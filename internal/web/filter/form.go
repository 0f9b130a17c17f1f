package filter

import (
	"net/url"
	"strconv"
	"strings"

	"belvedere/internal/search"
)

// formParams are the parameters of the form: for each condition its group, its
// field, its operator and its value.
var formParams = []string{"fg", "ff", "fo", "fv"}

// maxRows bounds the conditions of the form.
const maxRows = 200

// A condition is one line of the form.
type condition struct{ Field, Op, Value string }

// anyText is the field of the form that means free text.
const anyText = "*"

// anyVariable is the field of the form that means a custom variable, which its
// value names.
const anyVariable = "_"

// conditions returns the query as groups of conditions: all of one group must
// hold, and one of the groups. ok is false when it is more than that.
func conditions(e search.Expr) (groups [][]condition, ok bool) {
	alternatives := []search.Expr{e}
	if e.Kind == search.Any {
		alternatives = e.Kids
	}
	for _, a := range alternatives {
		terms := []search.Expr{a}
		if a.Kind == search.All {
			terms = a.Kids
		}
		var group []condition
		for _, t := range terms {
			c, ok := conditionOf(t)
			if !ok {
				return nil, false
			}
			group = append(group, c)
		}
		groups = append(groups, group)
	}
	return groups, true
}

// negative are the operators that a negation makes of others.
var negative = map[string]string{":": "-:", "=": "!=", "~": "!~"}

// conditionOf returns a term, or the negation of one, as a condition.
func conditionOf(e search.Expr) (condition, bool) {
	not := e.Kind == search.Not
	if not {
		e = e.Kids[0]
	}
	var c condition
	switch e.Kind {
	case search.Text:
		c = condition{anyText, ":", e.String()}
	case search.Term:
		c = condition{e.Field, e.Op.String(), strings.TrimPrefix(e.String(), e.Field+e.Op.String())}
	default:
		return condition{}, false
	}
	if not {
		var ok bool
		if c.Op, ok = negative[c.Op]; !ok {
			return condition{}, false
		}
	}
	return c, true
}

// formText returns the query that the form's parameters say; ok is false when
// there are none.
func formText(q url.Values) (text string, ok bool) {
	fields := q["ff"]
	if len(fields) == 0 || len(fields) > maxRows {
		return "", false
	}
	at := func(name string, i int) string {
		if v := q[name]; i < len(v) {
			return strings.TrimSpace(v[i])
		}
		return ""
	}
	groups := map[int][]string{}
	last := 0
	for i, field := range fields {
		c := condition{strings.TrimSpace(field), at("fo", i), at("fv", i)}
		g, err := strconv.Atoi(at("fg", i))
		if err != nil || g < 0 || g > maxRows {
			g = 0
		}
		if t := c.text(); t != "" {
			groups[g] = append(groups[g], t)
			last = max(last, g)
		}
	}
	var alternatives []string
	for g := range last + 1 {
		if terms := groups[g]; len(terms) > 0 {
			alternatives = append(alternatives, strings.Join(terms, " "))
		}
	}
	if len(alternatives) > 1 {
		for i, a := range alternatives {
			if strings.Contains(a, " ") {
				alternatives[i] = "(" + a + ")"
			}
		}
	}
	return strings.Join(alternatives, " or "), true
}

// text writes a condition as a term, "" when it says nothing.
func (c condition) text() string {
	if c.Field == anyVariable {
		c = c.variable()
	}
	if c.Value == "" || c.Field == "" {
		return ""
	}
	value := c.Value
	pattern := c.Op == "~" || c.Op == "!~"
	if !strings.HasPrefix(value, `"`) && strings.ContainsAny(value, " ()\"\t") && !(pattern && !strings.ContainsAny(value, " \t\"")) {
		value = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
	}
	op, not := strings.CutPrefix(c.Op, "-")
	term := c.Field + op + value
	if c.Field == anyText {
		term = value
		not = not || strings.HasPrefix(op, "!")
		if !strings.HasPrefix(value, `"`) {
			term = search.Expr{Kind: search.Text, Values: []search.Value{{Parts: strings.Split(value, "*")}}}.String()
		}
	}
	if not {
		term = "-" + term
	}
	return term
}

// variable returns a condition of any custom variable as one of that which its
// value names: any value of it will do where it says no more.
func (c condition) variable() condition {
	name, value := c.Value, "*"
	if i := strings.IndexAny(name, " =:"); i >= 0 {
		name, value = name[:i], strings.TrimLeft(name[i:], " =:")
	}
	if name = strings.TrimPrefix(name, "_"); name == "" {
		return condition{}
	}
	return condition{"_" + strings.ToUpper(name), c.Op, value}
}
