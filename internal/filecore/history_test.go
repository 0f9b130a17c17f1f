package filecore_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHistory reads the log and the rotated ones, packed or not, for a span of
// time, the newest first.
func TestHistory(t *testing.T) {
	f := newFiles(t)
	f.run()
	if err := os.Mkdir(f.path("archives"), 0o700); err != nil {
		t.Fatal(err)
	}
	archive := func(name, text string, at int64, pack bool) {
		t.Helper()
		b := []byte(text)
		if pack {
			var z bytes.Buffer
			w := gzip.NewWriter(&z)
			if _, err := w.Write(b); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			b = z.Bytes()
		}
		name = filepath.Join(f.path("archives"), name)
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, time.Unix(at, 0), time.Unix(at, 0)); err != nil {
			t.Fatal(err)
		}
	}
	archive("nagios-11-01-2026-00.log", "[1700000001] HOST ALERT: a;DOWN;HARD;1;one\n[1700000002] HOST ALERT: b;DOWN;HARD;1;two\n", 1700000002, false)
	archive("nagios-11-02-2026-00.log.gz", "[1700000003] HOST ALERT: a;UP;HARD;1;three\nno line\n", 1700000003, true)
	archive("nagios-11-03-2026-00.log", "\x1f\x8bbroken", 1700000004, false)
	archive("other.log", "[1700000003] HOST ALERT: a;UP;HARD;1;other\n", 1700000004, false)
	f.write("nagios.log", "[1700000005] HOST ALERT: a;DOWN;SOFT;1;four\n[1700000006] SERVICE ALERT: a;s;CRITICAL;SOFT;1;five\n")
	for _, tt := range []struct{ filter, want string }{
		{"", "five\nfour\nthree\ntwo\none\n"},
		{"\nFilter: time >= 1700000002\nFilter: time <= 1700000005", "four\nthree\ntwo\n"},
		{"\nFilter: time > 1700000002\nFilter: host_name = a", "five\nfour\nthree\n"},
		{"\nFilter: time >= 1700000000\nFilter: host_name = a\nLimit: 2", "five\nfour\n"},
		{"\nFilter: host_name = a\nFilter: service_description = s\nAnd: 2\nFilter: host_name = b\nOr: 2", "five\ntwo\n"},
		{"\nFilter: host_name = a\nFilter: plugin_output ~ o.*r\nLimit: 1", "four\n"},
		{"\nFilter: state_type = SOFT\nNegate:\nFilter: class = 1\nLimit: 2", "three\ntwo\n"},
	} {
		f.expect(tt.filter, "GET log\nColumns: plugin_output"+tt.filter, tt.want)
	}
	f.expect("joined", "GET log\nColumns: current_service_description message\nFilter: time = 1700000006", "s;[1700000006] SERVICE ALERT: a;s;CRITICAL;SOFT;1;five\n")
}

// TestHistoryWithoutEnd: a question that would unpack every archive ends with a
// sentence, one with a limit reads only as far back as it must, and neither a
// broken archive nor one of nothing but zeros is read for ever.
func TestHistoryWithoutEnd(t *testing.T) {
	f := newFiles(t)
	f.run()
	if err := os.Mkdir(f.path("archives"), 0o700); err != nil {
		t.Fatal(err)
	}
	pack := func(name string, at int64, text []byte, times int) {
		t.Helper()
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		for range times {
			if _, err := w.Write(text); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		name = filepath.Join(f.path("archives"), name)
		if err := os.WriteFile(name, z.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, time.Unix(at, 0), time.Unix(at, 0)); err != nil {
			t.Fatal(err)
		}
	}
	f.core.HistoryBytes(1 << 20)
	pack("nagios-1.log.gz", 1700000001, make([]byte, 1<<20), 64)
	pack("nagios-2.log.gz", 1700000002, []byte("[1700000002] HOST ALERT: a;DOWN;HARD;1;two\n"), 1)
	f.write("nagios.log", "[1700000005] HOST ALERT: a;DOWN;SOFT;1;four\n[1700000006] HOST ALERT: a;DOWN;SOFT;1;five\n")
	for _, tt := range []struct{ filter, want string }{
		{"\nFilter: time >= 1700000003", "five\nfour\n"},
		{"\nFilter: time >= 1700000002", "five\nfour\ntwo\n"},
		{"\nLimit: 3", "five\nfour\ntwo\n"},
	} {
		f.expect(tt.filter, "GET log\nColumns: plugin_output"+tt.filter, tt.want)
	}
	for _, ask := range []string{"", "\nFilter: plugin_output ~ o\nLimit: 1", "\nResponseHeader: fixed16"} {
		got := f.ask("GET log\nColumns: plugin_output" + ask)
		if !strings.Contains(got, "more than 1 MB") {
			t.Errorf("%q: %q", ask, got)
		}
	}
}
