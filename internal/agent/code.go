package agent

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net"
	"strings"
	"time"
)

// CodeValid is how long a code lets somebody in.
const CodeValid = 15 * time.Minute

// A Code is what a person carries from one side to the other to pair them. A
// code of kind [Join] is made by the server and used by the agent, one of kind
// [Invite] the other way round.
type Code struct {
	Kind        Kind
	ID          [8]byte // which code it is
	Secret      [16]byte
	Fingerprint [32]byte // SHA-256 of the certificate that waits at Address
	Address     string   // host:port
}

// Kind says who waits for whom.
type Kind byte

// The kinds of codes.
const (
	Join   Kind = 'J' // the server waits
	Invite Kind = 'I' // the agent waits
)

const (
	codePrefix  = "belvedere-"
	codeMost    = 600 // characters of a code
	addressMost = 270 // of host:port
)

// ErrCode is the error of a text that is no code.
var ErrCode = errors.New("agent: this is not a code, or not the whole of it")

// NewCode returns a code with fresh random numbers.
func NewCode(kind Kind, fingerprint [32]byte, address string) Code {
	c := Code{Kind: kind, Fingerprint: fingerprint, Address: address}
	_, _ = rand.Read(c.ID[:]) // never fails
	_, _ = rand.Read(c.Secret[:])
	return c
}

// String returns the code as it is carried: one word of letters, digits, "-"
// and "_". It holds the secret.
func (c Code) String() string {
	b := []byte{byte(c.Kind)}
	b = append(b, c.ID[:]...)
	b = append(b, c.Secret[:]...)
	b = append(b, c.Fingerprint[:]...)
	b = append(b, c.Address...)
	sum := sha256.Sum256(b)
	return codePrefix + base64.RawURLEncoding.EncodeToString(append(b, sum[:4]...))
}

// ParseCode reads a code; blanks and line ends in it do not count. The error is
// [ErrCode].
func ParseCode(s string) (Code, error) {
	s = strings.Join(strings.Fields(s), "")
	text, ok := strings.CutPrefix(s, codePrefix)
	if !ok || len(s) > codeMost {
		return Code{}, ErrCode
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	const fixed = 1 + 8 + 16 + 32
	if err != nil || len(b) < fixed+4 {
		return Code{}, ErrCode
	}
	b, check := b[:len(b)-4], b[len(b)-4:]
	if sum := sha256.Sum256(b); !bytes.Equal(sum[:4], check) {
		return Code{}, ErrCode
	}
	c := Code{Kind: Kind(b[0]), Address: string(b[fixed:])}
	copy(c.ID[:], b[1:])
	copy(c.Secret[:], b[9:])
	copy(c.Fingerprint[:], b[25:])
	if c.Kind != Join && c.Kind != Invite || !usable(c.Address) {
		return Code{}, ErrCode
	}
	return c, nil
}

// usable reports whether an address can be dialled.
func usable(address string) bool {
	host, port, err := net.SplitHostPort(address)
	return err == nil && host != "" && port != "" && len(address) <= addressMost &&
		!strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}
