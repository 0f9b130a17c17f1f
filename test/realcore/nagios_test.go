package realcore_test

import (
	"os"
	"strings"
	"testing"

	"belvedere/test/realcore"
)

// TestNagios proves the harness: commands arrive, and a restart comes back with
// what was said.
func TestNagios(t *testing.T) {
	c := realcore.NagiosForTest(t, realcore.NagiosOptions{Objects: "define host {\n\tuse base\n\thost_name h1\n}\ndefine service {\n\tuse base\n\thost_name h1\n\tservice_description s1\n}\n"})
	says := func(text string) func() bool {
		return func() bool {
			b, err := os.ReadFile(c.Status)
			return err == nil && strings.Contains(string(b), text)
		}
	}
	if err := c.Command("ADD_HOST_COMMENT;h1;1;eva;told by the pipe"); err != nil {
		t.Fatal(err)
	}
	await(t, says("comment_data=told by the pipe"))
	if err := c.Halt(); err != nil {
		t.Fatal(err)
	}
	if err := c.Launch(); err != nil {
		t.Fatal(err)
	}
	await(t, says("comment_data=told by the pipe"))
	if c.Ended() {
		t.Error("it has ended")
	}
}
