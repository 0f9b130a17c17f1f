package icinga2

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"belvedere/internal/schema"
)

// A variable is a custom variable as Icinga 2 has it.
type variable struct {
	name  string
	value any // nil, bool, json.Number, string, []any or map[string]any
}

// variables reads the attribute vars, in the order of the names, as Icinga 2
// keeps them.
func variables(raw json.RawMessage) []variable {
	if len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	all := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&all) != nil {
		return nil
	}
	list := make([]variable, 0, len(all))
	for name, v := range all {
		list = append(list, variable{name, v})
	}
	slices.SortFunc(list, func(a, b variable) int { return strings.Compare(a.name, b.name) })
	return list
}

// nested reports whether a value is more than plain text.
func (v variable) nested() bool {
	switch v.value.(type) {
	case []any, map[string]any:
		return true
	}
	return false
}

// text is the value in normal form: truth as 1 and 0, nothing as nothing, what
// is nested as JSON.
func (v variable) text() string {
	switch x := v.value.(type) {
	case nil:
		return ""
	case bool:
		if x {
			return "1"
		}
		return "0"
	case json.Number:
		return number(x)
	case string:
		return clean(x)
	}
	return jsonText(v.value)
}

// plain is the value as Icinga 2 puts it into a text.
func (v variable) plain() string { return plainText(v.value) }

func plainText(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case bool:
		return strconv.FormatBool(x)
	case json.Number:
		return number(x)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case string:
		return clean(x)
	case []any:
		return "Object of type 'Array'"
	case map[string]any:
		return "Object of type 'Dictionary'"
	}
	return fmt.Sprint(v)
}

// number writes a number without an exponent where it is whole.
func number(n json.Number) string {
	if i, err := n.Int64(); err == nil {
		return strconv.FormatInt(i, 10)
	}
	f, err := n.Float64()
	if err != nil {
		return "0"
	}
	if f == float64(int64(f)) {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// jsonText writes a value as JSON without escaping what need not be.
func jsonText(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// normal gives the variables in normal form: names in upper case, sorted; of
// those that differ in case only the one in upper case. nested reports whether
// a value is more than plain text.
func normal(vars []variable) (pairs []schema.Pair, nested bool) {
	pairs = []schema.Pair{}
	for _, v := range vars {
		nested = nested || v.nested()
		upper := strings.ToUpper(clean(v.name))
		i := slices.IndexFunc(pairs, func(p schema.Pair) bool { return p.Name == upper })
		switch {
		case i < 0:
			pairs = append(pairs, schema.Pair{Name: upper, Value: v.text()})
		case v.name == upper:
			pairs[i].Value = v.text()
		}
	}
	slices.SortFunc(pairs, func(a, b schema.Pair) int { return strings.Compare(a.Name, b.Name) })
	return pairs, nested
}

// clean makes valid UTF-8.
func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// expand replaces macros such as $host.name$ and $host.vars.x$ by what they
// stand for. A text with one that nothing is known about stays as it is.
func expand(s string, look func(name string) (string, bool)) string {
	if !strings.Contains(s, "$") {
		return s
	}
	var b strings.Builder
	for rest := s; rest != ""; {
		before, after, open := strings.Cut(rest, "$")
		b.WriteString(before)
		if !open {
			break
		}
		name, tail, closed := strings.Cut(after, "$")
		if !closed {
			return s
		}
		switch value, ok := look(name); {
		case name == "":
			b.WriteByte('$')
		case !ok:
			return ""
		default:
			b.WriteString(value)
		}
		rest = tail
	}
	return b.String()
}
