package agent

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// stateFile holds what an agent got when it joined, readable by its owner only.
const stateFile = "joined.json"

// A state is what an agent got when it joined, in one file that is replaced as
// a whole.
type state struct {
	ID          string `json:"id"`
	Server      string `json:"server,omitempty"` // host:port; "": it comes to us
	Key         string `json:"key"`
	Certificate string `json:"certificate"`
	Authority   string `json:"authority"`
}

// identity is a state that can be used.
type identity struct {
	state
	cert tls.Certificate
	pool *x509.CertPool
}

// ErrNotJoined is the error of an agent that has no server yet.
var ErrNotJoined = errors.New("agent: not joined")

// readState reads what is in dir. The error is an [*Error].
func readState(dir string) (*identity, error) {
	file := filepath.Join(dir, stateFile)
	text, err := readOwn(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Error{Msg: "this agent has not joined a server yet", Hint: "get a code on the page Sites of the server and run: belvedere agent join CODE", Err: ErrNotJoined}
	case errors.Is(err, errOthers):
		return nil, &Error{Msg: file + " can be read by others", Hint: "it holds the agent's key: chmod 600 it, and join anew if others may have read it"}
	case err != nil:
		return nil, &Error{Msg: fmt.Sprintf("%s cannot be read: %v", file, cause(err)), Hint: "run the agent as the user that owns its folder", Err: err}
	}
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, &Error{Msg: file + " is damaged", Hint: "remove it, remove the site on the server, and join anew", Err: err}
	}
	id, err := s.identity()
	if err != nil {
		return nil, &Error{Msg: file + " is damaged", Hint: "remove it, remove the site on the server, and join anew", Err: err}
	}
	return id, nil
}

func (s state) identity() (*identity, error) {
	key, err := parseKey([]byte(s.Key))
	if err != nil {
		return nil, err
	}
	leaf, err := parseCertificate([]byte(s.Certificate))
	if err != nil {
		return nil, err
	}
	ca, err := parseCertificate([]byte(s.Authority))
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(leaf.PublicKey) {
		return nil, errors.New("agent: the certificate is for another key")
	}
	id := &identity{state: s, pool: x509.NewCertPool()}
	id.pool.AddCert(ca)
	id.cert = tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	return id, nil
}

// newState puts together what an agent got.
func newState(id, server string, key *ecdsa.PrivateKey, certificate, authority string) (state, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return state{}, fmt.Errorf("agent: key: %w", err)
	}
	s := state{ID: id, Server: server, Certificate: certificate, Authority: authority,
		Key: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))}
	if _, err := s.identity(); err != nil {
		return state{}, fmt.Errorf("agent: what the server sent is of no use: %w", err)
	}
	return s, nil
}

// write stores the state.
func (s state) write(dir string) error {
	text, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return fmt.Errorf("agent: state: %w", err)
	}
	return writeFile(filepath.Join(dir, stateFile), append(text, '\n'), 0o600)
}

// prepare makes the folder if it is not there, and finds out whether it can be
// written, before a code is used up.
func prepare(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(dir, "try.*"); err == nil {
			err = errors.Join(f.Close(), os.Remove(f.Name()))
		}
	}
	if err != nil {
		return &Error{Msg: fmt.Sprintf("the folder %s cannot be written: %v", dir, cause(err)), Hint: "run this as root or as the user of the agent, or name another folder in data:", Err: err}
	}
	if _, err := os.Stat(filepath.Join(dir, stateFile)); err == nil {
		return &Error{Msg: "this agent has joined a server already", Hint: "to join anew, stop the agent, remove " + filepath.Join(dir, stateFile) + ", and remove the site on the old server"}
	}
	return nil
}
