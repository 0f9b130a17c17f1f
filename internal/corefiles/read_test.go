package corefiles_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"belvedere/internal/corefiles"
	"belvedere/internal/schema"
)

// dump writes rows as text, column by column in the order of the schema.
func dump(t *testing.T, read func(func(*corefiles.Row) error) error) string {
	t.Helper()
	var b strings.Builder
	err := read(func(r *corefiles.Row) error {
		fmt.Fprintf(&b, "%s\n", r.Table)
		order := slices.Clone(r.Columns)
		slices.Sort(order)
		for _, c := range order {
			fmt.Fprintf(&b, "\t%s\t%v\n", c, r.Get(c))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// golden compares with what is kept; -update keeps it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s:\n%s", name, d)
	}
}

func open(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// TestReal reads what a Nagios 4.4.6 wrote.
func TestReal(t *testing.T) {
	golden(t, "status.rows", dump(t, func(each func(*corefiles.Row) error) error {
		info, err := corefiles.ReadStatus(open(t, "status.dat"), each)
		if info.Bad > 0 || info.Cut || info.Version != "4.4.6" || info.Created == 0 || info.Start == 0 {
			t.Errorf("%+v", info)
		}
		return err
	}))
	golden(t, "objects.rows", dump(t, func(each func(*corefiles.Row) error) error {
		report, err := corefiles.ReadObjects(open(t, "objects.cache"), each)
		if report.Bad > 0 || report.Cut {
			t.Errorf("%+v", report)
		}
		return err
	}))
	golden(t, "log.rows", dump(t, func(each func(*corefiles.Row) error) error { return corefiles.ReadLog(open(t, "nagios.log"), each) }))
}

// TestRowsAreOfTheSchema: every value has the Go type of its column's kind.
func TestRowsAreOfTheSchema(t *testing.T) {
	check := func(r *corefiles.Row) error {
		def, ok := schema.Lookup(r.Table)
		if !ok {
			return fmt.Errorf("no table %q", r.Table)
		}
		for i, name := range r.Columns {
			c, ok := def.Column(name)
			if !ok || c.Class == schema.Derived {
				t.Errorf("%s.%s is no column of a core", r.Table, name)
				continue
			}
			if got, want := fmt.Sprintf("%T", r.Values[i]), goType[c.Kind]; got != want {
				t.Errorf("%s.%s is %s, not %s", r.Table, name, got, want)
			}
		}
		for _, k := range def.Keys {
			if fmt.Sprint(r.Get(k)) == "" || r.Get(k) == nil {
				t.Errorf("%s: no %s", r.Table, k)
			}
		}
		return nil
	}
	if _, err := corefiles.ReadStatus(open(t, "status.dat"), check); err != nil {
		t.Error(err)
	}
	if _, err := corefiles.ReadObjects(open(t, "objects.cache"), check); err != nil {
		t.Error(err)
	}
	if err := corefiles.ReadLog(open(t, "nagios.log"), check); err != nil {
		t.Error(err)
	}
}

var goType = map[schema.Kind]string{schema.Bool: "int64", schema.Int: "int64", schema.Time: "int64", schema.Float: "float64", schema.Text: "string",
	schema.TextList: "[]string", schema.Members: "[]schema.Member", schema.Dict: "[]schema.Pair", schema.Tuples: "[][]interface {}"}

// TestOld reads the spellings of older cores and of Naemon.
func TestOld(t *testing.T) {
	const text = `# NAGIOS STATE FILE
program {
	program_start=1795300000
	active_service_checks_enabled=1
	total_external_command_buffer_slots=4096
	}

host {
	host_name=a
	obsess_over_host=1
	has_been_checked=0
	current_state=2
	last_check=17
	last_update=1795300001
	_RACK=0;R1; left
	plugin_output=caf` + "\xe9" + `
	}

servicestatus {
	host_name=a
	service_description=b=c
	has_been_checked=1
	current_state=3
	check_interval=nan
	last_update=1795300001.250000
	performance_data=a=1;;;; b=2
	}

hostcomment {
	host_name=a
	comment_id=7
	comment_data=two
lines
	author=eva
	}
`
	rows := map[string]map[string]any{}
	info, err := corefiles.ReadStatus(strings.NewReader(text), func(r *corefiles.Row) error {
		rows[r.Table] = map[string]any{}
		for i, c := range r.Columns {
			rows[r.Table][c] = r.Values[i]
		}
		return nil
	})
	if err != nil || info.Cut || info.Bad > 0 {
		t.Fatalf("%+v %v", info, err)
	}
	for _, w := range []struct {
		table, column string
		want          any
	}{
		{"status", "execute_service_checks", int64(1)}, {"status", "external_command_buffer_slots", int64(4096)},
		{"hosts", "name", "a"}, {"hosts", "obsess", int64(1)}, {"hosts", "obsess_over_host", int64(1)}, {"hosts", "state", int64(0)}, {"hosts", "last_check", int64(0)},
		{"hosts", "last_update", nil}, {"hosts", "plugin_output", "caf�"}, {"hosts", "custom_variables", []schema.Pair{{Name: "RACK", Value: "R1; left"}}},
		{"services", "description", "b=c"}, {"services", "state", int64(3)}, {"services", "check_interval", 0.0}, {"services", "last_update", int64(1795300001)},
		{"services", "perf_data", "a=1;;;; b=2"}, {"comments", "comment", "two\nlines"}, {"comments", "author", "eva"}, {"comments", "type", int64(1)},
	} {
		if d := cmp.Diff(w.want, rows[w.table][w.column]); d != "" {
			t.Errorf("%s.%s: %s", w.table, w.column, d)
		}
	}
}

// TestHalfWritten: a file that ends anywhere gives the whole blocks before, and
// says when it is cut.
func TestHalfWritten(t *testing.T) {
	whole, err := os.ReadFile("testdata/objects.cache")
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for n := 0; n <= len(whole); n += 97 {
		rows := 0
		report, err := corefiles.ReadObjects(bytes.NewReader(whole[:n]), func(*corefiles.Row) error { rows++; return nil })
		if err != nil || rows < last {
			t.Fatalf("%d bytes: %d rows after %d, %v", n, rows, last, err)
		}
		last = rows
		open := bytes.Count(whole[:n], []byte("{\n")) > bytes.Count(whole[:n], []byte("\t}\n"))
		if open && !report.Cut {
			t.Fatalf("%d bytes: not cut", n)
		}
	}
}

// TestMembers: descriptions with commas are told apart by what there is.
func TestMembers(t *testing.T) {
	const text = "define servicegroup {\n\tservicegroup_name\tg\n\tmembers\ta,x, y,a,z,b,x\n\t}\n\ndefine service {\n\thost_name\ta\n\tservice_description\tx, y\n\t}\n\n" +
		"define service {\n\thost_name\ta\n\tservice_description\tz\n\t}\n\ndefine service {\n\thost_name\tb\n\tservice_description\tx\n\t}\n"
	var members []schema.Member
	groups := map[string][]string{}
	if _, err := corefiles.ReadObjects(strings.NewReader(text), func(r *corefiles.Row) error {
		if r.Table == "servicegroups" {
			members = r.Get("members").([]schema.Member)
		} else {
			groups[r.Text("host_name")+";"+r.Text("description")] = r.Get("groups").([]string)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]schema.Member{{Host: "a", Service: "x, y"}, {Host: "a", Service: "z"}, {Host: "b", Service: "x"}}, members); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"g"}, groups["a;x, y"]); d != "" {
		t.Error(d)
	}
}

func TestBlocksStop(t *testing.T) {
	stop := errors.New("enough")
	n := 0
	_, err := corefiles.ReadBlocks(strings.NewReader("a {\n\tx=1\n\t}\nb {\n\t}\n"), func(*corefiles.Block) error { n++; return stop })
	if err != stop || n != 1 {
		t.Errorf("%d %v", n, err)
	}
}

// TestLongLine: a line longer than anything sensible costs no more than its
// row's value.
func TestLongLine(t *testing.T) {
	text := "hoststatus {\n\thost_name=a\n\tplugin_output=" + strings.Repeat("x", 17<<20) + "\n\tcheck_period=always\n\t}\n"
	report, err := corefiles.ReadBlocks(strings.NewReader(text), func(b *corefiles.Block) error {
		if b.Get("check_period") != "always" || b.Get("host_name") != "a" || len(b.Get("plugin_output")) > 0 {
			t.Errorf("keys %q", b.Keys)
		}
		return nil
	})
	if err != nil || report.Bad != 1 || report.Blocks != 1 {
		t.Errorf("%+v %v", report, err)
	}
}

func TestConfig(t *testing.T) {
	c, err := corefiles.ReadConfig(strings.NewReader(`# main
log_file=/var/log/nagios.log
status_file = var/status.dat
status_file=var/other.dat
command_file=/run/nagios.cmd
check_external_commands=0
status_update_interval=15
interval_length=x
broker_module=/usr/lib/live.o /run/live
broker_module=/usr/lib/other.o
no key
`), "/etc/nagios")
	want := corefiles.Config{Log: "/var/log/nagios.log", Status: "/etc/nagios/var/other.dat", Pipe: "/run/nagios.cmd", Every: 15e9, Unit: 1e9,
		Modules: []string{"/usr/lib/live.o /run/live", "/usr/lib/other.o"}}
	if d := cmp.Diff(want, c); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
	if _, err := corefiles.ReadConfig(strings.NewReader(strings.Repeat("x", 2<<20)), "/"); err == nil {
		t.Error("a line without end is read")
	}
}

// seeds adds whole and broken files to a fuzz test.
func seeds(f *testing.F, names ...string) {
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[:min(len(b), 4000)])
	}
	f.Add([]byte("hoststatus {\n\thost_name=\xff\n\t=\n\tx\n}\n\t}\nx {\n}\n"))
}

