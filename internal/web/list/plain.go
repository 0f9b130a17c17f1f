package list

import (
	"context"
	"strconv"
	"strings"

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
		return p.pairs(c.Pairs(p.Column, row))
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
			return status.Seconds(c.Float(p.Column, row))
		}
		return strconv.FormatFloat(c.Float(p.Column, row), 'f', -1, 64)
	case schema.Dict, schema.Members:
		return p.pairs(c.Pairs(p.Column, row))
	case schema.TextList, schema.IntList:
		return short(strings.Join(c.List(p.Column, row), ", "))
	}
	return short(c.Text(p.Column, row))
}

// pairs writes a custom variable, all of them, or members of a group.
func (p *Plain) pairs(pairs [][2]string) string {
	var out []string
	for _, kv := range pairs {
		switch {
		case p.Var != "" && kv[0] == p.Var:
			return short(kv[1])
		case p.Var == "" && p.Kind == schema.Members:
			out = append(out, strings.TrimSuffix(kv[0]+" / "+kv[1], " / "))
		case p.Var == "":
			out = append(out, kv[0]+"="+kv[1])
		}
	}
	return short(strings.Join(out, ", "))
}

func short(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "…"
}
