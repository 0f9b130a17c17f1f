package tunnel

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// A hostCheck decides about one server's host key.
type hostCheck struct {
	own     string   // file to which accepted keys are added; "": nothing is
	files   []string // those that exist
	address string   // host:port
	accept  string   // fingerprint that may be added
	check   ssh.HostKeyCallback

	shown string // fingerprint of the key that was accepted
}

// newHostCheck reads the known_hosts files.
func newHostCheck(own string, w Way) (*hostCheck, error) {
	h := &hostCheck{own: own, address: net.JoinHostPort(w.Host, w.Port), accept: w.Accept}
	for _, f := range []string{own, w.KnownHosts} {
		_, err := os.Stat(f)
		switch {
		case f == "" || slices.Contains(h.files, f):
		case err == nil:
			h.files = append(h.files, f)
		case f == w.KnownHosts || !errors.Is(err, fs.ErrNotExist):
			return nil, &Error{Reason: ReasonKnown, File: f, Err: err}
		}
	}
	check, err := knownhosts.New(h.files...)
	if err != nil {
		return nil, &Error{Reason: ReasonKnown, File: h.files[len(h.files)-1], Err: err}
	}
	h.check = check
	return h, nil
}

// algorithms returns the kinds of host keys to ask for: those that are known,
// as a server has several keys and shows the one asked for first. nil: any.
func (h *hostCheck) algorithms() []string {
	var known *knownhosts.KeyError
	if err := h.check(h.address, &net.TCPAddr{}, noKey{}); !errors.As(err, &known) {
		return nil
	}
	var list []string
	for _, k := range known.Want {
		switch kind := k.Key.Type(); kind {
		case ssh.KeyAlgoRSA:
			list = append(list, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		default:
			list = append(list, kind)
		}
	}
	return list
}

// noKey is a key that no server has.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return []byte("none") }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }

// callback is the [ssh.HostKeyCallback].
func (h *hostCheck) callback(address string, remote net.Addr, key ssh.PublicKey) error {
	print := ssh.FingerprintSHA256(key)
	err := h.check(address, remote, key)
	var known *knownhosts.KeyError
	var revoked *knownhosts.RevokedError
	switch {
	case err == nil:
	case errors.As(err, &revoked):
		return &Error{Reason: ReasonRevoked, Fingerprint: print, KeyType: key.Type(), File: revoked.Revoked.Filename, Line: revoked.Revoked.Line, Err: err}
	case !errors.As(err, &known):
		return &Error{Reason: ReasonNotSSH, Err: err}
	case len(known.Want) > 0:
		w := known.Want[0]
		return &Error{Reason: ReasonChanged, Fingerprint: print, KeyType: key.Type(), File: w.Filename, Line: w.Line, Err: err}
	case h.accept == "" || h.accept != print || h.own == "":
		return &Error{Reason: ReasonUnknown, Fingerprint: print, KeyType: key.Type(), File: h.own, Err: err}
	default:
		if err := addKnown(h.own, knownhosts.Line([]string{knownhosts.Normalize(address)}, key)); err != nil {
			return &Error{Reason: ReasonKnown, File: h.own, Err: err}
		}
	}
	h.shown = print
	return nil
}

// addKnown adds a line to a known_hosts file, which belongs to the owner of
// its folder, so that root may prepare it for the server. A link is not
// followed, and what was there before is not given away.
func addKnown(file, line string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	const how = os.O_RDWR | os.O_APPEND | syscall.O_NOFOLLOW | syscall.O_NONBLOCK
	f, err := os.OpenFile(file, how|os.O_CREATE|os.O_EXCL, 0o600)
	made := err == nil
	if errors.Is(err, fs.ErrExist) {
		f, err = os.OpenFile(file, how, 0)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("tunnel: %s is no file to write to", file)
	}
	if dir, err := os.Stat(filepath.Dir(file)); err == nil && made && os.Geteuid() == 0 {
		if st, ok := dir.Sys().(*syscall.Stat_t); ok {
			if err := f.Chown(int(st.Uid), int(st.Gid)); err != nil {
				return fmt.Errorf("tunnel: owner of %s: %w", file, err)
			}
		}
	}
	if info, err := f.Stat(); err == nil && info.Size() > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
			line = "\n" + line
		}
	}
	if _, err := f.WriteString(line + "\n"); err != nil {
		return err
	}
	return f.Sync()
}
