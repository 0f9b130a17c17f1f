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
		value, _ := p.variable(c, row)
		return short(value)
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

// variable returns the value of the custom variable, and whether it may be a
// secret; "" for one that is kept from who asks, and for a column that is none.
func (p *Plain) variable(c status.Cells, row int) (value string, secret bool) {
	if p.Var == "" {
		return "", false
	}
	value = lql.Sort{Arg: p.Var}.Key(c.Vector(p.Column), row)
	if value == "" || !access.Secret(p.Var, value) {
		return value, false
	}
	if !p.secrets {
		return "", false
	}
	return value, true
}

// filed is the value of the custom variable as files and texts have it: they go
// where nobody knows who reads them, so secrets stay out.
func (p *Plain) filed(c status.Cells, row int) string {
	value, secret := p.variable(c, row)
	if secret {
		return "(hidden)"
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
