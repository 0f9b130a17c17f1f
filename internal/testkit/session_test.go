package testkit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answerOf reads one fixed16 answer from a kept connection.
func answerOf(t *testing.T, r *bufio.Reader) (code int, body string) {
	t.Helper()
	head := make([]byte, 16)
	if _, err := io.ReadFull(r, head); err != nil {
		t.Fatalf("header: %v", err)
	}
	code, err := strconv.Atoi(string(head[:3]))
	if err != nil {
		t.Fatalf("header %q", head)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(head[3:15])))
	if err != nil {
		t.Fatalf("header %q", head)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		t.Fatalf("body: %v", err)
	}
	return code, string(b)
}

func send(t *testing.T, w io.Writer, s string) {
	t.Helper()
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
}

// TestKeepAlive speaks several requests over one connection: one by one, two
// at once, a command before a request, and an error in the middle.
func TestKeepAlive(t *testing.T) {
	const get = "GET status\nColumns: program_start\n" + js + fixed + "KeepAlive: on\n\n"
	for _, p := range allProfiles {
		t.Run(string(p), func(t *testing.T) {
			c := newTestCore(t, Options{Profile: p, Hosts: 3, Quiet: true})
			conn := dial(t, c)
			r := bufio.NewReader(conn)
			for i, step := range []struct {
				send string
				code []int
			}{
				{get, []int{200}}, {get, []int{200}}, {get + get, []int{200, 200}},
				{"COMMAND [1795326400] DISABLE_NOTIFICATIONS\n\n" + get, []int{200}},
				{"GET nosuch\n" + fixed + "KeepAlive: on\n\n" + get, []int{404, 200}},
			} {
				send(t, conn, step.send)
				for _, want := range step.code {
					if code, body := answerOf(t, r); code != want {
						t.Fatalf("step %d: code %d, want %d: %q", i, code, want, body)
					}
				}
			}
			if c.Rows("status")[0]["enable_notifications"] != int64(0) {
				t.Error("the command had no effect")
			}
		})
	}
}

// TestTwoCommands: of two commands in one request Icinga 2 runs the first only.
func TestTwoCommands(t *testing.T) {
	for p, want := range map[Profile]int64{Naemon: 1, Nagios4: 1, Icinga2: 0, Shinken: 1} {
		c := newTestCore(t, Options{Profile: p, Hosts: 2, Quiet: true})
		if got := ask(t, c, "COMMAND [1795326400] DISABLE_NOTIFICATIONS\nCOMMAND [1795326401] ENABLE_NOTIFICATIONS\n\n"); got != "" {
			t.Errorf("%s: answered %q", p, got)
		}
		if got := c.Rows("status")[0]["enable_notifications"]; got != want {
			t.Errorf("%s: notifications %v, want %v", p, got, want)
		}
	}
}

// TestCommandAnswers: what implementations say to commands that are wrong.
func TestCommandAnswers(t *testing.T) {
	const bad, host = "COMMAND [1795326400] NO_SUCH_COMMAND;x", "COMMAND [1795326400] ADD_HOST_COMMENT;nosuch;1;me;text"
	get := "GET status\nColumns: program_version\n" + js + fixed + "\n"
	for _, tt := range []struct {
		p          Profile
		send, want string // want: a prefix
	}{
		{Naemon, bad + "\n\n", "400: Unknown command 'NO_SUCH_COMMAND'\n"},
		{Naemon, host + "\n\n", "400: Failed validation of host_name as type host (argument 0)\n"},
		{Naemon, "COMMAND [1795326400] ADD_HOST_COMMENT;gateway;1\n\n", "400: Missing argument: expected 4 arguments, found 2\n"},
		{Naemon, bad + "\n\n" + get, "400: Unknown command 'NO_SUCH_COMMAND'\n200          12\n[[\"1.5.2\"]]\n"},
		{Naemon, bad + "\n" + fixed + "\n", "400: Unknown command 'NO_SUCH_COMMAND'\nInvalid request method\n"},
		{Nagios4, bad + "\n\n", ""},
		{Nagios4, host + "\n\n", ""},
		{Shinken, host + "\n\n", ""},
		{Icinga2, host + "\n\n", ""},
		{Icinga2, host + "\n" + fixed + "\n", "452"},
		{Icinga2, "COMMAND [1795326400] DISABLE_NOTIFICATIONS\n" + fixed + "\n", "200           0\n"},
	} {
		c := newTestCore(t, Options{Profile: tt.p, Hosts: 2, Quiet: true})
		got := ask(t, c, tt.send)
		if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s: %q\n got %q\nwant %q", tt.p, tt.send, got, tt.want)
		}
	}
}

