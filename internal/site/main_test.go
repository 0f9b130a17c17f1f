package site_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails if any goroutine outlives the tests: every site ends what it
// began. More tests run at once than there are processors, as they wait more
// than they work. With coresVariable set the program is no test, but the cores
// of one, in a process of their own.
func TestMain(m *testing.M) {
	if text := os.Getenv(coresVariable); text != "" {
		if err := serveCores(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if text := os.Getenv(deskVariable); text != "" {
		if err := serveDesk(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		if err := f.Value.Set("6"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(m)
}
