package list

import (
	"context"
	"strconv"
	"strings"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// maxText bounds a text in a cell, in bytes.
const maxText = 1000

// The ways a plain column is drawn.
const (
	ofText = iota
	ofTime
	ofNumber
)

func (p *Plain) kind() int {
	switch p.Kind {
	case schema.Time:
		return ofTime
	case schema.Bool, schema.Int, schema.Float:
		return ofNumber
	}
	return ofText
}

// text returns what the cell of a row says.
func (p *Plain) text(ctx context.Context, c status.Cells, row int) string {
	if p.Var != "" {
		return short(p.variable(c, row))
	}
	switch p.Kind {
	case schema.Bool:
		if c.Bool(p.Column, row) {
			return ui.T(ctx, "yes")
		}
		return ui.T(ctx, "no")
	case schema.Int:
		if p.Unit == "s" {
			return ui.Ago(c.Int(p.Column, row))
		}
		return strconv.FormatInt(c.Int(p.Column, row), 10)
	case schema.Float:
		if p.Unit == "s" {
			return status.Seconds(ctx, c.Float(p.Column, row))
		}
		return strconv.FormatFloat(c.Float(p.Column, row), 'f', -1, 64)
	case schema.Members:
		return members(c.Pairs(p.Column, row))
	case schema.TextList, schema.IntList:
		return short(strings.Join(c.List(p.Column, row), ", "))
	}
	return short(c.Text(p.Column, row))
}

// variable returns the value of the custom variable, "" for one that hides
// secrets from who asks.
func (p *Plain) variable(c status.Cells, row int) string {
	value := lql.Sort{Arg: p.Var}.Key(c.Vector(p.Column), row)
	if !p.secrets && access.SecretValue(value) {
		return ""
	}
	return value
}

// members writes the members of a group.
func members(pairs [][2]string) string {
	var out []string
	for _, kv := range pairs {
		out = append(out, strings.TrimSuffix(kv[0]+" / "+kv[1], " / "))
	}
	return short(strings.Join(out, ", "))
}

func short(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "…"
}
