package livestatus

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

// given sends text to Token and returns what it says and what is left for the
// request behind it.
func given(t *testing.T, text string, known func(string) bool) (rest string, err error) {
	t.Helper()
	server, client := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.WriteString(client, text) // the other side may hang up first
		_ = client.Close()
	}()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err = Token(ctx, server, known); err == nil {
		b, rerr := io.ReadAll(server)
		if rerr != nil {
			t.Fatal(rerr)
		}
		rest = string(b)
	}
	_ = server.Close()
	<-done
	return rest, err
}

func TestTokenLine(t *testing.T) {
	good := strings.Repeat("x", TokenLeast)
	known := func(hash string) bool { return hash == TokenHash(good) }
	if rest, err := given(t, "AUTH "+good+"\nGET hosts\n\n", known); err != nil || rest != "GET hosts\n\n" {
		t.Errorf("the right token: %v, rest %q", err, rest)
	}
	for _, text := range []string{
		"AUTH " + good + "y\n", "auth " + good + "\n", "AUTH\n", "\n", "GET hosts\n\n", "AUTH  " + good + "\n",
		"AUTH " + good[1:] + "\n", "AUTH " + strings.Repeat("x", 10_000) + "\n", "AUTH " + good + " \n", "AUTH " + good + "\x00\n",
	} {
		if _, err := given(t, text, known); !errors.Is(err, errNoToken) {
			t.Errorf("%.60q: %v", text, err)
		}
	}
	if _, err := given(t, "AUTH "+good, known); !errors.Is(err, io.EOF) {
		t.Errorf("a line without an end: %v", err)
	}
}

// FuzzToken: whatever comes, only a line with a known token is let in, and
// nothing of what follows it is taken.
func FuzzToken(f *testing.F) {
	good := strings.Repeat("g0", 20)
	f.Add("AUTH " + good + "\nGET hosts\n\n")
	f.Add("AUTH " + good + "\r\n")
	f.Add("GET hosts\n\n")
	f.Add("AUTH \n")
	f.Fuzz(func(t *testing.T, text string) {
		rest, err := given(t, text, func(hash string) bool { return hash == TokenHash(good) })
		line, after, ended := strings.Cut(text, "\n")
		want := ended && strings.TrimSuffix(line, "\r") == "AUTH "+good
		if (err == nil) != want || want && rest != after {
			t.Errorf("%q: %v, rest %q", text, err, rest)
		}
	})
}
