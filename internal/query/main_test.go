package query_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// TestMain has random tests draw the same every time, so that a change is to
// blame when one fails. Another draw: go test -rapid.seed=N -rapid.checks=N.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.seed"); f.Value.String() == "0" {
		if err := f.Value.Set("20261122"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}
