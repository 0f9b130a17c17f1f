package agent

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/testkit"
)

func TestCheck(t *testing.T) {
	p := newPlace(t)
	said := func(dir, listen string) (text string, good bool) {
		good = true
		for _, s := range Check(t.Context(), dir, listen) {
			text += s.Text + "\n"
			good = good && s.OK
			if !s.OK && s.Hint == "" {
				t.Errorf("%s: no hint", s.Text)
			}
		}
		return text, good
	}
	if text, good := said(t.TempDir(), ""); good || !strings.Contains(text, "has not joined") {
		t.Errorf("before it joined: %s", text)
	}
	dir := p.join(t, "Berlin")
	if text, good := said(dir, ""); !good || !strings.Contains(text, "joined as berlin-") || !strings.Contains(text, "answers, and is the one") {
		t.Errorf("after it joined: %s", text)
	}
	id, err := readState(dir)
	if err != nil {
		t.Fatal(err)
	}
	id.state.Server = newPlace(t).address // another server there
	if err := id.state.write(dir); err != nil {
		t.Fatal(err)
	}
	if text, good := said(dir, ""); good || !strings.Contains(text, "another authority") {
		t.Errorf("another server at the address: %s", text)
	}
	invited, _ := p.pair(t, "Wien")
	if text, good := said(invited, ""); good || !strings.Contains(text, "nothing says where to listen") {
		t.Errorf("invited: %s", text)
	}
	if text, good := said(invited, ":6560"); !good {
		t.Errorf("invited, and listens: %s", text)
	}
}

// TestRenewal: a certificate is renewed long before it ends, over the line, and
// the new one is used.
func TestRenewal(t *testing.T) {
	p := newPlace(t)
	core, socket := naemon(t, testkit.Options{})
	o := Options{Dir: p.join(t, "Berlin"), Core: socket, Now: func() time.Time { return time.Now().Add(leafLife - renewBefore + time.Hour) }}
	before, err := readState(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, o)
	<-p.up
	r.notes.wait(t, "the certificate was renewed")
	p.notes.wait(t, "an agent's certificate was renewed")
	r.stop()
	after, err := readState(o.Dir)
	if err != nil || after.Certificate == before.Certificate || after.Key == before.Key || after.ID != before.ID {
		t.Fatalf("%v: the certificate or its key is the old one", err)
	}
	o.Now = nil
	start(t, o)
	<-p.up
	sees(t, p.client(t, after.ID), core)
}

// TestExpired: an agent that was off for too long is not let in.
func TestExpired(t *testing.T) {
	p := newPlace(t)
	id, err := readState(p.join(t, "Berlin"))
	if err != nil {
		t.Fatal(err)
	}
	p.hub.o.Now = func() time.Time { return time.Now().Add(leafLife + time.Hour) }
	if err := greet(t, p.address, id, nil); err == nil {
		t.Error("let in")
	}
	p.notes.wait(t, "refused an agent", "expired")
}

// TestNoCore: an agent whose core is away says so itself.
func TestNoCore(t *testing.T) {
	p := newPlace(t)
	socket := NewSocket(livestatus.Address{Scheme: "unix", Path: t.TempDir() + "/live"}, p.notes.log())
	start(t, Options{Dir: p.join(t, "Berlin"), Core: socket})
	<-p.up
	_, err := p.client(t, p.agentOf(t, "Berlin").ID).Identify(t.Context())
	e, ok := errors.AsType[*livestatus.Error](err)
	if !ok || e.Kind != livestatus.KindNoSocket || !strings.HasPrefix(e.Cause, "At the agent: There is no socket") || e.Fix == "" {
		t.Errorf("%v", err)
	}
}

// TestLostKey: without the key of the authority the server says what to do.
func TestLostKey(t *testing.T) {
	p := newPlace(t)
	if err := os.Remove(p.dir + "/" + keyFile); err != nil {
		t.Fatal(err)
	}
	_, err := OpenAuthority(t.Context(), p.store, p.dir)
	if e, ok := errors.AsType[*Error](err); !ok || !strings.Contains(e.Msg, keyFile) || !strings.Contains(e.Hint, "backup") {
		t.Errorf("%v", err)
	}
}

// TestOneAgentAFolder: two agents with one journal would execute orders twice.
func TestOneAgentAFolder(t *testing.T) {
	dir := t.TempDir()
	first, err := lockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockFolder(dir); err == nil {
		t.Fatal("a second agent has the folder too")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := lockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}
