package tunnel

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"belvedere/test/realcore"
)

// TestHostKey: nothing is sent to a server whose key is not known; a key is
// accepted by its fingerprint only, and never where another is known.
func TestHostKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live")
	echo(t, path)
	s := realcore.SSHDForTest(t, realcore.SSHOptions{})
	w, _ := wayTo(t, s, path)
	known := filepath.Join(t.TempDir(), "new", "known_hosts")
	dial := func(w Way) error {
		p := NewPool(Options{KnownHosts: known})
		defer p.Close()
		c, err := p.Dial(t.Context(), w)
		if err == nil {
			say(t, c, "hello")
			c.Close()
		}
		return err
	}
	err := dial(w)
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Reason != ReasonUnknown || !strings.HasPrefix(e.Fingerprint, "SHA256:") || e.KeyType != "ssh-ed25519" {
		t.Fatalf("%v", err)
	}
	w.Accept = "SHA256:somethingelse"
	if err := dial(w); reasonOf(err) != ReasonUnknown {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(known); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key was written: %v", err)
	}
	w.Accept = e.Fingerprint
	if err := dial(w); err != nil {
		t.Fatal(err)
	}
	w.Accept = ""
	if err := dial(w); err != nil {
		t.Errorf("an accepted key: %v", err)
	}
	// The server gets another key.
	if err := errors.Join(s.Halt(), s.NewHostKey(), s.Launch()); err != nil {
		t.Fatal(err)
	}
	e, ok = errors.AsType[*Error](dial(w))
	if !ok || e.Reason != ReasonChanged || e.File != known || e.Line != 1 {
		t.Fatalf("%v", e)
	}
	before, err := os.ReadFile(known)
	if err != nil {
		t.Fatal(err)
	}
	w.Accept = e.Fingerprint
	if err := dial(w); reasonOf(err) != ReasonChanged {
		t.Errorf("a changed key was accepted: %v", err)
	}
	if after, err := os.ReadFile(known); err != nil || string(after) != string(before) {
		t.Errorf("the file changed: %v\n%s", err, after)
	}
	keysThatAreNone(t, s, w, known, dial)
}

// keysThatAreNone tries files of known hosts that let nobody in.
func keysThatAreNone(t *testing.T, s *realcore.SSHD, w Way, known string, dial func(Way) error) {
	t.Helper()
	if err := os.WriteFile(known, []byte("@revoked * "+s.Public+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := dial(w); reasonOf(err) != ReasonRevoked {
		t.Errorf("revoked: %v", err)
	}
	if err := os.WriteFile(known, []byte("this is no key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := dial(w); reasonOf(err) != ReasonKnown {
		t.Errorf("a broken file: %v", err)
	}
	w.KnownHosts = filepath.Join(t.TempDir(), "none")
	if err := dial(w); reasonOf(err) != ReasonKnown {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestKnownHostsLink: a link in the place of the file is not followed, and a file
// that was there is not given away.
func TestKnownHostsLink(t *testing.T) {
	dir := t.TempDir()
	victim, link := filepath.Join(dir, "victim"), filepath.Join(dir, "known_hosts")
	if err := errors.Join(os.WriteFile(victim, []byte("secret\n"), 0o600), os.Symlink(victim, link)); err != nil {
		t.Fatal(err)
	}
	if err := addKnown(link, "a line"); err == nil {
		t.Error("a link was written through")
	}
	if b, err := os.ReadFile(victim); err != nil || string(b) != "secret\n" {
		t.Errorf("%q %v", b, err)
	}
	fresh := filepath.Join(dir, "new", "known_hosts")
	if err := errors.Join(addKnown(fresh, "one"), addKnown(fresh, "two")); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(fresh); err != nil || string(b) != "one\ntwo\n" {
		t.Errorf("%q %v", b, err)
	}
}
