package app_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"belvedere/internal/auth"
	"belvedere/internal/config"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/testkit"
)

// listeners starts an app over the cores Wien and Graz with these Livestatus
// listeners and the person belvedere, a contact of a part of Wien, and returns
// their addresses.
func listeners(t *testing.T, all ...config.Livestatus) (a *running, cores []*testkit.Core) {
	t.Helper()
	cfg := config.Default()
	for i, name := range []string{"Wien", "Graz"} {
		c := testkit.NewCore(testkit.Options{Name: name, Hosts: 20, ServicesPerHost: 2, Seed: uint64(i) + 5})
		t.Cleanup(func() { _ = c.Close() })
		addr, err := c.ListenTCP("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c.Start(t.Context())
		cfg.Sites = append(cfg.Sites, config.Site{Name: name, Addresses: []string{"tcp://" + addr.String()}})
		cores = append(cores, c)
	}
	hash, err := auth.HashPassword("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Users = []config.User{{Name: "belvedere", Role: "operator", PasswordHash: hash, Contacts: map[string]string{"Wien": contactOfSome(t, cores[0])}}}
	cfg.Livestatus = all
	return start(t, cfg, nil), cores
}

// hosts counts the hosts that a listener shows, by site.
func hosts(t *testing.T, address string) (map[string]int, error) {
	t.Helper()
	at, err := livestatus.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	c := livestatus.NewClient(livestatus.Options{Address: at})
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := lql.ParseRequest("GET hosts\nColumns: peer_name\n\n")
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Query(ctx, req.Query)
	if err != nil {
		return nil, err
	}
	n := map[string]int{}
	for i := range res.Rows {
		n[res.Text(i, "peer_name")]++
	}
	return n, nil
}

// ask sends text to a listener and returns all it answers.
func ask(t *testing.T, address, text string) string {
	t.Helper()
	c, err := net.DialTimeout("tcp", strings.TrimPrefix(address, "tcp://"), patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestClientCertificate: a listener with TLS answers only who has a certificate
// of its authority, in the name that is in it.
func TestClientCertificate(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	certificate(t, file("server.crt"), file("server.key"), 1)
	certificate(t, file("client.crt"), file("client.key"), 2)
	certificate(t, file("strange.crt"), file("strange.key"), 3)
	a, _ := listeners(t, config.Livestatus{
		Listen: "tls://127.0.0.1:0", Network: "tcp", Address: "127.0.0.1:0", Secure: true,
		TLS: config.TLS{Cert: file("server.crt"), Key: file("server.key")}, ClientCA: file("client.crt"),
	})
	address := func(client string) string {
		q := url.Values{"ca": {file("server.crt")}}
		if client != "" {
			q.Set("cert", file(client+".crt"))
			q.Set("key", file(client+".key"))
		}
		return a.LivestatusAddresses()[0] + "?" + q.Encode()
	}
	eventually(t, "a part of Wien and nothing of Graz", func() bool {
		n, err := hosts(t, address("client"))
		return err == nil && n["Wien"] > 0 && n["Wien"] < 20 && len(n) == 1
	})
	for _, client := range []string{"", "strange"} {
		if n, err := hosts(t, address(client)); err == nil {
			t.Errorf("a client with the certificate %q sees %v", client, n)
		}
	}
}

// TestAllowedNetworks: who does not come from an allowed network is not
// answered; loopback always is.
func TestAllowedNetworks(t *testing.T) {
	a, cores := listeners(t,
		config.Livestatus{Listen: "tcp://127.0.0.1:0", Network: "tcp", Address: "127.0.0.1:0", Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Sites: []string{"graz"}, RequireAuthUser: true},
		config.Livestatus{Listen: "tcp://127.0.0.1:0", Network: "tcp", Address: "127.0.0.1:0", Sites: []string{"nowhere"}},
	)
	narrow, none := a.LivestatusAddresses()[0], a.LivestatusAddresses()[1]
	if got := ask(t, narrow, "GET hosts\nColumns: peer_name\n\n"); !strings.Contains(got, "AuthUser") {
		t.Errorf("without AuthUser: %q", got)
	}
	eventually(t, "the contact's hosts of the site that is named", func() bool {
		got := ask(t, narrow, "GET hosts\nColumns: peer_name\nAuthUser: "+contactOfSome(t, cores[1])+"\n\n")
		return strings.Count(got, "Graz\n") > 0 && !strings.Contains(got, "Wien")
	})
	if n, err := hosts(t, none); err != nil || len(n) != 0 {
		t.Errorf("a listener for a site that is not there shows %v, %v", n, err)
	}
	if !strings.Contains(a.log.String(), "names sites that are not there") {
		t.Error("the log does not say that a listener names a site that is not there")
	}
}
