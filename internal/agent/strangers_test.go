package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"belvedere/internal/db"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/testkit"
)

// refusal is what somebody who wants to join is told.
func refusal(t *testing.T, c Code) string {
	t.Helper()
	_, err := JoinServer(t.Context(), c, filepath.Join(t.TempDir(), "agent"))
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Hint == "" {
		t.Fatalf("joining: %v, want a refusal with a hint", err)
	}
	return e.Msg
}

func TestStolenCode(t *testing.T) {
	p := newPlace(t)
	code := p.code(t, "Berlin")
	if _, err := JoinServer(t.Context(), code, filepath.Join(t.TempDir(), "agent")); err != nil {
		t.Fatal(err)
	}
	if msg := refusal(t, code); msg != "The code was used already." {
		t.Errorf("a second use: %s", msg)
	}
	p.notes.wait(t, "refused an agent", "used already", "look who had the code")
	if list, err := p.store.Agents(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestGuessedCode(t *testing.T) {
	p := newPlace(t)
	right := p.code(t, "Berlin")
	wrong := right
	wrong.Secret[0] ^= 1
	for range db.JoinTries {
		if msg := refusal(t, wrong); msg != "The server does not know this code." {
			t.Fatal(msg)
		}
	}
	if msg := refusal(t, right); msg != "The server does not know this code." {
		t.Errorf("after five wrong tries: %s", msg)
	}
	p.notes.wait(t, "refused an agent", "tried too often", "guessing")
	if _, err := p.store.Site(t.Context(), db.SiteKey("Berlin")); !errors.Is(err, db.ErrNotFound) {
		t.Errorf("there is a site: %v", err)
	}
}

func TestLateCode(t *testing.T) {
	p := newPlace(t)
	code := p.code(t, "Berlin")
	p.hub.o.Now = func() time.Time { return time.Now().Add(CodeValid + time.Second) }
	if msg := refusal(t, code); msg != "The code is not valid any more." {
		t.Error(msg)
	}
	p.notes.wait(t, "refused an agent", "not valid any more", "within minutes")
}

// TestOtherServer: who listens at the address is not who made the code.
func TestOtherServer(t *testing.T) {
	p, other := newPlace(t), newPlace(t)
	code := p.code(t, "Berlin")
	code.Address = other.address
	if msg := refusal(t, code); !strings.Contains(msg, "not the one that the code names") {
		t.Error(msg)
	}
}

func TestInvitationGuessed(t *testing.T) {
	p := newPlace(t)
	listen := freePort(t)
	v, err := NewInvitation(t.Context(), listen, listen, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	waited, told := make(chan error, 1), make(chan error, 10)
	go func() { waited <- v.Wait(context.Background(), func(_ string, why error) { told <- why }) }()
	wrong := v.Code
	wrong.Secret[15] ^= 1
	for range db.JoinTries {
		if _, err := p.hub.Invited(t.Context(), wrong, db.Site{Name: "Wien"}, db.Audit{}); err == nil {
			t.Fatal("a wrong secret was taken")
		}
		if why := <-told; !errors.Is(why, errSecret) {
			t.Errorf("the agent says: %v", why)
		}
	}
	if err := <-waited; err == nil || !strings.Contains(err.Error(), "void") {
		t.Errorf("after five wrong tries: %v", err)
	}
	if list, err := p.store.Sites(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// greet connects as an agent would, with what state has, and returns why that
// was refused.
func greet(t *testing.T, address string, id *identity, change func(*tls.Config)) error {
	t.Helper()
	raw, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	conf := &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{protoLine}, InsecureSkipVerify: true}
	if id != nil {
		conf.Certificates = []tls.Certificate{id.cert}
	}
	if change != nil {
		change(conf)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return admitted(ctx, tls.Client(raw, conf))
}

func old(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }

func TestStrangersAtTheServer(t *testing.T) {
	p, other := newPlace(t), newPlace(t)
	mine, err := readState(p.join(t, "Berlin"))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := readState(other.join(t, "Wien"))
	if err != nil {
		t.Fatal(err)
	}
	if err := greet(t, p.address, mine, nil); err != nil {
		t.Fatalf("the agent itself: %v", err)
	}
	own, err := p.authority.certificate()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		id     *identity
		change func(*tls.Config)
		hint   string
	}{
		{"TLS 1.2", mine, old, "only TLS 1.3"},
		{"no certificate", nil, nil, "certificate"},
		{"of another server", foreign, nil, "joined another server"},
		{"the server's own", &identity{cert: *own}, nil, "not that of an agent"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := greet(t, p.address, tt.id, tt.change); err == nil {
				t.Error("let in")
			}
			p.notes.wait(t, "refused an agent", tt.hint)
		})
	}
	if err := p.store.RemoveSite(t.Context(), p.agentOf(t, "Berlin").Site, db.Audit{}); err != nil {
		t.Fatal(err)
	}
	if err := p.hub.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := greet(t, p.address, mine, nil); err == nil {
		t.Error("an agent whose site was removed is let in")
	}
	p.notes.wait(t, "refused an agent", "does not belong to any site")
}

// pair makes an agent that p reaches, and returns its folder and address.
func (p *place) pair(t *testing.T, name string) (dir, listen string) {
	t.Helper()
	dir, listen = t.TempDir(), freePort(t)
	v, err := NewInvitation(t.Context(), listen, listen, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	waited := make(chan error, 1)
	go func() { waited <- v.Wait(context.Background(), func(_ string, why error) { t.Error(why) }) }()
	if _, err := p.hub.Invited(t.Context(), v.Code, db.Site{Name: name}, db.Audit{}); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	return dir, listen
}

func TestStrangersAtTheAgent(t *testing.T) {
	p, other := newPlace(t), newPlace(t)
	_, socket := naemon(t, testkit.Options{})
	dir, listen := p.pair(t, "Wien")
	r := start(t, Options{Dir: dir, Core: socket, Listen: listen})
	r.notes.wait(t, "waiting for the server")
	foreign, err := other.authority.certificate()
	if err != nil {
		t.Fatal(err)
	}
	mine := r.id.Load()
	for _, tt := range []struct {
		name   string
		id     *identity
		change func(*tls.Config)
		reason string
	}{
		{"TLS 1.2", nil, old, "unsupported versions"},
		{"no certificate", nil, nil, "certificate"},
		{"another server", &identity{cert: *foreign}, nil, "another authority"},
		{"another agent", mine, nil, "not that of an server"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := greet(t, listen, tt.id, tt.change); err == nil {
				t.Error("let in")
			}
			r.notes.wait(t, "refused a connection", tt.reason)
		})
	}
}

// TestAgentOfAnotherSite: at the address of one site answers the agent of
// another.
func TestAgentOfAnotherSite(t *testing.T) {
	p := newPlace(t)
	_, socket := naemon(t, testkit.Options{})
	_, listen := p.pair(t, "Wien")
	dir, _ := p.pair(t, "Graz")
	r := start(t, Options{Dir: dir, Core: socket, Listen: listen})
	r.notes.wait(t, "waiting for the server")
	_, err := p.client(t, listen).Identify(t.Context())
	if livestatus.KindOf(err) != livestatus.KindCertificate {
		t.Errorf("asked all the same: %v", err)
	}
	p.notes.wait(t, "refused an agent", "the agent of another site")
}

// TestWishes: what an agent may begin on a line is little.
func TestWishes(t *testing.T) {
	p := newPlace(t)
	_, socket := naemon(t, testkit.Options{})
	r := start(t, Options{Dir: p.join(t, "Berlin"), Core: socket})
	<-p.up
	a := p.agentOf(t, "Berlin")
	p.hub.mu.Lock()
	l := p.hub.lines[a.ID]
	p.hub.mu.Unlock()
	r.stop()
	<-l.CloseChan()
	// A line on which we are a dishonest agent.
	id, err := readState(r.o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	mine := dishonest(t, p.address, id)
	for _, wish := range []string{wantLivestatus, wantOrder, "sites"} {
		c, err := mine.begin(t.Context(), wish)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(c); len(b) > 0 || err != nil {
			t.Errorf("%s: %q, %v", wish, b, err)
		}
		p.notes.wait(t, "not known here", "wish="+wish, a.ID)
	}
}

// dishonest makes a line to a server with the certificate of an agent.
func dishonest(t *testing.T, address string, id *identity) *line {
	t.Helper()
	raw, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	c := tls.Client(raw, &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{protoLine}, InsecureSkipVerify: true, Certificates: []tls.Certificate{id.cert}})
	if err := admitted(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	l, err := newLine(c, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// TestForgedOrders: what is not on the agent's list, or is made to look like
// something else, does not reach the core.
func TestForgedOrders(t *testing.T) {
	p := newPlace(t)
	core := &recorder{}
	r := start(t, Options{Dir: p.join(t, "Berlin"), Core: core, Allowed: Allowed{"ADD_HOST_COMMENT"}})
	<-p.up
	agent := p.agentOf(t, "Berlin").ID
	now := time.Now().Unix()
	for _, c := range []lql.Command{
		{Time: now, Name: "SHUTDOWN_PROGRAM"},
		{Time: now, Name: "add_host_comment", Args: []string{"a"}},
		{Time: now, Name: "ADD_HOST_COMMENT;h;1;me;x\n[1] SHUTDOWN_PROGRAM"},
		{Time: now, Name: "ADD_HOST_COMMENT", Args: []string{"h", "1", "me", "x\n[1] SHUTDOWN_PROGRAM"}},
		{Time: now, Name: "ADD_HOST_COMMENT", Args: []string{"h", "1", "me", "x\nBackends: a"}},
		{Time: now, Name: "ADD_HOST_COMMENT\n\nCOMMAND [1] SHUTDOWN_PROGRAM"},
		{Time: now - 2*24*3600, Name: "ADD_HOST_COMMENT", Args: []string{"h", "1", "me", "old"}},
		{Time: 0, Name: "ADD_HOST_COMMENT", Args: []string{"h", "1", "me", "no time"}},
	} {
		err := p.hub.Order(t.Context(), agent, c)
		if e, ok := errors.AsType[*livestatus.Error](err); !ok || e.Kind != livestatus.KindRequest || e.Uncertain || e.Fix == "" {
			t.Errorf("%q: %v", c.AppendText(nil), err)
		}
	}
	r.notes.wait(t, "refused an order", "command=SHUTDOWN_PROGRAM", "hint=")
	r.notes.wait(t, "refused an order", "not well formed")
	if all := core.all(); len(all) != 0 {
		t.Errorf("the core got %v", all)
	}
}

// TestCommandInConversation: a command smuggled into a conversation is not
// passed on, and neither is what is no request.
func TestCommandInConversation(t *testing.T) {
	p := newPlace(t)
	core, socket := naemon(t, testkit.Options{})
	r := start(t, Options{Dir: p.join(t, "Berlin"), Core: socket, Allowed: Allowed{"DISABLE_NOTIFICATIONS"}})
	<-p.up
	for _, text := range []string{
		"COMMAND [1795000000] DISABLE_NOTIFICATIONS\n\n",
		"GET hosts\nFilter: name = a\nSmuggled\n\n",
		"GET status\nWaitTrigger: all\nWaitTimeout: 999999999\n\n",
		"GET status\nFilter: name = " + strings.Repeat("a", 2<<20) + "\n\n",
	} {
		c, err := p.hub.Open(t.Context(), p.agentOf(t, "Berlin").ID)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(patience))
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(c)
		if !strings.HasPrefix(string(b), "400 ") && len(b) > 0 {
			t.Errorf("%.60q: %q", text, b)
		}
		c.Close()
	}
	r.notes.wait(t, "refused a request", "DISABLE_NOTIFICATIONS")
	if on := core.Rows("status")[0]["enable_notifications"]; on != int64(1) && on != 1 {
		t.Errorf("enable_notifications is %v", on)
	}
}

// TestKeyFiles: keys are for their owner only.
func TestKeyFiles(t *testing.T) {
	p := newPlace(t)
	dir := p.join(t, "Berlin")
	for _, file := range []string{filepath.Join(p.dir, keyFile), filepath.Join(dir, stateFile)} {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := OpenAuthority(t.Context(), p.store, p.dir); err == nil || !strings.Contains(err.Error(), "others may read it") {
		t.Errorf("the authority: %v", err)
	}
	if _, err := readState(dir); err == nil || !strings.Contains(err.Error(), "can be read by others") {
		t.Errorf("the agent: %v", err)
	}
}

// TestAgentSpeaksForItsSite: of two sites, the agent of one sends rows that are
// the other's, wishes to speak for it, and is the only one that is there. What
// it says is its own site's alone; the other stays without an agent.
func TestAgentSpeaksForItsSite(t *testing.T) {
	p := newPlace(t)
	_, socket := naemon(t, testkit.Options{})
	berlin, err := readState(p.join(t, "Berlin"))
	if err != nil {
		t.Fatal(err)
	}
	wien := start(t, Options{Dir: p.join(t, "Wien"), Core: socket})
	for <-p.up != p.agentOf(t, "Wien").Site {
	}
	honest, err := p.client(t, p.agentOf(t, "Wien").ID).Identify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wien.stop()
	mine := dishonest(t, p.address, berlin)
	for <-p.up != p.agentOf(t, "Berlin").Site {
	}
	answered := make(chan error, 1)
	go func() {
		for {
			s, err := mine.AcceptStream()
			if err != nil {
				answered <- nil
				return
			}
			c := &talk{Stream: s}
			if want, err := c.message(); err != nil || string(want) != wantLivestatus {
				t.Errorf("the server wants %q, %v", want, err)
			}
			// It ends with an error when the server has what it wanted.
			_ = socket.Converse(t.Context(), c, func() error { _, err := io.WriteString(s, livestatusReady); return err })
			c.Close()
		}
	}()
	got, err := p.client(t, p.agentOf(t, "Berlin").ID).Identify(t.Context())
	if err != nil || got.ProgramStart != honest.ProgramStart {
		t.Errorf("what Berlin's agent says of Berlin: %+v, %v", got, err)
	}
	if _, err := p.client(t, p.agentOf(t, "Wien").ID).Identify(t.Context()); livestatus.KindOf(err) != livestatus.KindUnreachable {
		t.Errorf("Berlin's agent answers for Wien: %v", err)
	}
	for _, wish := range []string{"rows " + p.agentOf(t, "Wien").Site, wantLivestatus + " " + p.agentOf(t, "Wien").ID} {
		c, err := mine.begin(t.Context(), wish)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(c); len(b) > 0 || err != nil {
			t.Errorf("%s: %q, %v", wish, b, err)
		}
		p.notes.wait(t, "not known here", "agent="+p.agentOf(t, "Berlin").ID, wish, "hint=")
	}
	mine.Close()
	<-answered
}
