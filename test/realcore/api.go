package realcore

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// APIPassword is the password of every user of the API.
const APIPassword = "s3cret word"

// The users of the API. APIUser has what docs/cores/icinga2.md tells people to
// give, APIRoot may do all, APIBlind may not query services.
const (
	APIUser  = "belvedere"
	APIRoot  = "root"
	APIBlind = "blind"
	// APICert may do what APIUser may, and shows a certificate of this name.
	APICert = "belvedere-client"
)

// prepareAPI makes the authority, the certificate of the core and one for a
// client, client.crt and client.key in the folder.
func (c *Icinga) prepareAPI() error {
	ca, caKey, err := certificate("Icinga CA", nil, nil)
	if err != nil {
		return err
	}
	if err := writePEM(c.CA, "CERTIFICATE", ca.Raw); err != nil {
		return err
	}
	for name, path := range map[string]string{c.Node: "lib/certs/" + c.Node, APICert: "client"} {
		cert, key, err := certificate(name, ca, caKey)
		if err != nil {
			return err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return err
		}
		if err := writePEM(filepath.Join(c.Dir, path+".crt"), "CERTIFICATE", cert.Raw); err != nil {
			return err
		}
		if err := writePEM(filepath.Join(c.Dir, path+".key"), "PRIVATE KEY", der); err != nil {
			return err
		}
	}
	return nil
}

// certificate makes a certificate signed by parent, or an authority if that is
// nil, as icinga2 makes them: the name stands in CN and as a DNS name.
func certificate(name string, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		BasicConstraintsValid: true,
	}
	if parent == nil {
		t.IsCA, parent, parentKey = true, t, key
	} else {
		t.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return cert, key, err
}

// writePEM writes a file that the daemon's user may read.
func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o644)
}

// apiConfig is the part of the configuration that makes the API.
func apiConfig(c *Icinga) string {
	host, port, _ := net.SplitHostPort(c.API)
	return zoneConfig(c) + fmt.Sprintf(`
object Zone "global-templates" { global = true }
object ApiListener "api" { bind_host = %[1]q; bind_port = %[2]s; accept_config = %[8]t; accept_commands = %[8]t }
const Least = [
	"status/query", "events/*",
	"objects/query/Host", "objects/query/Service", "objects/query/Comment", "objects/query/Downtime",
	"objects/query/Notification", "objects/query/Dependency", "objects/query/User", "objects/query/UserGroup",
	"objects/query/HostGroup", "objects/query/ServiceGroup", "objects/query/TimePeriod", "objects/query/CheckCommand",
	"objects/query/EventCommand", "objects/query/NotificationCommand", "objects/query/Zone", "objects/query/Endpoint",
	"actions/acknowledge-problem", "actions/remove-acknowledgement", "actions/add-comment", "actions/remove-comment",
	"actions/schedule-downtime", "actions/remove-downtime", "actions/reschedule-check", "actions/process-check-result",
	"actions/send-custom-notification", "actions/delay-notification",
	"objects/modify/Host", "objects/modify/Service", "objects/modify/IcingaApplication"
]
object ApiUser %[4]q { password = %[3]q; permissions = Least }
object ApiUser %[5]q { client_cn = %[5]q; permissions = Least }
object ApiUser %[6]q { password = %[3]q; permissions = [ "*" ] }
object ApiUser %[7]q { password = %[3]q; permissions = [ "status/query", "objects/query/Host", "events/*" ] }
`, host, port, APIPassword, APIUser, APICert, APIRoot, APIBlind, c.paired())
}

// CallAPI sends a request to the API as APIRoot. The error says what the API
// says against it.
func (c *Icinga) CallAPI(method, path, body string) error {
	pool := x509.NewCertPool()
	b, err := os.ReadFile(c.CA)
	if err != nil {
		return err
	}
	pool.AppendCertsFromPEM(b)
	t := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: c.Node, MinVersion: tls.VersionTLS12}}
	defer t.CloseIdleConnections()
	r, err := http.NewRequest(method, "https://"+c.API+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.SetBasicAuth(APIRoot, APIPassword)
	r.Header.Set("Accept", "application/json")
	res, err := (&http.Client{Transport: t, Timeout: patience}).Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		said, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
		return fmt.Errorf("realcore: %s %s: %s: %s", method, path, res.Status, said)
	}
	return nil
}