// TestWait: a waiting request is answered by the event it waits for, where the
// implementation waits at all.
func TestWait(t *testing.T) {
	const svc = "GET services\nColumns: state\nFilter: host_name = gateway\nFilter: description = PING\n" + js
	for _, tt := range []struct {
		p       Profile
		request string
		event   bool // something must happen before the answer comes
		want    string
	}{
		{Naemon, svc + "WaitTrigger: check\nWaitObject: gateway;PING\nWaitCondition: state = 2\nWaitTimeout: 19000\n\n", true, "[[2]]\n"},
		{Naemon, svc + "WaitTrigger: check\nWaitObject: gateway PING\nWaitCondition: state = 2\nWaitTimeout: 19000\n\n", true, "[[2]]\n"},
		{Naemon, svc + "WaitTrigger: check\nWaitTimeout: 19000\n\n", true, "[[2]]\n"},
		{Naemon, svc + "WaitTrigger: all\nWaitObject: gateway;PING\nWaitCondition: state = 0\nWaitTimeout: 19000\n\n", false, "[[0]]\n"},
		{Naemon, svc + "WaitTrigger: all\nWaitObject: gateway;PING\nWaitCondition: state = 3\nWaitTimeout: 30\n\n", false, "[[0]]\n"},
		{Naemon, svc + fixed + "WaitTrigger: all\nWaitObject: nosuch;PING\nWaitCondition: state = 0\n\n", false, "400          74\nWaitObject: object 'nosuch;PING' not found or not supported by this table\n"},
		{Naemon, svc + fixed + "WaitTrigger: nosuch\n\n", false, "400"},
		{Nagios4, svc + "WaitTrigger: check\nWaitObject: gateway;PING\nWaitCondition: state = 2\nWaitTimeout: 19000\n\n", true, "[[2]]\n"},
		{Nagios4, svc + "WaitTrigger: check\nWaitTimeout: 19000\n\n", false, "[[0]]\n"},
		{Nagios4, svc + fixed + "WaitTrigger: all\nWaitObject: nosuch;PING\nWaitCondition: state = 0\nWaitTimeout: 20\n\n", false, "400"},
		{Icinga2, svc + "WaitTrigger: bogus\nWaitObject: nosuch\nWaitCondition: state = 2\nWaitTimeout: 19000\n\n", false, "[[0]]"},
		{Shinken, svc + "WaitTrigger: check\nWaitObject: gateway;PING\nWaitCondition: state = 2\nWaitTimeout: 19000\n\n", true, "[[2]]\n"},
	} {
		c := newTestCore(t, Options{Profile: tt.p, Hosts: 2, Quiet: true, Churn: -1})
		got := make(chan string, 1)
		conn := dial(t, c)
		send(t, conn, tt.request)
		_ = conn.CloseWrite()
		go func() {
			b, err := io.ReadAll(conn)
			if err != nil {
				b = []byte(err.Error())
			}
			got <- string(b)
		}()
		if tt.event {
			awaitWaiter(t, c)
			c.SetState("gateway", "PING", 2, "CRITICAL - lost")
		}
		if s := <-got; !strings.HasPrefix(s, tt.want) && !(tt.want == "[[2]]\n" && strings.Contains(s, "[[2]]")) {
			t.Errorf("%s: %q\n got %q\nwant %q", tt.p, tt.request, s, tt.want)
		}
	}
}

