package app_test

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
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"belvedere/internal/auth"
	"belvedere/internal/config"
	"belvedere/internal/testkit"
)

// TestReload takes over sites, people and certificate while a page stays open.
func TestReload(t *testing.T) {
	core := testkit.NewCore(testkit.Options{Hosts: 3, ServicesPerHost: 1})
	t.Cleanup(func() { _ = core.Close() })
	addr, err := core.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hash, err := auth.HashPassword("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	cert, key := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	certificate(t, cert, key, 1)
	cfg := config.Default()
	cfg.TLS = config.TLS{Cert: cert, Key: key}
	cfg.Users = []config.User{{Name: "eva", Role: "admin", PasswordHash: hash}}
	a := start(t, cfg, nil)
	if !strings.HasPrefix(a.url, "https://") {
		t.Fatalf("the address is %s, want https", a.url)
	}
	c := client(t)
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	t.Cleanup(transport.CloseIdleConnections)
	c.Transport = transport
	signIn(t, c, a.url, "eva", "correct horse battery")
	if _, body := get(t, c, a.url+"/sites"); strings.Contains(body, "Nachgetragen") {
		t.Fatal("the site is there before it was configured")
	}

	next := cfg
	next.Data, next.Listen = a.config.Data, a.config.Listen
	next.Sites = []config.Site{{Name: "Nachgetragen", Addresses: []string{"tcp://" + addr.String()}}}
	certificate(t, cert, key, 2)
	a.reload <- next
	eventually(t, "the new site's hosts", func() bool {
		_, body := get(t, c, a.url+"/hosts")
		return strings.Contains(body, "/host/")
	})
	if n := serial(t, a.url); n != 2 {
		t.Errorf("certificate %d is served after the reload, want 2", n)
	}

	// A certificate that cannot be read leaves the old configuration in force,
	// people and sites included.
	broken := next
	broken.TLS.Cert = key
	broken.Sites, broken.Users = nil, nil
	a.reload <- broken
	eventually(t, "the log to say why", func() bool { return strings.Contains(a.log.String(), "certificate not taken over") })
	if n := serial(t, a.url); n != 2 {
		t.Errorf("certificate %d is served after a broken reload, want 2", n)
	}
	if code, body := get(t, c, a.url+"/hosts"); code != http.StatusOK || !strings.Contains(body, "/host/") {
		t.Errorf("after a broken reload the hosts are answered with %d", code)
	}

	// Somebody who left the file cannot go on. Without tls in the file the
	// server goes on with what it has, and says that this needs a restart.
	next.Users, next.TLS = nil, config.TLS{}
	a.reload <- next
	eventually(t, "the session of somebody who left the file to end", func() bool {
		code, _ := get(t, c, a.url+"/hosts")
		return code == http.StatusSeeOther
	})
	eventually(t, "the log to say that tls needs a restart", func() bool { return strings.Contains(a.log.String(), "needs a restart") })
}

// certificate writes a self-signed certificate for loopback.
func certificate(t *testing.T, cert, key string, serial int64) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "belvedere"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// serial returns the serial number of the certificate served at address.
func serial(t *testing.T, address string) int64 {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(address, "https://"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}
