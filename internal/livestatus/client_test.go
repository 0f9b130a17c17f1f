package livestatus

import (
	"context"
	"slices"
	"strings"
	"testing"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

func TestIdentifyRecorded(t *testing.T) {
	for _, tt := range []struct {
		name    string
		impl    schema.Cores
		is      string // name and version
		hosts   int    // columns of table hosts, at least
		pid     int64
		oneLane bool
	}{
		{"naemon-1.5", schema.Naemon, "Naemon 1.5.2", 118, 13766, false},
		{"nagios4-mk1.5", schema.MK15, "Nagios 4.4.6", 116, 13827, false},
		{"icinga2-2.13", schema.Icinga2, "Icinga 2 2.13.6", 100, 13928, true},
		{"shinken-2.4", schema.Shinken, "Shinken 3.0.0-RC1", 90, 14150, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, recorded(t, tt.name))
			c := f.client(Options{})
			core, err := c.Identify(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if is := core.Name + " " + core.Version; is != tt.is || core.Impl != tt.impl || core.PID != tt.pid || core.ProgramStart < 1795327000 || !core.Commands {
				t.Errorf("%s, want %s: %+v", is, tt.is, core)
			}
			if core.Profile.OneLane != tt.oneLane {
				t.Errorf("profile %+v", core.Profile)
			}
			for _, r := range f.seen() {
				if strings.Contains(r, "Columns:") || strings.Contains(r, "Filter:") {
					t.Errorf("request names columns: %q", r)
				}
			}
			columns, err := c.Columns(t.Context(), core)
			if err != nil {
				t.Fatal(err)
			}
			if len(columns["hosts"]) < tt.hosts || !slices.Contains(columns["services"], "host_name") || !slices.Contains(columns["status"], "program_start") {
				t.Errorf("columns: %d of hosts, services %v", len(columns["hosts"]), columns["services"])
			}
			if len(columns["comments"]) == 0 {
				t.Errorf("no columns of comments")
			}
		})
	}
}

func TestIdentifyVersions(t *testing.T) {
	for _, tt := range []struct {
		lv, pv string
		extra  string // a further column
		impl   schema.Cores
		is     string
	}{
		{"1.1.12p6", "3.2.3", "", schema.MK11, "Nagios 3.2.3"},
		{"1.2.0p3", "3.5.1", "", schema.MK12, "Nagios 3.5.1"},
		{"1.2.8p25", "1.14.2", "", schema.MK12, "Icinga 1 1.14.2"},
		{"1.5.0p23", "4.4.3", "", schema.MK15, "Nagios 4.4.3"},
		{"2.2.0p5", "4.4.6", "", schema.Checkmk, "Checkmk 2.2.0p5"},
		{"2.3.0p12.cme", "Check_MK 2.3.0p12", "edition", schema.Checkmk, "Checkmk 2.3.0p12"},
		{"1.0.6-naemon", "1.0.6-pkg", "", schema.Naemon, "Naemon 1.0.6"},
		{"r2.4.10-1", "r2.4.10-1", "", schema.Icinga2, "Icinga 2 2.4.10"},
		{"v2.11.3", "v2.11.3", "", schema.Icinga2, "Icinga 2 2.11.3"},
		{"2.14.0", "2.14.0-icinga2", "", schema.Icinga2, "Icinga 2 2.14.0"},
		{"2.8.3", "4.4.6", "lmd_last_cache_update", schema.LMD, "LMD 2.8.3"},
		{"", "", "", 0, "Livestatus "},
		{"something new", "5.0", "", 0, "Livestatus 5.0"},
	} {
		t.Run(tt.lv+" "+tt.pv, func(t *testing.T) {
			head := `"livestatus_version","program_version","program_start"`
			row := `"` + tt.lv + `","` + tt.pv + `",1795327335`
			if tt.extra != "" {
				head, row = head+`,"`+tt.extra+`"`, row+`,1`
			}
			f := newFake(t, func(string) (string, bool) { return framed(200, "[["+head+"],\n["+row+"]]\n"), false })
			core, err := f.client(Options{}).Identify(t.Context())
			if is := core.Name + " " + core.Version; err != nil || core.Impl != tt.impl || is != tt.is {
				t.Errorf("%s impl %d, want %s impl %d; %v", is, core.Impl, tt.is, tt.impl, err)
			}
		})
	}
}

func TestQueryRecorded(t *testing.T) {
	f := newFake(t, recorded(t, "naemon-1.5"))
	r, err := f.client(Options{}).Query(t.Context(), lql.Get("hosts"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Rows == 0 || r.Text(0, "name") != "backup01" || r.Column("contacts").Kind != lql.Objects || !r.Column("custom_variables").Dict {
		t.Errorf("rows %d name %q contacts %v", r.Rows, r.Text(0, "name"), r.Strings(0, "contacts"))
	}
	for _, v := range r.Vectors {
		if n := len(v.Ints) + len(v.Floats) + len(v.Texts) + len(v.Objects); n != r.Rows {
			t.Errorf("column %s has %d values for %d rows", v.Name, n, r.Rows)
		}
	}
}

func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := newFake(t, func(string) (string, bool) { cancel(); return "200   ", true })
	_, err := f.client(Options{}).Query(ctx, lql.Get("hosts", "name"))
	if KindOf(err) != KindCanceled {
		t.Errorf("error %v", err)
	}
}