// sound checks what must hold whatever a file holds.
func sound(t *testing.T, r *corefiles.Row) {
	t.Helper()
	def, ok := schema.Lookup(r.Table)
	if !ok || len(r.Columns) != len(r.Values) {
		t.Fatalf("table %q, %d columns, %d values", r.Table, len(r.Columns), len(r.Values))
	}
	for i, name := range r.Columns {
		c, ok := def.Column(name)
		if !ok || fmt.Sprintf("%T", r.Values[i]) != goType[c.Kind] {
			t.Fatalf("%s.%s: %T", r.Table, name, r.Values[i])
		}
		if s, ok := r.Values[i].(string); ok && !utf8.ValidString(s) {
			t.Fatalf("%s.%s: %q", r.Table, name, s)
		}
	}
}

func FuzzStatus(f *testing.F) {
	seeds(f, "status.dat")
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := corefiles.ReadStatus(bytes.NewReader(b), func(r *corefiles.Row) error { sound(t, r); return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzObjects(f *testing.F) {
	seeds(f, "objects.cache")
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := corefiles.ReadObjects(bytes.NewReader(b), func(r *corefiles.Row) error { sound(t, r); return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzLog(f *testing.F) {
	seeds(f, "nagios.log")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := corefiles.ReadLog(bytes.NewReader(b), func(r *corefiles.Row) error { sound(t, r); return nil }); err != nil {
			t.Fatal(err)
		}
	})
}
