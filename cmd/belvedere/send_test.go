package main

import (
	"strings"
	"testing"
)

// FuzzReadCommand: whatever is typed, it is one command without anything that
// could end it or begin another, or it is refused.
func FuzzReadCommand(f *testing.F) {
	for _, s := range []string{"ENABLE_NOTIFICATIONS", "[1795000000] ADD_HOST_COMMENT;h;1;me;a; b", "COMMAND [1795000000] X;a", "X;a\nY;b", "X\x00", "[1] X", "", "[", "COMMAND ", "X;\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		cmd, err := readCommand(s)
		if err != nil {
			return
		}
		line := string(cmd.AppendLine(nil))
		if cmd.Name == "" || strings.ContainsFunc(line, isControl) || len(cmd.Backends) != 0 {
			t.Errorf("%q became %q", s, line)
		}
	})
}

func TestReadCommand(t *testing.T) {
	for in, want := range map[string]string{
		"ENABLE_NOTIFICATIONS":                          "ENABLE_NOTIFICATIONS",
		"[1795000000] ADD_HOST_COMMENT;h;1;me;a; b":     "ADD_HOST_COMMENT;h;1;me;a; b",
		"COMMAND [1795000000] ADD_HOST_COMMENT;h;1;m;x": "ADD_HOST_COMMENT;h;1;m;x",
		"ENABLE_NOTIFICATIONS\n":                        "ENABLE_NOTIFICATIONS",
		"A\nB":                                          "",
		"":                                              "",
		"[":                                             "",
	} {
		cmd, err := readCommand(in)
		got := ""
		if err == nil {
			got = strings.Join(append([]string{cmd.Name}, cmd.Args...), ";")
		}
		if got != want {
			t.Errorf("%q is %q, %v; want %q", in, got, err, want)
		}
	}
}
