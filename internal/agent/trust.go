package agent

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"
)

// What a connection is for, as the two sides agree on in TLS. The number is
// the version of what is said.
const (
	protoLine   = "belvedere-agent/1"
	protoJoin   = "belvedere-join/1"
	protoInvite = "belvedere-invite/1"
)

var errStranger = errors.New("its certificate was issued by another authority")

// verify checks a peer's certificate against an authority and returns whose it
// is; unit says what it must be for.
func verify(s tls.ConnectionState, pool *x509.CertPool, unit string, now time.Time) (id string, err error) {
	if len(s.PeerCertificates) == 0 {
		return "", errors.New("it showed no certificate")
	}
	leaf := s.PeerCertificates[0]
	_, err = leaf.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &unknown):
		return "", errStranger
	case err != nil:
		return "", fmt.Errorf("its certificate is not accepted: %w", err)
	case leaf.IsCA || !slices.Equal(leaf.Subject.OrganizationalUnit, []string{unit}):
		return "", fmt.Errorf("its certificate is not that of an %s", unit)
	}
	return leaf.Subject.CommonName, nil
}

// peerIs returns a check that the peer is one of unit whom admit lets in.
func peerIs(pool *x509.CertPool, unit string, now func() time.Time, admit func(id string) error) func(tls.ConnectionState) error {
	return func(s tls.ConnectionState) error {
		id, err := verify(s, pool, unit, now())
		if err != nil {
			return err
		}
		return admit(id)
	}
}

// pinned returns a check that the peer's certificate, or the authority it sent
// along and that issued it, has the fingerprint.
func pinned(fingerprint [32]byte, now func() time.Time) func(tls.ConnectionState) error {
	return func(s tls.ConnectionState) error {
		for i, c := range s.PeerCertificates {
			if sha256.Sum256(c.Raw) != fingerprint {
				continue
			}
			if i == 0 {
				return nil
			}
			pool := x509.NewCertPool()
			pool.AddCert(c)
			_, err := verify(s, pool, serverUnit, now())
			return err
		}
		return errPinned
	}
}

var errPinned = errors.New("its certificate is not the one that the code names")

// newKey makes a key and the request for its certificate.
func newKey() (key *ecdsa.PrivateKey, request []byte, err error) {
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, nil, fmt.Errorf("agent: key: %w", err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, nil, fmt.Errorf("agent: request: %w", err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), nil
}

// selfSigned makes a certificate for as long as an invitation lasts.
func selfSigned(now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("agent: key: %w", err)
	}
	t := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Belvedere agent, not joined yet"},
		NotBefore: now.Add(-clockSlack), NotAfter: now.Add(CodeValid + clockSlack), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("agent: certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
