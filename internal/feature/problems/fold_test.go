package problems

import (
	"testing"

	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

func TestFold(t *testing.T) {
	host := func(name string, state int64, services int, parents ...string) node {
		return node{row: status.Row{Site: "a", Host: name, State: ui.HostState(state, true, false)}, services: services, parents: parents}
	}
	other := host("switch", 1, 0)
	other.row.Site = "b"
	for _, tt := range []struct {
		name  string
		nodes []node
		cause map[string]string // host to what explains it
		hosts map[string]int    // cause to hosts hidden
		hides map[string]int    // cause to services hidden
	}{
		{name: "alone", nodes: []node{host("web", 1, 3)}, cause: map[string]string{"web": "web"}, hides: map[string]int{"web": 3}},
		{name: "unreachable behind a parent", nodes: []node{host("web", 2, 2, "switch"), host("switch", 1, 1)},
			cause: map[string]string{"web": "switch", "switch": "switch"}, hosts: map[string]int{"switch": 1}, hides: map[string]int{"switch": 3}},
		{name: "two levels", nodes: []node{host("web", 2, 2, "access"), host("access", 2, 1, "core"), host("core", 1, 0)},
			cause: map[string]string{"web": "core", "access": "core", "core": "core"}, hosts: map[string]int{"core": 2}, hides: map[string]int{"core": 3}},
		{name: "down with one of two ways open", nodes: []node{host("web", 1, 0, "left", "right"), host("left", 1, 0)},
			cause: map[string]string{"web": "web", "left": "left"}},
		{name: "down with no way open", nodes: []node{host("web", 1, 0, "left", "right"), host("left", 1, 0), host("right", 1, 0)},
			cause: map[string]string{"web": "left", "left": "left", "right": "right"}, hosts: map[string]int{"left": 1}},
		{name: "unreachable without a known parent", nodes: []node{host("web", 2, 0, "gone")}, cause: map[string]string{"web": "web"}},
		{name: "parent of another site", nodes: []node{host("web", 2, 0, "switch"), other}, cause: map[string]string{"web": "web"}},
		{name: "its own parent", nodes: []node{host("web", 2, 0, "web")}, cause: map[string]string{"web": "web"}},
		{name: "circle", nodes: []node{host("one", 2, 0, "two"), host("two", 2, 0, "one")},
			cause: map[string]string{"one": "one", "two": "one"}, hosts: map[string]int{"one": 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fold(tt.nodes)
			for i, n := range tt.nodes {
				if n.row.Site != "a" {
					continue
				}
				if got, want := tt.nodes[n.cause].row.Host, tt.cause[n.row.Host]; got != want {
					t.Errorf("%s is explained by %s, want %s", n.row.Host, got, want)
				}
				if n.explained(i) {
					continue
				}
				if n.hosts != tt.hosts[n.row.Host] {
					t.Errorf("%s hides %d hosts, want %d", n.row.Host, n.hosts, tt.hosts[n.row.Host])
				}
				if want, given := tt.hides[n.row.Host]; given && n.hidden != want {
					t.Errorf("%s hides %d services, want %d", n.row.Host, n.hidden, want)
				}
			}
		})
	}
}
