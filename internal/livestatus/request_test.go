package livestatus

import (
	"strings"
	"testing"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

func TestPrepare(t *testing.T) {
	withWait := func(conditions ...lql.Filter) *lql.Query {
		q := lql.Get("hosts", "name")
		q.Wait = &lql.Wait{Trigger: "check", Object: "a b", Condition: lql.AndOf(conditions...), Timeout: 2 * time.Second}
		if len(conditions) == 1 {
			q.Wait.Condition = lql.Filter{Kind: lql.And, Kids: conditions}
		}
		return q
	}
	forever := withWait()
	forever.Wait.Timeout = 0
	restricted := lql.Get("hosts", "name")
	restricted.AuthUser = "alice"
	sorted := lql.Get("hosts", "name").OrderBy("name")
	sorted.Offset = 5
	grouped := lql.Get("services").Count(lql.EqInt("state", 2))
	grouped.GroupBy = []string{"host_name"}
	rich := lql.Get("hosts", "name", "state")
	rich.Timelimit, rich.Backends, rich.Separators = time.Second, []string{"a"}, lql.Separators{Row: 1, Field: 2, List: 3, Pair: 4}
	const frame = "OutputFormat: json\nResponseHeader: fixed16\n"
	for _, tt := range []struct {
		name string
		q    *lql.Query
		impl schema.Cores
		want string // "": refused
	}{
		{"plain", lql.Get("hosts", "name", "state"), schema.Naemon, "GET hosts\nColumns: name state\n" + frame + "KeepAlive: on\n\n"},
		{"one lane keeps nothing", lql.Get("hosts", "name"), schema.Icinga2, "GET hosts\nColumns: name\n" + frame + "\n"},
		{"unknown core", lql.Get("hosts", "name"), 0, "GET hosts\nColumns: name\n" + frame + "\n"},
		{"all columns: header after all", lql.Get("hosts"), schema.MK12, "GET hosts\nOutputFormat: json\nColumnHeaders: on\nResponseHeader: fixed16\nKeepAlive: on\n\n"},
		{"sort", sorted, schema.Naemon, "GET hosts\nColumns: name\nSort: name asc\nLimit: 1073741824\nOffset: 5\n" + frame + "KeepAlive: on\n\n"},
		{"sort on mk", sorted, schema.MK15, ""},
		{"group", grouped, schema.LMD, "GET services\nColumns: host_name\nStats: state = 2\n" + frame + "KeepAlive: on\n\n"},
		{"left out", rich, schema.MK12, "GET hosts\nColumns: name state\n" + frame + "KeepAlive: on\n\n"},
		{"kept", rich, schema.LMD, "GET hosts\nColumns: name state\nBackends: a\n" + frame + "KeepAlive: on\n\n"},
		{"wait on naemon", withWait(), schema.Naemon, "GET hosts\nColumns: name\nWaitObject: a b\nWaitTrigger: check\nWaitTimeout: 2000\n" + frame + "KeepAlive: on\n\n"},
		{"wait on mk spins", withWait(), schema.MK15, ""},
		{"wait on mk with condition", withWait(lql.EqInt("state", 1)), schema.MK15, "GET hosts\nColumns: name\nWaitObject: a b\nWaitCondition: state = 1\nWaitTrigger: check\nWaitTimeout: 2000\n" + frame + "KeepAlive: on\n\n"},
		{"wait on icinga", withWait(lql.EqInt("state", 1)), schema.Icinga2, ""},
		{"contact", restricted, schema.MK12, "GET hosts\nColumns: name\nAuthUser: alice\n" + frame + "KeepAlive: on\n\n"},
		{"contact on icinga, which shows all", restricted, schema.Icinga2, ""},
		{"contact on shinken", restricted, schema.Shinken, ""},
		{"wait for ever", forever, schema.Naemon, ""},
		{"line break", lql.Get("hosts", "name").Where(lql.Eq("name", "x\nAuthUser: admin")), schema.Naemon, ""},
		{"blank in name", lql.Get("hosts", "name  state"), schema.Naemon, ""},
		{"empty name", lql.Get("hosts", "name", ""), schema.Naemon, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := string(tt.q.AppendText(nil))
			p := profileOf(tt.impl)
			q, err := prepare(tt.q, p, p.KeepAlive)
			if tt.want == "" {
				if KindOf(err) != KindRequest {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := string(q.AppendText(nil)); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if after := string(tt.q.AppendText(nil)); after != before {
				t.Errorf("changed the query to %q", after)
			}
		})
	}
}

func TestPrepareCommand(t *testing.T) {
	now := time.Unix(1795327335, 0)
	for _, tt := range []struct {
		name string
		cmd  lql.Command
		impl schema.Cores
		want string // "": refused
	}{
		{"mk", lql.Command{Name: "ADD_HOST_COMMENT", Args: []string{"a", "1", "me", `x; y\n`}}, schema.MK15, "COMMAND [1795327335] ADD_HOST_COMMENT;a;1;me;x; y\\n\n\n"},
		{"naemon doubles backslashes", lql.Command{Name: "ADD_HOST_COMMENT", Args: []string{"a", "1", "me", `c:\new`}}, schema.Naemon, "COMMAND [1795327335] ADD_HOST_COMMENT;a;1;me;c:\\\\new\n\n"},
		{"icinga answers", lql.Command{Name: "X", Time: 1795000000}, schema.Icinga2, "COMMAND [1795000000] X\nResponseHeader: fixed16\n\n"},
		{"naemon takes no header", lql.Command{Name: "X", Fixed16: true, KeepAlive: true, FormatSet: true, Format: lql.JSON, Backends: []string{"a"}}, schema.Naemon, "COMMAND [1795327335] X\n\n"},
		{"line feed", lql.Command{Name: "X", Args: []string{"a\nb"}}, schema.Naemon, ""},
		{"carriage return", lql.Command{Name: "X", Args: []string{"a\r"}}, schema.Naemon, ""},
		{"NUL", lql.Command{Name: "X", Args: []string{"a\x00"}}, schema.Naemon, ""},
		{"DEL", lql.Command{Name: "X", Args: []string{"a\x7f"}}, schema.Naemon, ""},
		{"bad bytes", lql.Command{Name: "X", Args: []string{"a\xff"}}, schema.Naemon, ""},
		{"semicolon", lql.Command{Name: "X", Args: []string{"a;b", "c"}}, schema.Naemon, ""},
		{"name", lql.Command{Name: "x y"}, schema.Naemon, ""},
		{"no name", lql.Command{}, schema.Naemon, ""},
		{"nine digits", lql.Command{Name: "X", Time: 999999999}, schema.Naemon, ""},
		{"milliseconds", lql.Command{Name: "X", Time: 1795327335000}, schema.Naemon, ""},
		{"long", lql.Command{Name: "X", Args: []string{strings.Repeat("x", 60000)}}, schema.Naemon, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd, err := prepareCommand(tt.cmd, profileOf(tt.impl), now)
			if tt.want == "" {
				if KindOf(err) != KindRequest {
					t.Errorf("error %v", err)
				}
				return
			}
			if got := string(cmd.AppendText(nil)); err != nil || got != tt.want {
				t.Errorf("got %q, want %q; %v", got, tt.want, err)
			}
		})
	}
}

func TestParseAddress(t *testing.T) {
	for _, tt := range []struct{ in, want, bad string }{
		{in: "tcp://mon:6557", want: "tcp://mon:6557"},
		{in: "mon:6558", want: "tcp://mon:6558"},
		{in: " mon ", want: "tcp://mon:6557"},
		{in: "10.0.0.1", want: "tcp://10.0.0.1:6557"},
		{in: "[::1]:6557", want: "tcp://[::1]:6557"},
		{in: "::1", want: "tcp://[::1]:6557"},
		{in: "tls://mon.example:6557/", want: "tls://mon.example:6557"},
		{in: "tls://mon?ca=/etc/ca.pem&server_name=x&fingerprint=AB", want: "tls://mon:6557"},
		{in: "/var/cache/naemon/live", want: "unix:///var/cache/naemon/live"},
		{in: "unix:///run/x//live", want: "unix:///run/x/live"},
		{in: "unix:/run/live", want: "unix:///run/live"},
		{in: "", bad: "is empty"},
		{in: "tcp://", bad: "the host is missing"},
		{in: ":6557", bad: "the host is missing"},
		{in: "mon:port", bad: `port "port" is not a number`},
		{in: "mon:0", bad: "is not a number from 1"},
		{in: "mon:65536", bad: "is not a number from 1"},
		{in: "mon:6557/x", bad: "only a host and a port"},
		{in: "user@mon:6557", bad: "only a host and a port"},
		{in: "a:b:c", bad: "more than one colon"},
		{in: "[mon]:1", bad: "IPv6"},
		{in: "[::1", bad: "IPv6"},
		{in: "tcp://mon:1?ca=x", bad: "for tls://, icinga2:// and https:// only"},
		{in: "tls://mon?cas=x", bad: `parameter "cas" is unknown`},
		{in: "unix://relative", bad: "starts with /"},
		{in: "unix:///" + strings.Repeat("x", 120), bad: "longer than"},
		{in: "mon\n:1", bad: "control character"},
		{in: "ssh://a@b", bad: "the path of the socket on the other machine is missing"},
		{in: "icinga2://a", want: "icinga2://a:5665"},
		{in: "icinga2://eva@[::1]:5666?ca=x&server_name=core", want: "icinga2://[::1]:5666"},
		{in: "icinga2://eva:secret@a", bad: "a password does not belong"},
		{in: "icinga2://@a", bad: "the user before the @"},
		{in: "agent://berlin-a1b2", want: "agent://berlin-a1b2"},
		{in: "agent://mon:6560", want: "agent://mon:6560"},
		{in: "agent://[::1]", want: "agent://[::1]:6560"},
		{in: "agent://mon.example", bad: "not the name of an agent"},
		{in: "agent://", bad: "not the name of an agent"},
		{in: "https://a/thruk", want: "https://a/thruk"},
		{in: "https://a", want: "https://a/thruk"},
		{in: "HTTPS://a:443/", want: "https://a/thruk"},
		{in: "https://a:8443/berlin/thruk/cgi-bin/remote.cgi?ca=x", want: "https://a:8443/berlin/thruk"},
		{in: "https://[::1]/thruk/r/v1/", want: "https://[::1]/thruk"},
		{in: "http://a:80/thruk", want: "http://a/thruk"},
		{in: "http://a/thruk?ca=x", bad: "for tls://, icinga2:// and https:// only"},
		{in: "https://eva:secret@a/thruk", bad: "not with a user in the address"},
		{in: "https://a/thruk?key=x&kay=y", bad: `parameter "kay" is unknown`},
		{in: "https://a/th ruk", bad: "not well formed"},
		{in: "https:///thruk", bad: "the host is missing"},
		{in: "ftp://a", bad: `scheme "ftp" is unknown`},
	} {
		a, err := ParseAddress(tt.in)
		if tt.bad != "" {
			e, ok := err.(*AddressError)
			if !ok || !strings.Contains(e.Msg, tt.bad) || e.Hint == "" {
				t.Errorf("%q: %+v, want %q with a hint", tt.in, err, tt.bad)
			}
			continue
		}
		if err != nil || a.String() != tt.want {
			t.Errorf("%q: %q %v, want %q", tt.in, a, err, tt.want)
			continue
		}
		if b, err := ParseAddress(a.String()); err != nil || b.String() != a.String() {
			t.Errorf("%q is read back as %q %v", a, b, err)
		}
	}
	a, _ := ParseAddress("tls://mon?ca=/etc/ca.pem&server_name=x&fingerprint=AB&cert=c&key=k&insecure=1")
	if want := (TLSOptions{CA: "/etc/ca.pem", Cert: "c", Key: "k", ServerName: "x", Fingerprint: "AB", InsecureSkipVerify: true}); a.TLS != want {
		t.Errorf("options %+v", a.TLS)
	}
}

func TestInterval(t *testing.T) {
	icinga, naemon := profileOf(schema.Icinga2), profileOf(schema.Naemon)
	for took, want := range map[time.Duration]time.Duration{0: time.Second, 20 * time.Millisecond: time.Second, 200 * time.Millisecond: 4 * time.Second} {
		if got := icinga.Interval(took); got != want {
			t.Errorf("Icinga 2 after %s: %s, want %s", took, got, want)
		}
	}
	if naemon.Interval(time.Second) != 0 {
		t.Error("Naemon has no bound of its own")
	}
}
