package query

import (
	"fmt"
	"testing"
	"time"

	"belvedere/internal/lql"
)

// TestCacheFull: where there is no room for another answer, those that are good
// for the shortest time go, not all.
func TestCacheFull(t *testing.T) {
	var c cache
	now := time.Unix(1_790_000_000, 0)
	const most = cacheCells / 90_000
	for i := range 2 * most {
		c.put(fmt.Sprint(i), &cached{res: &lql.Result{Rows: 90_000 - 50}}, now, time.Minute+time.Duration(i)*time.Second)
		if c.cells > cacheCells {
			t.Fatalf("%d cells kept", c.cells)
		}
		if c.get(fmt.Sprint(i), now) == nil {
			t.Fatalf("answer %d is not kept", i)
		}
	}
	kept := 0
	for i := range 2 * most {
		if c.get(fmt.Sprint(i), now) != nil {
			kept++
		} else if kept > 0 {
			t.Errorf("answer %d is gone, an older one is not", i)
		}
	}
	if kept < most*2/3 || kept*90_000 != c.cells {
		t.Errorf("%d answers kept, %d cells counted", kept, c.cells)
	}
}
