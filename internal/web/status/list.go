package status

import (
	"net/url"
	"slices"
	"strings"

	"belvedere/internal/web/ui"
)

// A Column is one column that a list of hosts or services can show.
type Column struct {
	Key     string   // names it in the preference and in templates
	Label   string   // head
	Class   string   // width and place
	Sort    string   // name in the parameter sort, "" cannot be sorted
	Desc    bool     // the first click sorts descending
	Fixed   bool     // always shown
	Default bool     // shown until the person chooses
	Need    []string // columns to ask for besides those of every row
}

// Chosen returns the columns to show, in the order of all: fixed ones, and
// those that keys names, or the default ones when keys is nil. Unknown keys,
// from an older version, are left out.
func Chosen(all []Column, keys []string) []Column {
	var out []Column
	for _, c := range all {
		if c.Fixed || keys == nil && c.Default || slices.Contains(keys, c.Key) {
			out = append(out, c)
		}
	}
	return out
}

// Heads returns the heads of columns.
func Heads(columns []Column) []ui.Head {
	out := make([]ui.Head, len(columns))
	for i, c := range columns {
		out[i] = ui.Head{Label: c.Label, Class: c.Class, Sort: c.Sort, Desc: c.Desc}
	}
	return out
}

// Needs returns what the columns need besides the columns of every row.
func Needs(columns []Column) []string {
	var out []string
	for _, c := range columns {
		for _, n := range c.Need {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// Keys returns which of the columns a form names that may be chosen. It is
// never nil: choosing nothing is a choice.
func Keys(all []Column, form url.Values) []string {
	out := []string{}
	for _, c := range all {
		if !c.Fixed && form.Has("c-"+c.Key) {
			out = append(out, c.Key)
		}
	}
	return out
}

// Sorts returns all values the parameter sort may have, the default first.
func Sorts(first string, all []Column) []string {
	out := []string{first}
	for _, c := range all {
		if c.Sort == "" {
			continue
		}
		for _, s := range []string{c.Sort, "-" + c.Sort} {
			if s != first {
				out = append(out, s)
			}
		}
	}
	return out
}

// Back returns where a form leads back to: the given address when it is the
// page at path, with or without parameters, else path itself.
func Back(given, path string) string {
	if given == path || strings.HasPrefix(given, path+"?") && !strings.ContainsAny(given, "\r\n\\") {
		return given
	}
	return path
}

func isShown(shown []Column, key string) bool {
	return slices.ContainsFunc(shown, func(c Column) bool { return c.Key == key })
}

// Same returns options whose labels are their values.
func Same(values []string) [][2]string {
	out := make([][2]string, len(values))
	for i, v := range values {
		out[i] = [2]string{v, v}
	}
	return out
}
