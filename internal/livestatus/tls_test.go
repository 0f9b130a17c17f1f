package livestatus

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An authority issues certificates for tests.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	File string // PEM
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	a := &authority{t: t}
	a.key = newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.File = writePEM(t, "CERTIFICATE", der)
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func writePEM(t testing.TB, kind string, der []byte) string {
	t.Helper()
	f := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(f, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

// issue makes a certificate; change may alter the template.
func (a *authority) issue(change func(*x509.Certificate)) (pair tls.Certificate, cert, key string) {
	a.t.Helper()
	k := newKey(a.t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "core"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &k.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k, Leaf: leaf}, writePEM(a.t, "CERTIFICATE", der), writePEM(a.t, "PRIVATE KEY", pkcs8)
}

// newTLSFake is newFake behind TLS.
func newTLSFake(t testing.TB, config *tls.Config, answer func(string) (string, bool)) *fake {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	return serveFake(t, l, answer)
}

func TestTLS(t *testing.T) {
	ca, other := newAuthority(t, "Test CA"), newAuthority(t, "Other CA")
	good, _, _ := ca.issue(nil)
	named, _, _ := ca.issue(func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"mon.example.org"}, nil })
	expired, _, _ := ca.issue(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	future, _, _ := ca.issue(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) })
	_, ourCert, ourKey := ca.issue(func(c *x509.Certificate) { c.Subject.CommonName = "us" })
	_, strangeCert, strangeKey := other.issue(nil)
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	server := func(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }
	mutual := server(good)
	mutual.ClientAuth, mutual.ClientCAs = tls.RequireAndVerifyClientCert, pool
	mutual12 := mutual.Clone()
	mutual12.MaxVersion = tls.VersionTLS12
	old := server(good)
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11

	for _, tt := range []struct {
		name   string
		server *tls.Config
		o      TLSOptions
		kind   ErrKind // "": works
		cause  string
		fix    string
	}{
		{name: "authority", server: server(good), o: TLSOptions{CA: ca.File}},
		{name: "pin", server: server(good), o: TLSOptions{Fingerprint: Fingerprint(good.Leaf)}},
		{name: "pin in plain hex, expired", server: server(expired), o: TLSOptions{Fingerprint: strings.ToLower(strings.ReplaceAll(Fingerprint(expired.Leaf), ":", ""))}},
		{name: "server name", server: server(named), o: TLSOptions{CA: ca.File, ServerName: "mon.example.org"}},
		{name: "not checked", server: server(expired), o: TLSOptions{InsecureSkipVerify: true}},
		{name: "client certificate", server: mutual, o: TLSOptions{CA: ca.File, Cert: ourCert, Key: ourKey}},
		{name: "unknown authority", server: server(good), kind: KindCertificate, cause: "core ← Test CA", fix: "pin it"},
		{name: "wrong authority", server: server(good), o: TLSOptions{CA: other.File}, kind: KindCertificate, cause: Fingerprint(good.Leaf), fix: "copy it again"},
		{name: "other name", server: server(named), o: TLSOptions{CA: ca.File}, kind: KindCertificate, cause: "for other names: mon.example.org", fix: "server_name"},
		{name: "expired", server: server(expired), o: TLSOptions{CA: ca.File}, kind: KindCertificate, cause: "has expired", fix: "Renew"},
		{name: "not valid yet", server: server(future), o: TLSOptions{CA: ca.File}, kind: KindCertificate, cause: "is not valid yet", fix: "clocks"},
		{name: "wrong pin", server: server(good), o: TLSOptions{Fingerprint: strings.Repeat("AB", 32)}, kind: KindCertificate, cause: "is not the pinned one", fix: "pin the new one"},
		{name: "bad pin", server: server(good), o: TLSOptions{Fingerprint: "AB"}, kind: KindAddress, cause: "64 hexadecimal digits", fix: "openssl"},
		{name: "no authority file", server: server(good), o: TLSOptions{CA: "/nonexistent/ca.pem"}, kind: KindAddress, cause: "/nonexistent/ca.pem", fix: "path"},
		{name: "empty authority file", server: server(good), o: TLSOptions{CA: ourKey}, kind: KindAddress, cause: "no certificate", fix: "BEGIN CERTIFICATE"},
		{name: "key of another", server: server(good), o: TLSOptions{CA: ca.File, Cert: ourCert, Key: strangeKey}, kind: KindAddress, cause: "cannot be used", fix: "belong together"},
		{name: "client certificate missing", server: mutual, o: TLSOptions{CA: ca.File}, kind: KindCertificate, cause: "wants a certificate from us", fix: "Set cert and key"},
		{name: "client certificate missing, TLS 1.2", server: mutual12, o: TLSOptions{CA: ca.File}, kind: KindCertificate, cause: "wants a certificate from us", fix: "Set cert and key"},
		{name: "client certificate refused", server: mutual, o: TLSOptions{CA: ca.File, Cert: strangeCert, Key: strangeKey}, kind: KindCertificate, cause: "wants a certificate from us", fix: "authority this server trusts"},
		{name: "old versions only", server: old, o: TLSOptions{CA: ca.File}, kind: KindTLS, cause: "TLS version", fix: "TLS 1.2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newTLSFake(t, tt.server, recorded(t, "naemon-1.5"))
			a := f.address()
			a.Scheme, a.TLS = "tls", tt.o
			c := NewClient(Options{Address: a})
			defer c.Close()
			_, err := c.Identify(t.Context())
			if tt.kind == "" {
				if err != nil {
					t.Errorf("error %v", err)
				}
				return
			}
			e, ok := err.(*Error)
			if !ok || e.Kind != tt.kind || !strings.Contains(e.Cause, tt.cause) || !strings.Contains(e.Fix, tt.fix) {
				t.Errorf("error %+v", err)
			}
		})
	}
}

func TestTLSAndPlainMixedUp(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	pair, _, _ := ca.issue(nil)
	behind := newTLSFake(t, &tls.Config{Certificates: []tls.Certificate{pair}}, recorded(t, "naemon-1.5"))
	plain := newFake(t, recorded(t, "naemon-1.5"))

	a := behind.address()
	r := Diagnose(t.Context(), Options{Address: a}, nil)
	if want := "tls://" + where(a); r.OK || r.Kind != KindTLS || !strings.Contains(r.Cause, "speaks TLS") || !strings.Contains(r.Fix, want) {
		t.Errorf("TLS port spoken to without TLS: %s %q %q", r.Kind, r.Cause, r.Fix)
	}
	a = plain.address()
	a.Scheme = "tls"
	r = Diagnose(t.Context(), Options{Address: a, DialTimeout: time.Second}, nil) // it waits for a line
	if want := "tcp://" + where(a); r.OK || r.Kind != KindTLS || !strings.Contains(r.Cause, "without TLS") || !strings.Contains(r.Fix, want) {
		t.Errorf("plain port spoken to with TLS: %s %q %q", r.Kind, r.Cause, r.Fix)
	}
}
