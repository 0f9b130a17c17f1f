package livestatus

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// errPin is why a handshake fails when the certificate is not the pinned one.
var errPin = errors.New("certificate is not the pinned one")

// Fingerprint returns the SHA-256 of a certificate as [TLSOptions] takes it:
// upper case hex with colons.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	var b strings.Builder
	for i, v := range sum {
		if i > 0 {
			b.WriteByte(':')
		}
		fmt.Fprintf(&b, "%02X", v)
	}
	return b.String()
}

// parseFingerprint reads 64 hex digits, with or without colons, blanks and a
// "sha256:" in front.
func parseFingerprint(s string) ([]byte, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	s = strings.TrimPrefix(strings.TrimPrefix(s, "sha256:"), "sha256 fingerprint=")
	b, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "").Replace(s))
	if err != nil || len(b) != sha256.Size {
		return nil, fmt.Errorf("not 64 hexadecimal digits")
	}
	return b, nil
}

// pemMost bounds a file of certificates, in bytes.
const pemMost = 4 << 20

// keyPair reads a certificate and its key.
func keyPair(cert, key string) (tls.Certificate, error) {
	c, err := readSmall(cert, pemMost)
	if err != nil {
		return tls.Certificate{}, err
	}
	k, err := readSmall(key, pemMost)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(c, k)
}

