package livestatus_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/testkit"
)

// simulated starts a core and returns its address.
func simulated(t *testing.T, o testkit.Options) (*testkit.Core, livestatus.Address) {
	t.Helper()
	core := testkit.NewCore(o)
	t.Cleanup(func() { core.Close() })
	addr, err := core.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err := livestatus.ParseAddress(addr.String())
	if err != nil {
		t.Fatal(err)
	}
	return core, a
}

func TestSimulatedCores(t *testing.T) {
	for _, tt := range []struct {
		profile testkit.Profile
		name    string
	}{{testkit.Naemon, "Naemon"}, {testkit.Nagios4, "Nagios"}, {testkit.Icinga2, "Icinga 2"}, {testkit.Shinken, "Shinken"}} {
		t.Run(string(tt.profile), func(t *testing.T) {
			core, a := simulated(t, testkit.Options{Profile: tt.profile})
			c := livestatus.NewClient(livestatus.Options{Address: a})
			defer c.Close()
			is, err := c.Identify(t.Context())
			if err != nil || is.Name != tt.name {
				t.Fatalf("%s %v", is.Name, err)
			}
			columns, err := c.Columns(t.Context(), is)
			if err != nil || !slices.Contains(columns["services"], "plugin_output") {
				t.Fatalf("%v", err)
			}
			for _, table := range []string{"hosts", "services", "contacts", "comments"} {
				r, err := c.Query(t.Context(), lql.Get(table))
				if want := len(core.Rows(table)); err != nil || r.Rows != want {
					t.Errorf("%s: %v, want %d rows", table, err, want)
				}
			}
			if err := c.Send(t.Context(), lql.Command{Name: "DISABLE_NOTIFICATIONS"}); err != nil {
				t.Errorf("command: %v", err)
			}
			r := livestatus.Diagnose(t.Context(), livestatus.Options{Address: a}, nil)
			if !r.OK || r.Hosts != len(core.Rows("hosts")) || r.Services != len(core.Rows("services")) {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestSimulatedFaults(t *testing.T) {
	core, a := simulated(t, testkit.Options{Profile: testkit.Naemon})
	const quick = 300 * time.Millisecond
	for _, tt := range []struct {
		fault testkit.FaultKind
		kinds []livestatus.ErrKind
		soon  livestatus.Options // what is given up anyway is given up soon
	}{
		{testkit.Hang, []livestatus.ErrKind{livestatus.KindSilent}, livestatus.Options{FirstByte: quick}},
		{testkit.Drip, []livestatus.ErrKind{livestatus.KindSlow}, livestatus.Options{ReadTimeout: quick, Grace: quick}},
		{testkit.CloseNow, []livestatus.ErrKind{livestatus.KindHangup}, livestatus.Options{}},
		{testkit.HalfRow, []livestatus.ErrKind{livestatus.KindSlow, livestatus.KindProtocol}, livestatus.Options{ReadTimeout: quick}},
		{testkit.Garbage, []livestatus.ErrKind{livestatus.KindProtocol, livestatus.KindBanner, livestatus.KindSlow}, livestatus.Options{ReadTimeout: quick, Grace: quick}},
		{testkit.HTTP, []livestatus.ErrKind{livestatus.KindHTTP}, livestatus.Options{}},
		{testkit.SSH, []livestatus.ErrKind{livestatus.KindSSH}, livestatus.Options{}},
		{testkit.XinetdNoSocket, []livestatus.ErrKind{livestatus.KindXinetd}, livestatus.Options{}},
		{testkit.Huge, []livestatus.ErrKind{livestatus.KindTooLarge}, livestatus.Options{}},
		{testkit.Refuse, []livestatus.ErrKind{livestatus.KindRefused}, livestatus.Options{}},
		{testkit.Healthy, []livestatus.ErrKind{""}, livestatus.Options{}},
	} {
		core.SetFault(testkit.Fault{Kind: tt.fault})
		tt.soon.Address, tt.soon.MaxRows = a, 10000
		c := livestatus.NewClient(tt.soon)
		_, err := c.Query(t.Context(), lql.Get("services"))
		if kind := livestatus.KindOf(err); !slices.Contains(tt.kinds, kind) {
			t.Errorf("fault %d: %v, want %v", tt.fault, err, tt.kinds)
		}
		c.Close()
	}
}

func TestSimulatedClock(t *testing.T) {
	for _, profile := range []testkit.Profile{testkit.Naemon, testkit.Icinga2} {
		core, a := simulated(t, testkit.Options{Profile: profile, Churn: 0.2})
		core.SetClockSkew(71 * time.Second)
		core.Step(time.Now())
		core.Start(t.Context())
		r := livestatus.Diagnose(t.Context(), livestatus.Options{Address: a}, nil)
		if !r.OK || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "s ahead of ours") {
			t.Errorf("%s: %+v", profile, r.Steps)
		}
		core.Close()
	}
}

func TestSimulatedUnixSocket(t *testing.T) {
	core, _ := simulated(t, testkit.Options{Profile: testkit.Nagios4})
	path := filepath.Join(t.TempDir(), "live")
	if err := core.ListenUnix(path); err != nil {
		t.Fatal(err)
	}
	r := livestatus.DiagnoseText(t.Context(), path, livestatus.TLSOptions{}, livestatus.Options{}, nil)
	if !r.OK || r.Core.Name != "Nagios" {
		t.Errorf("%+v", r)
	}
}
