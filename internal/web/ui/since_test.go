package ui

import (
	"strings"
	"testing"
)

// TestSince: an Icinga 2 names no change for a host that was down from its first
// check on; that is not "never".
func TestSince(t *testing.T) {
	for unix, want := range map[int64]string{0: "always", -62135596800: "always", 1: "data-age"} {
		var b strings.Builder
		if err := Since(unix).Render(t.Context(), &b); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%d: %q %v", unix, b.String(), err)
		}
	}
}
