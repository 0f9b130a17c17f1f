package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestBells: which views ring is kept per person and comes back with the page;
// what is no such choice is refused.
func TestBells(t *testing.T) {
	w := newWorld(t, nil)
	set := func(as, value string) int {
		return w.do(call{path: "/preferences", method: http.MethodPost, as: as, header: map[string]string{"Accept": "application/json"},
			body: url.Values{"name": {"bell"}, "value": {value}}.Encode()}).StatusCode
	}
	page := func(as string) string { return bodyOf(t, w.do(call{path: "/things", as: as})) }
	if strings.Contains(page("anna"), "data-bells=") {
		t.Error("it rings before anybody wanted it")
	}
	good := `{"/problems?view=unhandled":{"sound":true,"notify":false,"from":"22:00","to":"07:30"}}`
	if got := set("anna", good); got != http.StatusOK {
		t.Fatalf("kept: %d", got)
	}
	if got := page("anna"); !strings.Contains(got, `data-bells="{&#34;/problems?view=unhandled&#34;:{&#34;sound&#34;:true`) {
		t.Errorf("the page does not know: %s", got[:min(len(got), 1500)])
	}
	if strings.Contains(page("otto"), "data-bells=") {
		t.Error("it rings for somebody else")
	}
	for name, bad := range map[string]string{
		"no JSON":      "on",
		"no hour":      `{"/problems":{"from":"25:00","to":"07:00"}}`,
		"another host": `{"//evil.example":{"from":"","to":""}}`,
		"too many":     "{" + strings.Repeat(`"/a":{},`, 3) + strings.Join(views(60), ",") + "}",
	} {
		if got := set("anna", bad); got != http.StatusBadRequest {
			t.Errorf("%s: %d", name, got)
		}
	}
	if got := set("", good); got != http.StatusUnauthorized {
		t.Errorf("signed out: %d", got)
	}
	if got := set("anna", "{}"); got != http.StatusOK || strings.Contains(page("anna"), "data-bells=") {
		t.Errorf("switched off: %d", got)
	}
}

func views(n int) []string {
	var out []string
	for i := range n {
		out = append(out, `"/v`+strings.Repeat("x", i)+`":{}`)
	}
	return out
}
