package agent

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// A recorder is a core that takes orders and remembers them.
type recorder struct {
	mu   sync.Mutex
	got  []string
	hold chan struct{} // not nil: an order waits until it is closed
	came chan struct{} // not nil: told of each order
}

func (r *recorder) Send(ctx context.Context, c lql.Command) error {
	r.mu.Lock()
	r.got = append(r.got, c.Name+";"+strings.Join(c.Args, ";"))
	r.mu.Unlock()
	if r.came != nil {
		r.came <- struct{}{}
	}
	if r.hold != nil {
		select {
		case <-r.hold:
		case <-ctx.Done():
		}
	}
	return nil
}

func (r *recorder) Converse(context.Context, net.Conn, func() error) error {
	return &livestatus.Error{Kind: livestatus.KindNoSocket, Cause: "There is no core.", Fix: "None."}
}

func (r *recorder) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.got...)
}

func comment(text string) lql.Command {
	return lql.Command{Time: time.Now().Unix(), Name: "ADD_HOST_COMMENT", Args: []string{"h", "1", "me", text}}
}

// TestOrderOnce: an order that is given again is not executed again, also after
// the agent was started anew.
func TestOrderOnce(t *testing.T) {
	p := newPlace(t)
	core := &recorder{}
	o := Options{Dir: p.join(t, "Berlin"), Core: core, Allowed: Allowed{"ADD_HOST_COMMENT"}}
	r := start(t, o)
	c := comment("x; with a semicolon")
	given := order{ID: "one", Time: c.Time, Name: c.Name, Args: c.Args}
	for range 3 {
		if out := r.perform(t.Context(), given); out.State != orderDone {
			t.Fatal(out)
		}
	}
	r.stop()
	r = start(t, o)
	if out := r.perform(t.Context(), given); out.State != orderDone {
		t.Error(out)
	}
	if all := core.all(); len(all) != 1 || all[0] != "ADD_HOST_COMMENT;h;1;me;x; with a semicolon" {
		t.Errorf("%q", all)
	}
}

// TestOrderInterrupted: an agent that dies between its note and the core's
// answer says that it does not know, and does not try again.
func TestOrderInterrupted(t *testing.T) {
	file := filepath.Join(t.TempDir(), ordersFile)
	j, err := openJournal(file, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if known, err := j.begin("one", "X"); known != "" || err != nil {
		t.Fatal(known, err)
	}
	if known, err := j.begin("two", "X"); known != "" || err != nil {
		t.Fatal(known, err)
	}
	if err := j.end("two", orderDone); err != nil {
		t.Fatal(err)
	}
	// Killed: nothing is closed, and the last line is half.
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"id":"thr`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	j.Close()
	if j, err = openJournal(file, time.Now); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"one": orderUnknown, "two": orderDone, "thr": ""} {
		if known, err := j.begin(id, "X"); known != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", id, known, err, want)
		}
	}
	j.Close()
	// What is older than any order may be is forgotten.
	if j, err = openJournal(file, func() time.Time { return time.Now().Add(ordersKept + time.Hour) }); err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if len(j.known) != 0 {
		t.Errorf("%v", j.known)
	}
}

// TestOrderNotWritten: without a note an order is not executed.
func TestOrderNotWritten(t *testing.T) {
	p := newPlace(t)
	core := &recorder{}
	r := start(t, Options{Dir: p.join(t, "Berlin"), Core: core, Allowed: Allowed{"ADD_HOST_COMMENT"}})
	<-p.up
	r.journal.mu.Lock()
	r.journal.file.Close() // as a full or broken disk
	r.journal.mu.Unlock()
	err := p.hub.Order(t.Context(), p.agentOf(t, "Berlin").ID, comment("x"))
	if e, ok := errors.AsType[*livestatus.Error](err); !ok || e.Uncertain || !strings.Contains(e.Cause, "could not be written down") {
		t.Errorf("%v", err)
	}
	if all := core.all(); len(all) != 0 {
		t.Errorf("the core got %q", all)
	}
}

// TestOrderOverBrokenLine: the line breaks after the core has an order and
// before that is told; it is asked again, and executed once.
func TestOrderOverBrokenLine(t *testing.T) {
	p := newPlace(t)
	core := &recorder{hold: make(chan struct{}), came: make(chan struct{}, 9)}
	r := start(t, Options{Dir: p.join(t, "Berlin"), Core: core, Allowed: Allowed{"ADD_HOST_COMMENT"}})
	<-p.up
	a := p.agentOf(t, "Berlin")
	done := make(chan error, 1)
	go func() { done <- p.hub.Order(t.Context(), a.ID, comment("x")) }()
	<-core.came
	p.hub.mu.Lock()
	l := p.hub.lines[a.ID]
	p.hub.mu.Unlock()
	l.Close()
	close(core.hold)
	if err := <-done; err != nil {
		t.Errorf("%v\n%s", err, r.notes.text.String())
	}
	if all := core.all(); len(all) != 1 {
		t.Errorf("%q", all)
	}
}

// TestJournalForgets: a journal that is full takes orders again when what it
// holds is old.
func TestJournalForgets(t *testing.T) {
	now := time.Now()
	j, err := openJournal(filepath.Join(t.TempDir(), ordersFile), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for i := range ordersMost {
		id := strconv.Itoa(i)
		j.known[id] = entry{ID: id, At: now.Unix(), State: orderDone}
	}
	if _, err := j.begin("one more", ""); err == nil {
		t.Fatal("a full journal takes an order")
	}
	now = now.Add(2 * ordersKept)
	if _, err := j.begin("one more", ""); err != nil {
		t.Error(err)
	}
	if len(j.known) != 1 {
		t.Errorf("%d are known", len(j.known))
	}
}
