package web

import (
	"cmp"
	"slices"
	"strings"

	"belvedere/internal/access"
	"belvedere/internal/web/ui"
)

// menuOf returns the entries of all rooms in the order they are shown.
func menuOf(features []Feature) []MenuItem {
	var out []MenuItem
	for _, f := range features {
		out = append(out, f.Menu...)
	}
	slices.SortStableFunc(out, func(a, b MenuItem) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Order, b.Order), strings.Compare(a.Label, b.Label))
	})
	return out
}

// paletteOf returns the pages the palette knows: the menu and what rooms add.
func paletteOf(features []Feature, menu []MenuItem) []PaletteItem {
	var out []PaletteItem
	for _, m := range menu {
		out = append(out, PaletteItem{Label: m.Label, Path: m.Path, Icon: m.Icon, Right: m.Right, Key: m.Key})
	}
	for _, f := range features {
		out = append(out, f.Palette...)
	}
	return out
}

// may reports whether somebody with role has a right.
func may(role access.Role, right Right) bool {
	switch right {
	case Admin:
		return role == access.RoleAdmin
	case Operator:
		return role == access.RoleAdmin || role == access.RoleOperator
	}
	return true
}

// A menuEntry is one entry as one person sees it.
type menuEntry struct {
	MenuItem
	Current bool
	Count   Count
}

// menuGroups returns the entries a person sees, by group.
func (s *Server) menuGroups(role access.Role, active string, counts map[string]Count) [][]menuEntry {
	var out [][]menuEntry
	group := -1
	for _, m := range s.menu {
		if !may(role, m.Right) {
			continue
		}
		if m.Group != group || len(out) == 0 {
			out, group = append(out, nil), m.Group
		}
		last := len(out) - 1
		out[last] = append(out[last], menuEntry{m, m.Name == active, counts[m.Name]})
	}
	return out
}

// phoneEntries returns the first three entries for the bottom bar.
func phoneEntries(groups [][]menuEntry) []menuEntry {
	var out []menuEntry
	for _, g := range groups {
		for _, e := range g {
			if e.Phone && len(out) < 3 {
				out = append(out, e)
			}
		}
	}
	return out
}

// Text returns the number as the menu shows it, "" for nothing.
func (c Count) Text() string {
	if c.N <= 0 {
		return ""
	}
	return ui.Number(c.N)
}

// shown returns counters as events carry them.
func shown(counts map[string]Count) map[string]count {
	if len(counts) == 0 {
		return nil
	}
	out := make(map[string]count, len(counts))
	for name, c := range counts {
		out[name] = count{c.N, c.State, c.Text()}
	}
	return out
}
