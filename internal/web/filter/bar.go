package filter

import (
	"context"
	"slices"
	"strings"

	"belvedere/internal/search"
	"belvedere/internal/web/ui"
)

// chips are what the bar shows of a query before the field.
func (a Asked) chips() []search.Chip {
	if a.Err != nil {
		return nil
	}
	return a.Expr.Chips(a.Text)
}

// fixed is the text of the chips.
func (a Asked) fixed() string {
	var texts []string
	for _, c := range a.chips() {
		texts = append(texts, c.Text)
	}
	return strings.Join(texts, " ")
}

// typed is the text in the field: what is wrong, or what is edited.
func (a Asked) typed() string {
	if a.Err != nil {
		return a.Text
	}
	return a.Edit
}

// around returns the wrong word with the text before and after it.
func (a Asked) around() (before, word, after string) {
	from, to := a.Err.From, a.Err.To
	if from < 0 || to > len(a.Text) || from > to {
		return a.Text, "", ""
	}
	return ui.Visible(a.Text[:from]), ui.Visible(a.Text[from:to]), ui.Visible(a.Text[to:])
}

// corrected is the query with the nearest word instead of the wrong one, ""
// when there is none.
func (a Asked) corrected() string {
	if a.Err == nil || a.Err.Near == "" {
		return ""
	}
	return a.Text[:a.Err.From] + a.Err.Near + a.Text[a.Err.To:]
}

// to returns the address of the page with another query and a text to edit.
func to(ctx context.Context, q, edit string) string {
	return ui.Anew(ctx, "q", q, "edit", edit)
}

// kept are the parameters that the forms of the bar carry on.
func kept(ctx context.Context) [][2]string {
	var out [][2]string
	for _, kv := range ui.Kept(ctx) {
		if kv[0] != "edit" {
			out = append(out, kv)
		}
	}
	return out
}

// lines returns the groups of the form with room for one more condition each,
// and for one more group.
func (a Asked) lines() (groups [][]condition, whole bool) {
	whole = a.Err == nil
	if whole && !a.Empty() {
		groups, whole = conditions(a.Expr)
	}
	for i := range groups {
		groups[i] = append(groups[i], condition{})
	}
	return append(groups, []condition{{}}), whole
}

// formFields are the fields that the form offers for these tables.
func (a Asked) formFields() []string {
	var out []string
	for _, f := range slices.Concat(search.Fields(), search.Columns()) {
		if slices.ContainsFunc(a.tables, f.In) {
			out = append(out, f.Name)
		}
	}
	if slices.ContainsFunc(a.tables, search.Variables) {
		out = append(out, anyVariable)
	}
	return out
}

// fieldLabel names a field in the form.
func fieldLabel(ctx context.Context, field string) string {
	note := FieldNote(ctx, field)
	if field == anyVariable {
		return ui.T(ctx, "custom variable – its name, a blank, the value")
	}
	if note == "" || note == field {
		return field
	}
	return field + " – " + note
}
