package corefiles_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"belvedere/internal/corefiles"
)

func names(t *testing.T, c *corefiles.Changes, text string, again func(host, service string) bool) (out []string) {
	t.Helper()
	if _, err := c.Read(strings.NewReader(text), again, func(r *corefiles.Row) error {
		out = append(out, r.Table+" "+r.Text("name")+r.Text("host_name")+";"+r.Text("description"))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestChanges: sections that are the same but for the time of the file are left
// out, others are not, nor those that are asked for.
func TestChanges(t *testing.T) {
	const file = "info {\n\tcreated=1\n\t}\nhoststatus {\n\thost_name=a\n\tcurrent_state=0\n\tlast_update=%d\n\t}\n\n" +
		"servicestatus {\n\thost_name=a\n\tservice_description=s\n\tcurrent_state=%d\n\tlast_update=%[1]d\n\t_X=0;y\n\t}\n"
	var c corefiles.Changes
	expect := func(what string, got []string, want ...string) {
		t.Helper()
		if strings.Join(got, ",") != strings.Join(want, ",") {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	expect("first", names(t, &c, fmt.Sprintf(file, 1, 0), nil), "hosts a;", "services a;s")
	expect("again, as it was not kept", names(t, &c, fmt.Sprintf(file, 2, 0), nil), "hosts a;", "services a;s")
	c.Keep()
	expect("the same", names(t, &c, fmt.Sprintf(file, 3, 0), nil))
	c.Keep()
	expect("another state", names(t, &c, fmt.Sprintf(file, 4, 2), nil), "services a;s")
	expect("asked for", names(t, &c, fmt.Sprintf(file, 4, 0), func(host, service string) bool { return host == "a" && service == "" }), "hosts a;")
	c.Forget()
	expect("forgotten", names(t, &c, fmt.Sprintf(file, 5, 0), nil), "hosts a;", "services a;s")
}

// TestChangesEqual: all that ReadStatus reads Changes reads, too, wherever the
// file ends.
func TestChangesEqual(t *testing.T) {
	whole, err := os.ReadFile("testdata/status.dat")
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n <= len(whole); n += 41 {
		compareReaders(t, whole[:n])
	}
	compareReaders(t, whole)
	compareReaders(t, []byte("hostcomment {\n\thost_name=a\n\tcomment_data=x\n}\ny {\n\tz=1\n\t}\n"))
	compareReaders(t, []byte("hoststatus {\n\thost_name=a\n\tplugin_output="+strings.Repeat("x", 17<<20)+"\n\tcheck_period=always\n\t}\n"))
}

func compareReaders(t *testing.T, text []byte) {
	t.Helper()
	var want, got []string
	note := func(to *[]string) func(*corefiles.Row) error {
		return func(r *corefiles.Row) error { *to = append(*to, fmt.Sprint(*r)); return nil }
	}
	a, err := corefiles.ReadStatus(bytes.NewReader(text), note(&want))
	if err != nil {
		t.Fatal(err)
	}
	var c corefiles.Changes
	b, err := c.Read(bytes.NewReader(text), nil, note(&got))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(want, "\n") != strings.Join(got, "\n") {
		t.Fatalf("%d bytes: %d rows, want %d", len(text), len(got), len(want))
	}
	if a.Cut != b.Cut || a.Created != b.Created || a.Start != b.Start || a.Version != b.Version || a.Hosts != b.Hosts || a.Services != b.Services {
		t.Fatalf("%d bytes: %+v, want %+v", len(text), b, a)
	}
}

func FuzzChanges(f *testing.F) {
	seeds(f, "status.dat")
	f.Fuzz(func(t *testing.T, b []byte) {
		var c corefiles.Changes
		for range 2 {
			if _, err := c.Read(bytes.NewReader(b), nil, func(r *corefiles.Row) error { sound(t, r); return nil }); err != nil {
				t.Fatal(err)
			}
			c.Keep()
		}
		rows := 0
		if _, err := c.Read(bytes.NewReader(b), nil, func(r *corefiles.Row) error {
			if r.Table == "hosts" || r.Table == "services" || r.Table == "contacts" {
				rows++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if rows > 0 && bytes.Contains(b, []byte("status {")) && !bytes.Contains(b, []byte("host {")) && !bytes.Contains(b, []byte("service {")) && !bytes.Contains(b, []byte("contact {")) {
			t.Fatalf("%d rows that did not change", rows)
		}
	})
}

// TestPeriods: what time it is by the rules of the cores.
func TestPeriods(t *testing.T) {
	const text = `define timeperiod {
	timeperiod_name	work
	monday	09:00-12:00,13:00-17:00
	tuesday	09:00-17:00
	2026-12-24	10:00-11:00
	2026-12-28 - 2026-12-30 / 2	00:00-24:00
	december 31 - january 2	00:00-00:00
	day -1	20:00-24:00
	day 13 - 15	01:00-02:00
	monday 1	06:00-07:00
	friday -1 november	05:00-06:00
	exclude	lunch,nothing
	}

define timeperiod {
	timeperiod_name	lunch
	tuesday	12:00-13:00
	}
`
	periods := map[string]*corefiles.Period{}
	if _, err := corefiles.ReadObjects(strings.NewReader(text), func(r *corefiles.Row) error { periods[r.Text("name")] = r.Period; return nil }); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]bool{
		"2026-11-09 09:00": true, "2026-11-09 08:59": false, "2026-11-09 12:00": false, "2026-11-09 16:59": true, "2026-11-09 17:00": false,
		"2026-11-10 11:59": true, "2026-11-10 12:30": false, // lunch
		"2026-11-08 10:00": false, // a Sunday
		"2026-12-24 10:30": true, "2026-12-28 23:00": true, "2026-12-29 23:00": false, "2026-12-30 23:00": true,
		"2026-12-31 21:00": false, "2027-01-02 10:00": false, "2027-01-05 10:00": true, // over the year
		"2026-11-30 21:00": true, "2026-11-30 10:00": false, "2027-02-28 20:00": true, // last days
		"2026-12-14 01:30": true, "2026-12-14 10:00": false, // a Monday, by the day of the month
		"2026-12-07 06:30": true, "2026-12-07 10:00": false, // first Monday
		"2026-11-27 05:30": true, "2026-11-20 05:30": false, // last Friday of November
	} {
		now, err := time.Parse("2006-01-02 15:04", at)
		if err != nil {
			t.Fatal(err)
		}
		if got := periods["work"].In(now, func(name string) *corefiles.Period { return periods[name] }); got != want {
			t.Errorf("%s: %v", at, got)
		}
	}
}

// TestPeriodsCircle: periods that are taken out of each other come to an end.
func TestPeriodsCircle(t *testing.T) {
	periods := map[string]*corefiles.Period{}
	text := "define timeperiod {\n\ttimeperiod_name\ta\n\texclude\tb\n\t}\ndefine timeperiod {\n\ttimeperiod_name\tb\n\texclude\ta" + strings.Repeat(",a", 1000) + "\n\t}\n"
	if _, err := corefiles.ReadObjects(strings.NewReader(text), func(r *corefiles.Row) error { periods[r.Text("name")] = r.Period; return nil }); err != nil {
		t.Fatal(err)
	}
	if periods["a"].In(time.Now(), func(name string) *corefiles.Period { return periods[name] }) {
		t.Error("an empty period holds the present")
	}
}
