package matrix_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A told core says in its log which commands it carried out.
type told interface {
	core
	// log returns the lines that the core wrote.
	log(t *testing.T) []string
	// inject gives a command past the desk, with a second one in its text.
	inject(first, second string) error
	alive() bool
	// output is what the core makes of the text of a result by itself: its
	// first line, a line end, the others escaped, a | and performance data.
	output(service bool, text string) string
}

func logLines(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

func (i *icinga) log(t *testing.T) []string {
	t.Helper()
	return logLines(t, filepath.Join(i.c.Dir, "log/compat/icinga.log"))
}

func (i *icinga) alive() bool { return !i.c.Ended() }

// inject implements told: a blank line ends a request.
func (i *icinga) inject(first, second string) error {
	now := time.Now().Unix()
	_, err := i.c.Query(fmt.Sprintf("COMMAND [%d] %s\n\nCOMMAND [%d] %s\n\n", now, first, now, second))
	return err
}

// output implements told. Icinga 2 finds lines only in results of services, and
// performance data only where there is a =.
func (i *icinga) output(service bool, text string) string {
	first, rest := text, ""
	if service {
		first, rest, _ = strings.Cut(text, `\n`)
	}
	return first + "\n" + rest + "|"
}

func (n *nagios) log(t *testing.T) []string {
	t.Helper()
	return logLines(t, n.c.Log)
}

func (n *nagios) alive() bool { return !n.c.Ended() }

// inject implements told: a line end ends a command.
func (n *nagios) inject(first, second string) error {
	return n.c.Command(fmt.Sprintf("%s\n[%d] %s", first, time.Now().Unix(), second))
}

// output implements told. Nagios takes doubled backslashes for one, what is
// behind a | for performance data, and writes a colon for each semicolon.
func (n *nagios) output(_ bool, text string) string {
	first, rest, _ := strings.Cut(strings.NewReplacer(`\\`, `\`, `\n`, "\n").Replace(text), "\n")
	first, perf, _ := strings.Cut(first, "|")
	return strings.ReplaceAll(strings.TrimSpace(first), ";", ":") + "\n" + strings.ReplaceAll(rest, "\n", `\n`) + "|" + strings.TrimSpace(perf)
}
