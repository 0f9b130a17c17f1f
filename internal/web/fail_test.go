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
