package agent

import (
	"context"
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
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"belvedere/internal/db"
)

const (
	keyFile       = "agents.key" // of the authority, in the data folder
	authorityMeta = "agents.authority"

	authorityLife = 20 * 365 * 24 * time.Hour
	leafLife      = 90 * 24 * time.Hour
	renewBefore   = 60 * 24 * time.Hour // what is left when a new one is made
	clockSlack    = time.Hour           // how far clocks may differ
	serverName    = "belvedere server"  // common name in our own certificate
	agentUnit     = "agent"             // organizational unit of agents
	serverUnit    = "server"
)

// An Authority issues the certificates of one server and its agents. Its own
// certificate is in the store, its key in the data folder, readable by its
// owner only. Safe for concurrent use.
type Authority struct {
	cert *x509.Certificate
	pem  []byte
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
	now  func() time.Time

	mu  sync.Mutex
	own *tls.Certificate // ours, made anew with each start
}

// OpenAuthority returns the authority of the store in dir, and makes it if
// there is none. Its errors say for people what is wrong.
func OpenAuthority(ctx context.Context, store *db.DB, dir string) (*Authority, error) {
	a := &Authority{now: time.Now}
	file := filepath.Join(dir, keyFile)
	text, err := store.Meta(ctx, authorityMeta)
	if err == nil && text == "" {
		// The one writer of the store decides who makes it.
		err = store.Write(ctx, func(t *db.Tx) error {
			if text, err = t.Meta(ctx, authorityMeta); err != nil || text != "" {
				return err
			}
			if text, err = makeAuthority(file, a.now()); err != nil {
				return err
			}
			return t.SetMeta(ctx, authorityMeta, text)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("agent: authority: %w", err)
	}
	if a.cert, err = parseCertificate([]byte(text)); err != nil {
		return nil, err
	}
	a.pem, a.pool = []byte(text), x509.NewCertPool()
	a.pool.AddCert(a.cert)
	if a.key, err = readKey(file); err != nil {
		hint := "put the file back from a backup of the data folder; without it agents must join anew: remove their sites and the file"
		return nil, &Error{Msg: fmt.Sprintf("the key of the agents' authority %s cannot be used: %v", file, cause(err)), Hint: hint, Err: err}
	}
	if !a.key.PublicKey.Equal(a.cert.PublicKey) {
		return nil, &Error{Msg: fmt.Sprintf("%s is not the key of this store's authority", file), Hint: "the store and the file must come from the same server: put the right one back"}
	}
	return a, nil
}

// makeAuthority writes a new key and returns the certificate for it.
func makeAuthority(file string, now time.Time) (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	t := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Belvedere agents"},
		NotBefore: now.Add(-clockSlack), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return "", err
	}
	if err := writeKey(file, key); err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}

// Fingerprint is the SHA-256 of the authority's certificate, which codes carry.
func (a *Authority) Fingerprint() [32]byte { return sha256.Sum256(a.cert.Raw) }

// sign issues a certificate in PEM for a key, with name as its common name.
func (a *Authority) sign(public any, name, unit string) ([]byte, error) {
	now := a.now()
	t := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name, OrganizationalUnit: []string{unit}},
		NotBefore: now.Add(-clockSlack), NotAfter: now.Add(leafLife), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, public, a.key)
	if err != nil {
		return nil, fmt.Errorf("agent: sign: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// issue signs what an agent asks for. The name is ours to say, not the
// request's.
func (a *Authority) issue(request []byte, id string) ([]byte, error) {
	block, _ := pem.Decode(request)
	if block == nil {
		return nil, errors.New("agent: issue: no request in PEM")
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("agent: issue: %w", err)
	}
	// First: a huge key of another kind would take long to check.
	if k, ok := csr.PublicKey.(*ecdsa.PublicKey); !ok || k.Curve != elliptic.P256() {
		return nil, errors.New("agent: issue: the key is of another kind")
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, fmt.Errorf("agent: issue: %w", err)
	}
	return a.sign(csr.PublicKey, id, agentUnit)
}

// certificate returns the server's own, followed by the authority's. Its key
// never leaves memory.
func (a *Authority) certificate() (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.own != nil && a.own.Leaf.NotAfter.Sub(a.now()) > renewBefore {
		return a.own, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("agent: key: %w", err)
	}
	text, err := a.sign(key.Public(), serverName, serverUnit)
	if err != nil {
		return nil, err
	}
	leaf, err := parseCertificate(text)
	if err != nil {
		return nil, err
	}
	a.own = &tls.Certificate{Certificate: [][]byte{leaf.Raw, a.cert.Raw}, PrivateKey: key, Leaf: leaf}
	return a.own, nil
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // the system's random numbers never fail
	}
	return n
}

func parseCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("agent: this is no certificate in PEM")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("agent: certificate: %w", err)
	}
	return c, nil
}

// writeKey writes a private key that only its owner may read, in one step.
func writeKey(file string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("agent: key: %w", err)
	}
	return writeFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// readKey reads a private key and refuses one that others may read.
func readKey(file string) (*ecdsa.PrivateKey, error) {
	text, err := readOwn(file)
	if err != nil {
		return nil, err
	}
	return parseKey(text)
}

var errOthers = errors.New("others may read it: chmod 600")

// ownMost bounds files of ours that hold a key, in bytes.
const ownMost = 1 << 20

// readOwn reads a file that its owner alone may read; [errOthers].
func readOwn(file string) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe would keep us
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no plain file")
	case info.Mode().Perm()&0o077 != 0:
		return nil, errOthers
	}
	return io.ReadAll(io.LimitReader(f, ownMost))
}

func parseKey(text []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it is no key in PEM")
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("it is no key")
	}
	key, ok := k.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("it is a key of another kind")
	}
	return key, nil
}

// writeFile writes a file in one step, so that it is seen whole or not at all,
// also after a power cut. Run by root, it belongs to who owns the folder: they
// can put another file or a link in its place at any moment, so nothing is done
// to it by its name.
func writeFile(file string, text []byte, mode fs.FileMode) (err error) {
	dir, err := os.OpenRoot(filepath.Dir(file))
	if err != nil {
		return err
	}
	defer dir.Close()
	name := filepath.Base(file)
	draft := name + "." + rand.Text()
	f, err := dir.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), dir.Remove(draft))
		}
	}()
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if err := give(f, dir); err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := dir.Rename(draft, name); err != nil {
		return err
	}
	return f.Close()
}

// give has a file that root writes belong to who owns the folder.
func give(f *os.File, dir *os.Root) error {
	info, err := dir.Stat(".")
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	return f.Chown(int(owner.Uid), int(owner.Gid))
}

// cause is a file system error without the path, which is said already.
func cause(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// An Error says for people what is wrong and what to do about it.
type Error struct {
	Msg, Hint string
	Err       error // may be nil
}

func (e *Error) Error() string { return e.Msg }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// HintText returns what to do about it.
func (e *Error) HintText() string { return e.Hint }
