package contract_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"belvedere/internal/app"
	"belvedere/internal/auth"
	"belvedere/internal/config"
	"belvedere/internal/livestatus"
	"belvedere/internal/site"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/testkit"
)

// behindBelvedere is a way to a simulated Naemon that is the site of another
// Belvedere, over its listener with TLS and a token.
func behindBelvedere(t *testing.T) (core, opened) {
	s := newSimulated(t, testkit.Naemon)
	return s, belvedereBefore(t, s)
}

// belvedereBefore runs a Belvedere of which a core is the only site, and returns
// the way to that.
func belvedereBefore(t *testing.T, s *simulated) opened {
	t.Helper()
	dir, token := t.TempDir(), strings.Repeat("a1", 32)
	web := httptest.NewTLSServer(nil) // for its certificate
	pair := web.TLS.Certificates[0]
	web.Close()
	file := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cfg := config.Default()
	cfg.Data, cfg.Listen = t.TempDir(), []string{"127.0.0.1:0"}
	cfg.Sites = []config.Site{{Name: "Wien", Addresses: []string{"unix://" + s.unix}}}
	hash, err := auth.HashPassword(password)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Users = []config.User{{Name: "root", Role: "admin", SeeAll: true, CommandLines: true, PasswordHash: hash}}
	cfg.Commands.Dangerous, cfg.Commands.Rate = []string{"admin"}, 1000
	cfg.Livestatus = []config.Livestatus{{
		As: "root", Commands: true, Listen: "tls://127.0.0.1:0", Network: "tcp", Address: "127.0.0.1:0", Secure: true,
		TLS:    config.TLS{Cert: file("crt", certificateOf(pair)), Key: file("key", keyOf(t, pair))},
		Tokens: []config.LivestatusToken{{Name: "above", Hash: livestatus.TokenHash(token)}},
	}}
	ctx, cancel := context.WithCancel(t.Context())
	a, err := app.New(ctx, app.Options{Config: cfg, Log: slog.New(slog.DiscardHandler), Version: "test"})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx, nil) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	sum := sha256.Sum256(pair.Certificate[0])
	return opened{nearer: refresher(t, a.URLs()[0], "wien"), spec: site.Spec{Addresses: a.LivestatusAddresses(),
		TLS: livestatus.TLSOptions{Fingerprint: hex.EncodeToString(sum[:]), TokenFile: file("token", []byte(token+"\n"))}}}
}

const password = "correct horse battery"

// refresher signs in at a Belvedere and returns what presses the button of one
// of its sites.
func refresher(t *testing.T, base, site string) func() {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(c.CloseIdleConnections)
	post := func(path string, v url.Values) {
		until(t, path+" is taken", func() bool {
			res, err := c.PostForm(base+path, v)
			if err != nil {
				t.Error(err)
				return true
			}
			defer res.Body.Close()
			if res.StatusCode == http.StatusServiceUnavailable {
				return false // it has too much to do now, and says so
			}
			if res.StatusCode != http.StatusSeeOther {
				t.Errorf("%s: %s", path, res.Status)
			}
			return true
		})
	}
	post("/login", url.Values{"username": {"root"}, "password": {password}})
	return func() { post("/sites/"+site+"/refresh", nil) }
}

func certificateOf(pair tls.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
}

func keyOf(t *testing.T, pair tls.Certificate) []byte {
	t.Helper()
	b, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: b})
}

// soonAbove is how long a change may take to be seen behind another Belvedere,
// on a machine that others use too. Where only comparing all there is found it,
// every change but the first would take the minute between two comparisons, for
// it is made when the one before was seen.
const soonAbove = 45 * time.Second

// TestBelvedereSoon: what happens without a check is seen behind another
// Belvedere as soon as that sees it, whatever it is and nobody asking, and of a
// core that does not say itself when a row changed.
func TestBelvedereSoon(t *testing.T) {
	t.Parallel()
	for _, p := range []testkit.Profile{testkit.Naemon, testkit.Nagios4} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			s := newSimulated(t, p)
			o := belvedereBefore(t, s)
			_, fleet := follow(t, o)
			host, service := s.object()
			contact := s.c.Rows("contacts")[0]["name"].(string)
			for _, tt := range []struct{ line, table, key, column string }{
				{"CHANGE_MAX_SVC_CHECK_ATTEMPTS;" + host + ";" + service + ";9", "services", host + "\x00" + service, "max_check_attempts"},
				{"CHANGE_HOST_CHECK_TIMEPERIOD;" + host + ";" + s.c.Rows("timeperiods")[1]["name"].(string), "hosts", host, "check_period"},
				{"CHANGE_SVC_MODATTR;" + host + ";" + service + ";16", "services", host + "\x00" + service, "modified_attributes"},
				{"DISABLE_HOST_FLAP_DETECTION;" + host, "hosts", host, "flap_detection_enabled"},
				{"DISABLE_CONTACT_SVC_NOTIFICATIONS;" + contact, "contacts", contact, "service_notifications_enabled"},
			} {
				if err := s.tell(tt.line); err != nil {
					t.Fatal(err)
				}
				o.nearer() // how soon the one below sees it is another matter
				want, began := s.truth(tt.table)[tt.key][tt.column], time.Now()
				until(t, tt.line+" is seen", func() bool {
					return sitetest.Rows(fleet.View().Sites[0].Snapshot, tt.table)[tt.key][tt.column] == want
				})
				if took := time.Since(began); took > soonAbove {
					t.Errorf("%s: seen after %v", tt.line, took)
				}
			}
		})
	}
}
