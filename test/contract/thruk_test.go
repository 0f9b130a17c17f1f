package contract_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http/httptest"
	"testing"

	"belvedere/internal/livestatus"
	"belvedere/internal/site"
	"belvedere/internal/testkit"
)

// behindThruk is a way to a simulated Naemon that is the backend of a simulated
// Thruk.
func behindThruk(t *testing.T) (core, opened) {
	const key = "a2f3_0123456789abcdef0123456789abcdef"
	s := newSimulated(t, testkit.Naemon)
	k := &testkit.Thruk{Prefix: "/wien/thruk"}
	k.Set([]testkit.ThrukSite{{Key: "40863", Name: "Wien", Network: "unix", Address: s.unix}},
		map[string]testkit.ThrukKey{key: {User: "belvedere", Roles: []string{"authorized_for_admin"}}})
	web := httptest.NewTLSServer(k)
	t.Cleanup(web.Close)
	sum := sha256.Sum256(web.Certificate().Raw)
	return s, opened{spec: site.Spec{Addresses: []string{web.URL + "/wien/thruk"},
		TLS: livestatus.TLSOptions{Fingerprint: hex.EncodeToString(sum[:]), Password: key}}}
}
