package agent

import (
	"errors"
	"strings"
	"testing"
)

func TestCode(t *testing.T) {
	c := NewCode(Join, [32]byte{1, 2, 3}, "belvedere.example.org:6560")
	got, err := ParseCode(" " + c.String()[:40] + "\n  " + c.String()[40:] + "\n")
	if err != nil || got != c {
		t.Fatalf("%+v, %v, want %+v", got, err, c)
	}
	if d := NewCode(Join, [32]byte{}, "a:1"); d.Secret == c.Secret || d.ID == c.ID {
		t.Error("two codes have the same numbers")
	}
	text := c.String()
	for name, bad := range map[string]string{
		"empty": "", "cut": text[:len(text)-3], "longer": text + "AA", "without its beginning": text[4:],
		"one letter": strings.Replace(text, text[30:31], string(text[30]^1), 1),
		"no address": NewCode(Join, [32]byte{}, "nowhere").String(), "blank": NewCode(Join, [32]byte{}, "a b:1").String(),
		"other kind": NewCode('X', [32]byte{}, "a:1").String(), "huge": NewCode(Join, [32]byte{}, strings.Repeat("a", 500)+":1").String(),
	} {
		if _, err := ParseCode(bad); !errors.Is(err, ErrCode) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseCode(f *testing.F) {
	f.Add(NewCode(Join, [32]byte{1}, "a.example:6560").String())
	f.Add(NewCode(Invite, [32]byte{1}, "[::1]:6560").String())
	f.Add("belvedere-")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCode(text)
		if err != nil {
			return
		}
		if again, err := ParseCode(c.String()); err != nil || again != c {
			t.Errorf("%q reads as %+v, which prints as %q: %v", text, c, c.String(), err)
		}
	})
}
