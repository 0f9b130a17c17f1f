package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"belvedere/internal/config"
)

var update = flag.Bool("update", false, "write the golden files anew")

const hash = "$argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U"

const example = "../../docs/belvedere.example.yaml"

// sameConfig compares configurations but not which files they are from.
var sameConfig = []cmp.Option{
	cmpopts.IgnoreUnexported(config.Config{}), cmpopts.IgnoreFields(config.Config{}, "Files"),
	cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Prefix{}),
}

// write puts a file into dir and returns its path.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExampleShowsTheDefaults(t *testing.T) {
	got, err := config.Load(example, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(config.Default(), got, sameConfig...); d != "" {
		t.Errorf("the example is not the default (-default +example):\n%s", d)
	}
}

// TestExampleHasEveryOption uncomments the examples: they load, and there is
// no option without a comment before it that names its default or says that it
// is needed.
func TestExampleHasEveryOption(t *testing.T) {
	text := uncommented(t)
	dir := t.TempDir()
	cert, key := certificate(t)
	write(t, dir, "ca.pem", cert)
	for _, name := range []string{"client", "live"} {
		write(t, dir, name+".pem", cert)
		write(t, dir, name+".key", key)
	}
	text = strings.ReplaceAll(text, "/etc/belvedere", dir)
	cfg, err := config.Load(write(t, dir, "belvedere.yaml", text), nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(cfg.Sites) != 3 || len(cfg.Users) != 1 || len(cfg.Livestatus) != 3 {
		t.Errorf("the example has %d sites, %d users, %d listeners", len(cfg.Sites), len(cfg.Users), len(cfg.Livestatus))
	}
	shown := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\s*(?:- )?([a-z_]+):`).FindAllStringSubmatch(text, -1) {
		shown[m[1]] = true
	}
	for _, key := range keys(reflect.TypeFor[config.Config]()) {
		if !shown[key] {
			t.Errorf("the option %s is not in %s", key, example)
		}
	}
}

// certificate returns a new certificate and its key as PEM.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"core.example.org"}}
	c, err := x509.CreateCertificate(rand.Reader, about, about, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	b, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: b}))
}

func TestCertificates(t *testing.T) {
	dir := t.TempDir()
	cert, key := certificate(t)
	_, other := certificate(t)
	write(t, dir, "cert", cert)
	write(t, dir, "key", key)
	write(t, dir, "other", other)
	write(t, dir, "text", "no certificate")
	for text, want := range map[string]string{
		"tls: {cert: DIR/cert, key: DIR/key}":                                              "",
		"tls: {cert: DIR/cert, key: DIR/other}":                                            "c.yaml:1:13: private key does not match public key: cert is",
		"tls: {cert: DIR/text, key: DIR/key}":                                              "c.yaml:1:13: failed to find any PEM data in certificate input: cert is",
		"tls: {cert: DIR/cert, key: DIR/gone}":                                             "gone cannot be read: no such file",
		"tls: {cert: DIR/cert}":                                                            "a certificate needs its key",
		"sites: [{name: a, address: \"tls://h:1\", tls: {ca: DIR/text}}]":                  "text has no certificate in it",
		"sites: [{name: a, address: \"tls://h:1\", tls: {ca: DIR/cert}}]":                  "",
		"sites: [{name: a, address: \"tls://h:1\", tls: {cert: DIR/cert, key: DIR/cert}}]": "cert is a PEM file",
	} {
		_, err := config.Load(write(t, dir, "c.yaml", strings.ReplaceAll(text, "DIR", dir)), nil)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// uncommented returns the example with every commented option in force; of
// options that are there twice the second.
func uncommented(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	option := regexp.MustCompile(`^# ( *)(- #.*|- [a-z_]+: .*|- tls://.*|[a-z_]+:|[a-z_]+: .*|München: .*|# .*)$`)
	var lines []string
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSuffix(line, "\n")
		if m := option.FindStringSubmatch(line); m != nil && (strings.HasPrefix(m[1], " ") || !strings.Contains(m[2], ". ")) {
			line = m[1] + m[2]
			key, _, _ := strings.Cut(line, ":")
			lines = slices.DeleteFunc(lines, func(l string) bool {
				return m[1] == "" && strings.HasPrefix(l, key+":")
			})
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// keys returns all keys of a struct and those below it.
func keys(typ reflect.Type) []string {
	var all []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		tag := f.Tag.Get("yaml")
		if !f.IsExported() || tag == "-" {
			continue
		}
		all = append(all, tag)
		if one := f.Tag.Get("one"); one != "" {
			all = append(all, one)
		}
		inner := f.Type
		if inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner.PkgPath() == typ.PkgPath() {
			all = append(all, keys(inner)...)
		}
	}
	return all
}

func TestLoadWhole(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "belvedere.yaml", `
listen: [127.0.0.1:8080, /run/belvedere/web.sock]
public_url: https://monitoring.example.org/belvedere/
trusted_proxies: [10.1.2.3/16, "fd00::1"]
memory_limit: 1.5GiB
log: {level: debug}
sessions:
  idle: 12h
sites:
  - name: Berlin
    section: Europe/Germany
    address: tcp://10.1.2.3:6557
    interval: 2s
users:
  - {name: anna, password_hash: "`+hash+`", contact: anna, contacts: {Berlin: "007"}}
`)
	write(t, dir, "conf.d/20-b.yaml", "sites: [{name: Rom, addresses: [/var/cache/naemon/live, \"core:6557\"], paused: true}]\n")
	write(t, dir, "conf.d/10-a.yaml", "# nothing but a listener\nlivestatus:\n- listen: 127.0.0.1:6557\n- listen: unix:///run/live\n")
	write(t, dir, "conf.d/not-this.yml", "rubbish: true\n")
	got, err := config.Load(path, []string{"BELVEDERE_LOG_FORMAT=json", "BELVEDERE_DATA=/srv", "BELVEDERE_LOG_LEVEL=", "HOME=/root"})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.Listen = []string{"127.0.0.1:8080", "/run/belvedere/web.sock"}
	want.Data = "/srv"
	want.PublicURL = "https://monitoring.example.org/belvedere"
	want.TrustedProxies = got.TrustedProxies
	want.MemoryLimit = 3 << 29
	want.Log = config.Log{Level: "debug", Format: "json"}
	want.Sessions.Idle = 12 * time.Hour
	want.Sites = []config.Site{
		{Name: "Berlin", Section: "Europe/Germany", Addresses: []string{"tcp://10.1.2.3:6557"}, Interval: 2 * time.Second},
		{Name: "Rom", Addresses: []string{"/var/cache/naemon/live", "core:6557"}, Paused: true},
	}
	want.Users = []config.User{{Name: "anna", Role: "viewer", PasswordHash: hash, Contact: "anna", Contacts: map[string]string{"Berlin": "007"}}}
	want.Livestatus = []config.Livestatus{
		{Listen: "127.0.0.1:6557", Network: "tcp", Address: "127.0.0.1:6557"},
		{Listen: "unix:///run/live", Network: "unix", Address: "/run/live"},
	}
	if d := cmp.Diff(want, got, sameConfig...); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	var networks []string
	for _, p := range got.TrustedProxies {
		networks = append(networks, p.String())
	}
	if d := cmp.Diff([]string{"10.1.0.0/16", "fd00::1/128"}, networks); d != "" {
		t.Error(d)
	}
	if len(got.Files) != 3 {
		t.Errorf("Files = %q", got.Files)
	}
}

// TestErrors keeps every message in testdata/errors.txt: "--- input" and what
// is said about it.
func TestErrors(t *testing.T) {
	inputs, err := os.ReadFile("testdata/errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, one := range strings.Split(string(inputs), "=== ")[1:] {
		name, rest, _ := strings.Cut(one, "\n")
		input, _, _ := strings.Cut(rest, "--- says\n")
		dir := t.TempDir()
		main, extra, _ := strings.Cut(input, "--- conf.d/x.yaml\n")
		text, env, _ := strings.Cut(main, "--- env\n")
		path := write(t, dir, "c.yaml", text)
		if extra != "" {
			write(t, dir, "conf.d/x.yaml", extra)
		}
		_, err := config.Load(path, strings.Fields(env))
		if err == nil {
			t.Errorf("%s: no error", name)
			err = errors.New("(none)")
		}
		said := strings.ReplaceAll(err.Error(), dir+"/", "")
		out.WriteString("=== " + name + "\n" + input + "--- says\n" + said + "\n\n")
	}
	if *update {
		if err := os.WriteFile("testdata/errors.txt", []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(string(inputs), out.String()); d != "" {
		t.Errorf("messages differ; look at them and run with -update (-file +now):\n%s", d)
	}
}

func TestUnreadableFiles(t *testing.T) {
	dir := t.TempDir()
	folder := write(t, dir, "is-a-folder.yaml/x", "")
	for _, path := range []string{filepath.Join(dir, "missing.yaml"), filepath.Dir(folder), filepath.Join(folder, "below-a-file.yaml")} {
		_, err := config.Load(path, nil)
		if err == nil || !strings.HasPrefix(err.Error(), path+": cannot be read: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("Load(%s): %v", path, err)
		}
	}
	big := write(t, dir, "big.yaml", strings.Repeat("# comment\n", 1<<18))
	if _, err := config.Load(big, nil); err == nil || !strings.Contains(err.Error(), "larger than 2 MiB") {
		t.Errorf("a large file: %v", err)
	}
	if _, err := config.Load("", nil); err != nil {
		t.Errorf("without a file: %v", err)
	}
}

func TestEnvironment(t *testing.T) {
	got, err := config.Load("", []string{
		"BELVEDERE_LISTEN=127.0.0.1:1, /run/x.sock", "BELVEDERE_TRUSTED_PROXIES=10.0.0.0/8",
		"BELVEDERE_SESSIONS_MAX=100d", "BELVEDERE_MEMORY_LIMIT=1GiB", "BELVEDERE_METRICS_TOKEN=0123456789abcdef",
		"BELVEDERE_PORT=tcp://10.0.0.1:80", "BELVEDERE_LISTE=x", "OTHER=1",
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Listen) != 2 || got.Listen[1] != "/run/x.sock" || len(got.TrustedProxies) != 1 || got.Sessions.Max != 2400*time.Hour || got.MemoryLimit != 1<<30 || got.MetricsToken == "" {
		t.Errorf("%+v", got)
	}
	w := strings.Join(got.Warnings(), "\n")
	if !strings.Contains(w, `BELVEDERE_PORT is not known`) || !strings.Contains(w, `did you mean BELVEDERE_LISTEN?`) {
		t.Errorf("warnings: %s", w)
	}
}

func TestWarnings(t *testing.T) {
	c, k := certificate(t)
	cert, key := write(t, t.TempDir(), "c.pem", c), write(t, t.TempDir(), "k.pem", k)
	for text, want := range map[string]string{
		"":                            "",
		"listen: 0.0.0.0:8080":        "in clear text",
		"listen: :8080":               "in clear text",
		"listen: [::1]:8080":          "",
		"listen: localhost:8080":      "",
		"listen: /run/web.sock":       "",
		"listen: monitoring.lan:8080": "in clear text",
		"listen: :8443\ntls: {cert: " + cert + ", key: " + key + "}":                                           "",
		"listen: :80\npublic_url: https://x.example\ntrusted_proxies: [10.0.0.1]":                              "",
		"listen: :80\npublic_url: http://x.example\ntrusted_proxies: [10.0.0.1]":                               "in clear text",
		"users: []\nlivestatus: [{listen: 127.0.0.1:1, as: anna}]":                                             "",
		"livestatus: [{listen: /run/live, as: anna, commands: true}]":                                          "",
		"livestatus: [{listen: 127.0.0.1:1, as: anna, commands: true}]":                                        "can give commands as anna",
		"public_url: https://x.example":                                                                        "trusted_proxies is empty",
		"public_url: https://x.example\ntrusted_proxies: [0.0.0.0/0]":                                          "anybody can claim",
		"users: [{name: a, password_hash: \"" + hash + "\"}]\n# the file of this test is for its owner only\n": "",
	} {
		c, err := config.Load(write(t, t.TempDir(), "c.yaml", strings.Replace(text, "[::1]:8080", `"[::1]:8080"`, 1)), nil)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		got := strings.Join(c.Warnings(), "\n")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q warns %q, want %q", text, got, want)
		}
	}
}

func TestListenLivestatus(t *testing.T) {
	for in, want := range map[string]string{ // network and address, or a part of the message
		"tcp://127.0.0.1:6557": "tcp 127.0.0.1:6557", "127.0.0.1:0": "tcp 127.0.0.1:0", "[::1]:6557": "tcp [::1]:6557",
		"localhost:6557": "tcp localhost:6557", "/run/live": "unix /run/live", "unix:///run/../live": "unix /live",
		"0.0.0.0:6557": "would answer everybody", ":6557": "would answer everybody", "tcp://10.0.0.1:6557": "would answer everybody",
		"[::]:6557": "would answer everybody", "tcp://example.org:6557": "would answer everybody", "[::ffff:10.0.0.1]:1": "would answer everybody",
		"unix://live": "not an address", "tls://127.0.0.1:1": "needs a certificate", "http://127.0.0.1:1": "nobody can listen", "127.0.0.1": "not an address", "127.0.0.1:x": "not an address",
	} {
		got, err := config.ListenLivestatus(in)
		said := got.Network + " " + got.Address
		if err != nil {
			said = err.Error()
		}
		if !strings.Contains(said, want) {
			t.Errorf("ListenLivestatus(%q) = %s, want %s", in, said, want)
		}
	}
}

// FuzzLoad: no text makes the loader panic or hang, and what it takes it can
// check; every error has a place and fits on a line.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{example, "testdata/errors.txt"} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range strings.Split(string(b), "=== ") {
			_, text, _ := strings.Cut(part, "\n")
			f.Add(text)
		}
	}
	f.Add("listen: [\"\\u0000\", {a: b}, - , ? ]\n")
	dir := f.TempDir()
	path := filepath.Join(dir, "c.yaml")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(path, nil)
		if err == nil {
			if len(c.Listen) == 0 || c.Data == "" {
				t.Errorf("accepted %+v", c)
			}
			c.Warnings()
			return
		}
		all, ok := errors.AsType[config.Errors](err)
		if !ok || len(all) == 0 || len(all) > 21 {
			t.Fatalf("error of type %T: %v", err, err)
		}
		for _, e := range all {
			if e.Msg == "" || strings.Contains(e.Error(), "\n") {
				t.Errorf("bad message %q", e.Error())
			}
		}
	})
}

// TestClosestKey holds the closest known key to what people mistype.
func TestClosestKey(t *testing.T) {
	for typed, want := range map[string]string{
		"listne": "listen", "lisen": "listen", "Listen": "listen", "publicurl": "public_url", "site": "sites",
		"user": "users", "trusted_proxy": "trusted_proxies", "logs": "log", "live_status": "livestatus", "memory": "memory_limit", "port": "",
	} {
		_, err := config.Load(write(t, t.TempDir(), "c.yaml", typed+": 1\n"), nil)
		hint := `did you mean "` + want + `"?`
		if want == "" {
			hint = "known here: agents, audit_keep, commands, data"
		}
		if err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("%s: %v, want %s", typed, err, hint)
		}
	}
}
