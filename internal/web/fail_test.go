package web

import (
	"strings"
	"testing"
)

// TestHintEndsOnce shows hints as sentences, whether they were written as one
// or not.
func TestHintEndsOnce(t *testing.T) {
	for _, hint := range []string{"Reload the page", "Reload the page."} {
		var b strings.Builder
		if err := errorPage(NotFound("There is no such page", hint), "ABC", "").Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), "<p>Reload the page.</p>") {
			t.Errorf("%q is shown as %s", hint, b.String())
		}
	}
}

// TestUnknownIsSearchedFor leads from a name that is not there to the search for
// it, whatever is in the name.
func TestUnknownIsSearchedFor(t *testing.T) {
	var b strings.Builder
	if err := errorPage(Unknown("db & <web>", "There is no such host", ""), "ABC", "").Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `href="/search?q=db+%26+%3Cweb%3E"`) || !strings.Contains(b.String(), "Search for “db &amp; &lt;web&gt;”") {
		t.Errorf("no way to the search: %s", b.String())
	}
}