// tlsConfig reads the files named by the options.
func tlsConfig(a Address) (*tls.Config, *Error) {
	o := a.TLS
	bad := func(cause, fix string, err error) (*tls.Config, *Error) {
		return nil, &Error{Kind: KindAddress, Cause: cause, Fix: fix, Err: err}
	}
	c := &tls.Config{ServerName: o.ServerName, MinVersion: tls.VersionTLS12, InsecureSkipVerify: o.InsecureSkipVerify}
	if c.ServerName == "" {
		c.ServerName = zoneless(a.Host)
	}
	if o.CA != "" {
		pem, err := readSmall(o.CA, pemMost)
		if err != nil {
			return bad(fmt.Sprintf("The file of authorities %s cannot be read: %s.", o.CA, plain(err)), "Check path and permissions.", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return bad(fmt.Sprintf("The file of authorities %s holds no certificate in PEM form.", o.CA), "It must begin with -----BEGIN CERTIFICATE-----.", nil)
		}
	}
	if o.Cert != "" || o.Key != "" {
		pair, err := keyPair(o.Cert, o.Key)
		if err != nil {
			return bad(fmt.Sprintf("Our own certificate %s with key %s cannot be used: %s.", o.Cert, o.Key, plain(err)), "Both files must be PEM, readable by this program, and belong together.", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	if o.Fingerprint != "" {
		pin, err := parseFingerprint(o.Fingerprint)
		if err != nil {
			return bad("The pinned fingerprint is not a SHA-256 fingerprint: it has 64 hexadecimal digits, with or without colons.", "openssl x509 -noout -fingerprint -sha256 -in CERT shows it.", err)
		}
		c.InsecureSkipVerify = true // the pin takes its place
		c.VerifyConnection = func(s tls.ConnectionState) error {
			if sum := sha256.Sum256(s.PeerCertificates[0].Raw); string(sum[:]) != string(pin) {
				return &pinError{s.PeerCertificates[0]}
			}
			return nil
		}
	}
	return c, nil
}

// A pinError carries the certificate that came instead of the pinned one.
type pinError struct{ got *x509.Certificate }

func (e *pinError) Error() string { return errPin.Error() + ": " + Fingerprint(e.got) }
func (e *pinError) Unwrap() error { return errPin }

// tlsError explains a failed handshake on raw.
func tlsError(a Address, raw net.Conn, limit time.Duration, err error) *Error {
	where := net.JoinHostPort(a.Host, a.Port)
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	var pin *pinError
	var ne net.Error
	switch {
	case errors.As(err, &pin):
		return &Error{Kind: KindCertificate, Err: err, fingerprint: Fingerprint(pin.got),
			Cause: fmt.Sprintf("The certificate of %s is not the pinned one. It is %s.", where, describe(pin.got)),
			Fix:   "If the certificate was renewed on purpose, compare the fingerprint on the server and pin the new one."}
	case errors.As(err, &verify):
		return certificateError(where, a.TLS.CA, verify)
	case errors.As(err, &record) && a.Thruk():
		return &Error{Kind: KindTLS, Err: err, Cause: fmt.Sprintf("%s does not speak TLS on this port.", where),
			Fix: "Give the port of HTTPS, usually 443; http:// is for a web server that has none."}
	case errors.As(err, &record) && a.Scheme == "icinga2":
		return noAPIError(where, plainError(where, record.RecordHeader[:], err))
	case errors.As(err, &record):
		return plainError(where, record.RecordHeader[:], err)
	case isAlert(err):
		return alertError(where, a.TLS, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		e := &Error{Kind: KindHangup, Err: err,
			Cause: fmt.Sprintf("%s hung up during the TLS handshake, without a word.", where),
			Fix:   fmt.Sprintf("Either it speaks Livestatus without TLS (then use tcp://%s), or xinetd or a firewall does not admit our address %s.", where, localIP(raw))}
		if a.Scheme == "icinga2" {
			e.Fix = fmt.Sprintf("Icinga 2 is just starting or ending, or a firewall does not admit our address %s.", localIP(raw))
		}
		return e
	case errors.As(err, &ne) && ne.Timeout(), errors.Is(err, os.ErrDeadlineExceeded):
		e := &Error{Kind: KindSilent, Err: err,
			Cause: fmt.Sprintf("%s accepted the connection but did not answer the TLS greeting within %s.", where, short(limit)),
			Fix:   fmt.Sprintf("Probably it speaks Livestatus without TLS: try tcp://%s.", where)}
		if a.Scheme == "icinga2" {
			e.Fix = "Icinga 2 hangs, or another service listens there: its API usually has port 5665."
		}
		return e
	}
	return &Error{Kind: KindTLS, Err: err,
		Cause: fmt.Sprintf("The TLS handshake with %s failed: %s.", where, strings.TrimPrefix(plain(err), "tls: ")),
		Fix:   "Check on the server which TLS versions and certificates it uses: TLS 1.2 or newer is needed."}
}

// noAPIError is e for an address of the API of Icinga 2.
func noAPIError(where string, e *Error) *Error {
	switch e.Kind {
	case KindHTTP:
		e.Cause = fmt.Sprintf("A web server answers on %s, not the API of Icinga 2.", where)
	case KindSSH:
		e.Cause = fmt.Sprintf("An SSH server answers on %s, not the API of Icinga 2.", where)
	default:
		e.Cause = fmt.Sprintf("%s does not speak TLS, so it is not the API of Icinga 2.", where)
	}
	e.Fix = "Give the port of its API, usually 5665; its Livestatus has addresses of its own, tcp:// or tls://."
	return e
}

// plainError explains what answered a TLS greeting with something else.
func plainError(where string, head []byte, err error) *Error {
	if e := sniff(head, where, ""); e != nil && e.Kind != KindBanner {
		e.Err = err
		return e
	}
	return &Error{Kind: KindTLS, Err: err,
		Cause: fmt.Sprintf("%s does not speak TLS on this port: it answered the greeting with %q.", where, head),
		Fix:   fmt.Sprintf("Use tcp://%s if the core's Livestatus is not encrypted there.", where)}
}

// certificateError explains why a certificate is not trusted, with what helps
// to judge it; ca is the file of authorities that were to be trusted.
func certificateError(where, ca string, v *tls.CertificateVerificationError) *Error {
	leaf := v.UnverifiedCertificates[0]
	e := &Error{Kind: KindCertificate, Err: v, fingerprint: Fingerprint(leaf)}
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	about := "It is " + describe(leaf) + "."
	switch {
	case errors.As(v.Err, &unknown) && ca != "":
		// All Icinga 2 call theirs "Icinga CA", so the name tells nothing.
		e.Cause = fmt.Sprintf("The certificate of %s was issued by another authority than that in %s: %s.", where, ca, chain(v.UnverifiedCertificates))
		e.Fix = "The file is that of another installation, or the authority was made anew: copy it again from this server, for Icinga 2 /var/lib/icinga2/certs/ca.crt."
	case errors.As(v.Err, &unknown):
		e.Cause = fmt.Sprintf("The certificate of %s was issued by an authority that is not trusted here: %s.", where, chain(v.UnverifiedCertificates))
		e.Fix = "Give the file of the issuing authority as ca, or compare the fingerprint on the server and pin it."
	case errors.As(v.Err, &name):
		e.Cause = fmt.Sprintf("The certificate of %s is for other names: %s.", where, names(leaf))
		e.Fix = "Use one of these names in the address, or set it as server_name, or pin the fingerprint."
	case errors.As(v.Err, &invalid) && invalid.Reason == x509.Expired:
		word := "has expired"
		if leaf.NotBefore.After(time.Now()) {
			word = "is not valid yet"
		}
		e.Cause = fmt.Sprintf("The certificate of %s %s.", where, word)
		e.Fix = "Renew it on the server, and check the clocks of both machines."
	default:
		e.Cause = fmt.Sprintf("The certificate of %s is not accepted: %s.", where, strings.TrimPrefix(plain(v.Err), "x509: "))
		e.Fix = "Replace it on the server, or compare the fingerprint on the server and pin it."
	}
	e.Cause += " " + about
	return e
}

// describe says in one phrase what a certificate is.
func describe(c *x509.Certificate) string {
	const day = "2 Jan 2006"
	return fmt.Sprintf("for %s, valid from %s to %s, SHA-256 %s", names(c), c.NotBefore.UTC().Format(day), c.NotAfter.UTC().Format(day), Fingerprint(c))
}

// names lists the names a certificate is for.
func names(c *x509.Certificate) string {
	list := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		list = append(list, ip.String())
	}
	if len(list) == 0 {
		list = []string{subject(c)}
	}
	if len(list) > 5 {
		list = append(list[:5], fmt.Sprintf("and %d more", len(list)-5))
	}
	return strings.Join(list, ", ")
}

func subject(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

// chain names the certificates from the server's own to the last one sent, and
// who issued that.
func chain(certs []*x509.Certificate) string {
	var list []string
	for _, c := range certs[:min(len(certs), 4)] {
		list = append(list, subject(c))
	}
	last := certs[min(len(certs), 4)-1]
	if issuer := last.Issuer.CommonName; issuer != "" && issuer != last.Subject.CommonName {
		list = append(list, issuer)
	}
	if len(list) == 1 {
		return list[0] + " (signed by itself)"
	}
	return strings.Join(list, " ← ")
}

// isAlert reports whether err is a refusal that the other side sent as a TLS
// alert. Package tls has no type for these, only a name.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// alertError explains a refusal that the other side sent as a TLS alert.
func alertError(where string, o TLSOptions, err error) *Error {
	e := &Error{Kind: KindTLS, Err: err}
	text := strings.TrimPrefix(plain(err), "tls: ")
	switch {
	case strings.Contains(text, "certificate"), strings.Contains(text, "handshake failure"):
		e.Kind = KindCertificate
		e.Cause = fmt.Sprintf("%s wants a certificate from us and did not get one it accepts (%s).", where, text)
		e.Fix = "Set cert and key to a client certificate that this server trusts."
		if o.Cert != "" {
			e.Fix = fmt.Sprintf("It does not accept %s: use a certificate issued by the authority this server trusts.", o.Cert)
		}
	case strings.Contains(text, "protocol version"):
		e.Cause = fmt.Sprintf("%s offers no TLS version that is still safe (%s).", where, text)
		e.Fix = "Enable TLS 1.2 or 1.3 there."
	default:
		e.Cause = fmt.Sprintf("%s ended the TLS handshake: %s.", where, text)
		e.Fix = "Its log says why; check certificates and TLS versions on both sides."
	}
	return e
}

// localIP returns the address our end of c has, for lists of who is admitted.
func localIP(c net.Conn) string {
	if c == nil || c.LocalAddr() == nil {
		return "(not known)"
	}
	host, _, err := net.SplitHostPort(c.LocalAddr().String())
	if err != nil {
		return c.LocalAddr().String()
	}
	return host
}
