package site

import (
	"context"
	"errors"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"belvedere/internal/livestatus"
)

// TestWhyNoSocket looks into configurations as packages leave them.
func TestWhyNoSocket(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
		return file
	}
	folder := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(path, 0o755), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	// The files and folders belong to whoever runs this, never to nobody.
	const as = "nagios_user=nobody\nnagios_group=nogroup\nlog_file=/var/log/core.log\n"
	plain := write("nagios4/nagios.cfg", as+"# broker_module=/usr/lib/livestatus.o /run/live\n")
	with := func(name, socket string) string {
		return write(name, as+"broker_module=/usr/lib/other.so x\nbroker_module=/usr/lib/naemon/livestatus.so debug=0 "+socket+"\n")
	}
	closed, open := folder("closed", 0o755), folder("open", 0o777)
	for name, tt := range map[string]struct {
		socket     string
		mains      []string
		cause, fix string
	}{
		"no core here":          {"/run/live", nil, "", ""},
		"unreadable":            {"/run/live", []string{dir + "/none"}, "", ""},
		"no module":             {"/run/live", []string{plain}, plain + " loads no Livestatus module", "belvedere agent"},
		"another socket":        {"/run/live", []string{plain, with("a.cfg", "/var/cache/naemon/live")}, "put it elsewhere", "unix:///var/cache/naemon/live"},
		"folder is not there":   {dir + "/none/live", []string{with("b.cfg", dir+"/none/live")}, "its folder is not there", "install -d -o nobody " + dir + "/none"},
		"folder cannot be used": {closed + "/live", []string{with("c.cfg", closed+"/live")}, "runs as nobody, which may not write into " + closed, "chown nobody " + closed},
		"not running":           {open + "/live", []string{with("d.cfg", open+"/live")}, "is not running, or the module did not start", "/var/log/core.log"},
		"no icinga 2":           {"/run/icinga2/cmd/livestatus", []string{plain}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cause, fix := whyNoSocket(tt.socket, tt.mains, dir+"/icinga2")
			if !strings.Contains(cause, tt.cause) || !strings.Contains(fix, tt.fix) || tt.cause == "" && cause+fix != "" {
				t.Errorf("%q %q", cause, fix)
			}
		})
	}
	write("icinga2/icinga2.conf", "")
	if cause, fix := whyNoSocket("/run/icinga2/cmd/livestatus", nil, dir+"/icinga2"); !strings.Contains(cause, "is not enabled") || !strings.Contains(fix, "icinga2 feature enable livestatus") {
		t.Errorf("%q %q", cause, fix)
	}
	write("icinga2/features-enabled/livestatus.conf", "")
	if cause, _ := whyNoSocket("/run/icinga2/cmd/livestatus", nil, dir+"/icinga2"); !strings.Contains(cause, "is enabled") {
		t.Errorf("%q", cause)
	}
}

// TestNoSocketThere: what has the path and is no socket is called what it is.
func TestNoSocketThere(t *testing.T) {
	r := livestatus.Report{Kind: livestatus.KindNoSocket, Cause: "it is a folder"}
	if got := advise(t.Context(), livestatus.Options{Address: livestatus.Address{Scheme: "unix", Path: t.TempDir()}}, r); got.Cause != r.Cause {
		t.Errorf("%q", got.Cause)
	}
}

// TestBetter recommends for each core what is there.
func TestBetter(t *testing.T) {
	api := httptest.NewTLSServer(nil)
	defer api.Close()
	var asked string
	there := func(ctx context.Context, network, address string) (net.Conn, error) {
		asked = address
		return (&net.Dialer{}).DialContext(ctx, network, api.Listener.Addr().String())
	}
	away := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("refused") }
	for name, tt := range map[string]struct {
		address, core string
		dial          func(context.Context, string, string) (net.Conn, error)
		want          string
	}{
		"icinga 2 with its API":    {"tcp://mon.example.org:6558", "Icinga 2", there, "Livestatus will be removed in 2.18. Use icinga2://user@mon.example.org:5665 "},
		"icinga 2 on this machine": {"unix:///run/icinga2/cmd/livestatus", "Icinga 2", there, "icinga2://user@127.0.0.1:5665"},
		"icinga 2 without":         {"ssh://icinga@mon/run/live", "Icinga 2", away, "is not reached on mon:5665"},
		"icinga 2 by its agent":    {"agent://mon:6560", "Icinga 2", there, ""},
		"clear text":               {"tcp://10.1.2.3:6557", "Naemon", away, "ssh://user@10.1.2.3/path/to/live"},
		"clear text, no network":   {"tcp://127.0.0.1:6557", "Naemon", away, ""},
		"encrypted":                {"tls://10.1.2.3:6557", "Naemon", away, ""},
		"another Belvedere":        {"tcp://10.1.2.3:6557", "Belvedere", away, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := livestatus.ParseAddress(tt.address)
			if err != nil {
				t.Fatal(err)
			}
			asked = ""
			got := better(t.Context(), livestatus.Options{Address: a, Dial: tt.dial}, livestatus.Core{Name: tt.core})
			if !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("%q", got)
			}
			if asked != "" && !strings.HasSuffix(asked, ":5665") {
				t.Errorf("asked %s", asked)
			}
		})
	}
}