// awaitWaiter returns when somebody waits for events, or, where waiting is
// polling, when the request has arrived.
func awaitWaiter(t *testing.T, c *Core) {
	t.Helper()
	for range 10000 {
		c.w.events.mu.Lock()
		waiting := c.w.events.wake != nil
		c.w.events.mu.Unlock()
		if waiting || c.w.p.name == Shinken && c.w.asked.Load() > 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("nobody waits")
}

// TestThreads: the eleventh client of MK Livestatus hangs until one goes.
func TestThreads(t *testing.T) {
	c := newTestCore(t, Options{Profile: Nagios4, Hosts: 2, Quiet: true})
	const get = "GET hosts\nStats: state >= 0\n" + fixed + "KeepAlive: on\n\n"
	var held []net.Conn
	for range 10 {
		conn := dial(t, c)
		send(t, conn, get)
		answerOf(t, bufio.NewReader(conn))
		held = append(held, conn)
	}
	conn := dial(t, c)
	send(t, conn, get)
	_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the eleventh client was served: %v", err)
	}
	_ = held[3].Close()
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	answerOf(t, bufio.NewReader(conn))
}

// TestPool: four idle clients stop the checks of Icinga 2, three do not.
func TestPool(t *testing.T) {
	now := time.Now()
	c := newTestCore(t, Options{Profile: Icinga2, Hosts: 2, Quiet: true, Churn: 1, Now: func() time.Time { return now }})
	checked := func() string { return fmt.Sprint(c.Rows("services")[0]["last_check"]) }
	var held []net.Conn
	for range 4 {
		conn := dial(t, c)
		send(t, conn, "GET hosts\nStats: state >= 0\n"+fixed+"KeepAlive: on\n\n")
		answerOf(t, bufio.NewReader(conn))
		held = append(held, conn)
	}
	before := checked()
	c.Step(now.Add(time.Minute))
	if checked() != before {
		t.Error("checks ran with the whole pool taken")
	}
	_ = held[0].Close()
	for i := 0; checked() == before; i++ {
		if i > 5000 {
			t.Fatal("checks did not resume")
		}
		time.Sleep(time.Millisecond)
		c.Step(now.Add(time.Minute))
	}
}

func TestFaults(t *testing.T) {
	const get = "GET hosts\nColumns: name state\n" + js + fixed + "\n"
	for _, tt := range []struct {
		kind FaultKind
		want string // a prefix of what comes before the connection ends or rests
		rest bool
	}{
		{Hang, "", true}, {Drip, "2", true}, {CloseNow, "", false}, {HalfRow, "200", true},
		{HTTP, "HTTP/1.1 400 Bad Request\r\n", false}, {SSH, "SSH-2.0-OpenSSH", false},
		{XinetdNoSocket, "No UNIX socket /var/cache/naemon/live existing\n", false}, {Huge, "200  ", true},
	} {
		c := newTestCore(t, Options{Hosts: 5, Quiet: true})
		conn := dial(t, c)
		_ = conn.Close()
		c.SetFault(Fault{Kind: tt.kind})
		conn = dial(t, c)
		_, _ = io.WriteString(conn, get)
		b := make([]byte, max(len(tt.want), 1))
		if !tt.rest || tt.want != "" {
			n, err := io.ReadFull(conn, b)
			if string(b[:n]) != tt.want && !strings.HasPrefix(tt.want, string(b[:n])) || n < len(tt.want) {
				t.Errorf("fault %d: %q, %v; want %q", tt.kind, b[:n], err, tt.want)
			}
		}
		if tt.rest && tt.kind != Huge {
			_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			if _, err := io.ReadAll(conn); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("fault %d: the connection ended: %v", tt.kind, err)
			}
		}
		_ = conn.Close()
		c.SetFault(Fault{})
		if got := ask(t, c, get); !strings.HasPrefix(got, "200") {
			t.Errorf("after fault %d: %q", tt.kind, got)
		}
	}
}

