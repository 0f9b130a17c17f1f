package object

import (
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/lql"
)

func TestExpand(t *testing.T) {
	value := func(name string) (string, bool) {
		v, ok := map[string]string{"A": "1", "B": "$A$", "EMPTY": ""}[name]
		return v, ok
	}
	for in, want := range map[string]string{
		"": "", "plain": "plain", "$A$": "1", "x$A$y$A$z": "x1y1z", "$$": "$", "cost 5$": "cost 5$", "$NO$": "$NO$", "$NO$A$": "$NO1",
		"$EMPTY$.": ".", "$B$": "$A$", "$A": "$A", "$$A$$": "$A$", "$": "$", "$" + strings.Repeat("A", 200) + "$": "$" + strings.Repeat("A", 200) + "$",
	} {
		if got := expand(in, value); got != want {
			t.Errorf("expand(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzExpand(f *testing.F) {
	f.Add("$A$ $$ $B")
	f.Fuzz(func(t *testing.T, s string) {
		if got := expand(s, func(string) (string, bool) { return "", false }); strings.ReplaceAll(got, "$", "") != strings.ReplaceAll(s, "$", "") {
			t.Errorf("expand(%q) loses text: %q", s, got)
		}
	})
}

// TestLinksWithMacros: what a core has not expanded is expanded, values are
// parts of an address, and secrets stay out.
func TestLinksWithMacros(t *testing.T) {
	cells := func(url string) *lql.Result {
		return &lql.Result{Rows: 1, Vectors: []lql.Vector{
			text("host_name", "db/1"), text("description", "Disk /var?"), text("notes_url", url), text("notes", "see $SERVICEDESC$ on $HOSTNAME$, $_SERVICETOKEN$"),
			{Name: "custom_variables", Kind: lql.Objects, Dict: true, Objects: []any{[][2]string{{"RACK", "R 7"}, {"TOKEN", "hunter2"}}}},
		}}
	}
	for url, want := range map[string]string{
		"http://wiki/$HOSTNAME$/$SERVICEDESC$": "http://wiki/db%2F1/Disk%20%2Fvar%3F",
		"https://r/$_SERVICERACK$":             "https://r/R%207",
		"mailto:$HOSTNAME$@example.org":        "mailto:db%2F1@example.org",
		"$_SERVICERACK$:alert(1)":              "",
		"javascript:$HOSTNAME$":                "",
	} {
		o, _ := New(t.Context(), "services", cells(url), false, time.Now())
		var got []string
		for _, l := range o.Links {
			got = append(got, l.URL)
		}
		if want != "" && !slices.Equal(got, []string{want}) || want == "" && len(got) > 0 {
			t.Errorf("%s becomes %q, want %q", url, got, want)
		}
	}
	secret := cells("http://x/$_SERVICETOKEN$")
	if o, _ := New(t.Context(), "services", secret, false, time.Now()); strings.Contains(o.Links[0].URL+o.notes(), "hunter2") || o.notes() != "see Disk /var? on db/1, $_SERVICETOKEN$" {
		t.Errorf("a secret is in %+v or in %q", o.Links, o.notes())
	}
	if o, _ := New(t.Context(), "services", secret, true, time.Now()); !strings.Contains(o.Links[0].URL, "hunter2") || strings.Contains(o.notes(), "hunter2") {
		t.Errorf("who may see secrets gets %+v and reads %q", o.Links, o.notes())
	}
}
