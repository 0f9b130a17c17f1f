package testkit

import (
	"fmt"
	"strconv"
	"strings"

	"belvedere/internal/schema"
)

// csv writes an answer as separated values.
func (p *profile) csv(q *request, a *answer) []byte {
	var b []byte
	lines := make([][]string, 0, len(a.rows)+1)
	if a.header != nil {
		lines = append(lines, a.header)
	}
	for _, r := range a.rows {
		line := make([]string, len(r))
		for j, v := range r {
			typ := ""
			if j < len(a.types) {
				typ = a.types[j]
			}
			line[j] = p.field(q, v, typ)
		}
		lines = append(lines, line)
	}
	if p.name == Shinken {
		return shinkenCSV(q, lines)
	}
	for _, line := range lines {
		if q.format == "CSV" {
			for i, f := range line {
				if i > 0 {
					b = append(b, ',')
				}
				b = append(append(append(b, '"'), strings.ReplaceAll(f, `"`, `""`)...), '"')
			}
			b = append(b, '\r', '\n')
			continue
		}
		b = append(b, strings.Join(line, string(q.seps[1]))...)
		b = append(b, q.seps[0])
	}
	return b
}

// shinkenCSV quotes fields and has a newline instead of the last separator.
func shinkenCSV(q *request, lines [][]string) []byte {
	var b []byte
	for i, line := range lines {
		if i > 0 {
			b = append(b, q.seps[0])
		}
		for j, f := range line {
			if j > 0 {
				b = append(b, q.seps[1])
			}
			if strings.ContainsAny(f, "\"\r\n"+string(q.seps[1])) {
				f = `"` + strings.ReplaceAll(f, `"`, `""`) + `"`
			}
			b = append(b, f...)
		}
	}
	return append(b, '\n')
}

// field writes one value.
func (p *profile) field(q *request, v value, typ string) string {
	list, pair := string(q.seps[2]), string(q.seps[3])
	switch v.kind {
	case vNull:
		return ""
	case vInt, vBool:
		if typ == "float" && p.name == Naemon {
			return string(p.appendFloat(nil, float64(v.i)))
		}
		return strconv.FormatInt(v.i, 10)
	case vFloat:
		return string(p.appendFloat(nil, v.f))
	case vText, vRaw:
		return v.s
	}
	switch l := v.o.(type) {
	case []string:
		if typ == "flags" {
			list = pair
		}
		return strings.Join(l, list)
	case []schema.Pair:
		parts := make([]string, len(l))
		for i, x := range l {
			parts[i] = x.Name + pair + x.Value
		}
		return strings.Join(parts, list)
	case []schema.Member:
		parts := make([]string, len(l))
		for i, x := range l {
			parts[i] = x.Host
			if x.Service != "" {
				parts[i] += pair + x.Service
			}
		}
		return strings.Join(parts, list)
	case [][]any:
		parts := make([]string, len(l))
		for i, t := range l {
			parts[i] = p.anys(t, pair)
		}
		return strings.Join(parts, list)
	case []any:
		return p.anys(l, list)
	}
	return strings.Join(v.elements(), list)
}

func (p *profile) anys(t []any, sep string) string {
	parts := make([]string, len(t))
	for i, a := range t {
		switch x := a.(type) {
		case rawJSON:
			parts[i] = strings.Trim(string(x), `"`)
		case float64:
			parts[i] = string(p.appendFloat(nil, x))
		default:
			parts[i] = fmt.Sprint(x)
		}
	}
	return strings.Join(parts, sep)
}