// TestHuge reads the beginning and adds up whether the announced length fits.
func TestHuge(t *testing.T) {
	c := newTestCore(t, Options{Hosts: 2, Quiet: true})
	for _, format := range []string{js, ""} {
		c.SetFault(Fault{Kind: Huge})
		conn := dial(t, c)
		send(t, conn, "GET services\nColumns: host_name state contacts\n"+format+fixed+"\n")
		b := make([]byte, 16+400)
		if _, err := io.ReadFull(conn, b); err != nil {
			t.Fatal(err)
		}
		size, err := strconv.Atoi(strings.TrimSpace(string(b[3:15])))
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(b[16:]), "\n")
		width := len(first) + 1
		if format == js { // "[" + row + ",": the next ones have no bracket
			width--
		}
		if got := size / width; got != hugeRows {
			t.Errorf("%q announces %d bytes, which is %d rows of %q", format, size, got, first)
		}
		_ = conn.Close()
	}
}

func TestRefuse(t *testing.T) {
	c := newTestCore(t, Options{Hosts: 2, Quiet: true})
	path := filepath.Join(t.TempDir(), "live")
	if err := c.ListenUnix(path); err != nil {
		t.Fatal(err)
	}
	c.SetFault(Fault{Kind: Refuse})
	if conn, err := net.Dial("unix", path); err == nil {
		_ = conn.Close()
		t.Error("connected to a core that refuses")
	}
	// One that the listener had taken before it was closed.
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	if c.admit(here) {
		t.Error("a core that refuses speaks with who came in the last moment")
	}
	c.SetFault(Fault{})
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	send(t, conn, "GET status\nColumns: program_version\n\n")
	if b, err := io.ReadAll(conn); string(b) != "1.5.2\n" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestLoopbackOnly(t *testing.T) {
	c := newTestCore(t, Options{Hosts: 1, Quiet: true})
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:6557", "[::]:0"} {
		if _, err := c.ListenTCP(addr); err == nil {
			t.Errorf("listens on %s", addr)
		}
	}
}

// TestHalfRequest: without the empty line Icinga 2 answers nothing; a line
// that does not end is incomplete everywhere.
func TestHalfRequest(t *testing.T) {
	for p, want := range map[Profile]string{Naemon: "Client connection terminated while request still incomplete\n", Nagios4: "", Icinga2: "", Shinken: ""} {
		c := newTestCore(t, Options{Profile: p, Hosts: 1, Quiet: true})
		if got := ask(t, c, "GET hosts\nColumns: na"); got != want {
			t.Errorf("%s: %q, want %q", p, got, want)
		}
	}
}

// TestReload: the program starts anew, connections die, numbers change where
// they do.
func TestReload(t *testing.T) {
	for _, p := range allProfiles {
		c := newTestCore(t, Options{Profile: p, Hosts: 30, Seed: 4})
		before := c.Rows("status")[0]
		ids := fmt.Sprint(idsByText(c, "comments"), idsByText(c, "downtimes"))
		conn := dial(t, c)
		send(t, conn, "GET hosts\nStats: state >= 0\n"+fixed+"KeepAlive: on\n\n")
		answerOf(t, bufio.NewReader(conn))
		c.Reload()
		if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: a kept connection survives the reload", p)
		}
		after := c.Rows("status")[0]
		if after["program_start"] == before["program_start"] {
			t.Errorf("%s: the same program_start", p)
		}
		if (after["nagios_pid"] != before["nagios_pid"]) != (p == Icinga2) {
			t.Errorf("%s: process id %v, then %v", p, before["nagios_pid"], after["nagios_pid"])
		}
		same := fmt.Sprint(idsByText(c, "comments"), idsByText(c, "downtimes")) == ids
		if same != (p == Naemon || p == Shinken) {
			t.Errorf("%s: numbers of comments and downtimes the same: %v", p, same)
		}
		c.Restart()
		if c.Rows("status")[0]["nagios_pid"] == after["nagios_pid"] {
			t.Errorf("%s: the same process id after a restart", p)
		}
	}
}

func idsByText(c *Core, table string) map[string]any {
	out := map[string]any{}
	for _, r := range c.Rows(table) {
		out[fmt.Sprint(r["host_name"], r["service_description"], r["comment"], r["entry_time"])] = r["id"]
	}
	return out
}
