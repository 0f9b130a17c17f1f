package tunnel

import "fmt"

// A Reason sorts errors by what is wrong.
type Reason string

// The reasons.
const (
	ReasonConnect   Reason = "connect"    // no TCP connection: Err says why
	ReasonNotSSH    Reason = "not_ssh"    // what answers is no SSH server, or hung up before its key
	ReasonKnown     Reason = "known"      // a known_hosts file cannot be read or written: File
	ReasonUnknown   Reason = "unknown"    // the host key is not known: Fingerprint, KeyType, File
	ReasonChanged   Reason = "changed"    // the host key is not the known one: Fingerprint, KeyType, File, Line
	ReasonRevoked   Reason = "revoked"    // the host key is marked as revoked: Fingerprint, KeyType, File, Line
	ReasonKeyFile   Reason = "key_file"   // our key cannot be used: File
	ReasonNoKey     Reason = "no_key"     // there is no key to show
	ReasonLogin     Reason = "login"      // the server does not accept us: Tried
	ReasonLost      Reason = "lost"       // the SSH connection ended
	ReasonNoSocket  Reason = "no_socket"  // there is no such file, or it is no socket
	ReasonDenied    Reason = "denied"     // the user there may not use the socket
	ReasonNoHelper  Reason = "no_helper"  // no forwarding, and no command that could do it
	ReasonNoCommand Reason = "no_command" // no forwarding or no socket, and commands are not allowed
	ReasonAway      Reason = "away"       // the socket is there and nobody listens
)

// An Error says why a socket could not be reached.
type Error struct {
	Reason      Reason
	Fingerprint string // SHA256:… of the host key shown
	KeyType     string // of the host key shown, for example ssh-ed25519
	File        string // the file it is about
	Line        int    // in File, from 1; 0: none
	Tried       string // keys that were shown, for people
	Text        string // what the other side says, at most a line
	Err         error  // may be nil
}

func (e *Error) Error() string {
	s := "tunnel: " + string(e.Reason)
	if e.File != "" {
		s += fmt.Sprintf(": %s", e.File)
	}
	if e.Text != "" {
		s += fmt.Sprintf(": %q", e.Text)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the error below, which may be nil.
func (e *Error) Unwrap() error { return e.Err }
