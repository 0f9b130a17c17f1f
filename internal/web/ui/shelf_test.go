package ui

import (
	"strconv"
	"strings"
	"testing"
)

// TestShelfRoom: a shelf holds more when more pages are open, and never more
// than that.
func TestShelfRoom(t *testing.T) {
	html := strings.Repeat("x", 10_000)
	kept := func(pages int) (n, bytes int) {
		s := NewShelf()
		s.Open(pages)
		for i := range 12_000 {
			s.mu.Lock()
			s.put(s.sum([]byte(strconv.Itoa(i))), html)
			s.mu.Unlock()
		}
		for i := range 12_000 {
			key := s.sum([]byte(strconv.Itoa(i)))
			if s.young[key] != "" || s.old[key] != "" {
				n++
			}
		}
		return n, n * len(html)
	}
	few, bytes := kept(0)
	if bytes > shelfBytes {
		t.Errorf("%d bytes kept", bytes)
	}
	many, bytes := kept(500)
	if many <= 2*few || bytes > shelfBytes+500*shelfPage {
		t.Errorf("%d parts kept with no page open, %d (%d bytes) with 500", few, many, bytes)
	}
}
