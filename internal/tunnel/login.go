package tunnel

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// largestKey bounds a file with a key, or with its passphrase.
const largestKey = 64 << 10

// agentTime bounds everything an ssh-agent is asked in one login.
const agentTime = 5 * time.Second

// usualKeys are the files tried where the way names none and no agent has one.
var usualKeys = []string{"id_ed25519", "id_ecdsa", "id_rsa"}

// keys are what we can show a server. Close ends the talk with the agent.
type keys struct {
	signers []ssh.Signer
	tried   []string // for people
	agent   net.Conn // nil: none
}

func (k *keys) Close() {
	if k.agent != nil {
		k.agent.Close()
	}
}

// findKeys returns the way's key, or those of the ssh-agent and the user's
// usual files.
func findKeys(ctx context.Context, w Way) (*keys, error) {
	k := &keys{}
	if w.Key != "" {
		s, err := readKey(w.Key, w.PassphraseFile)
		if err != nil {
			return nil, err
		}
		k.signers, k.tried = append(k.signers, s), append(k.tried, w.Key)
		return k, nil
	}
	k.askAgent(ctx)
	if home, err := os.UserHomeDir(); err == nil {
		for _, name := range usualKeys {
			file := filepath.Join(home, ".ssh", name)
			if s, err := readKey(file, w.PassphraseFile); err == nil {
				k.signers, k.tried = append(k.signers, s), append(k.tried, file)
			}
		}
	}
	if len(k.signers) == 0 {
		k.Close()
		return nil, &Error{Reason: ReasonNoKey}
	}
	return k, nil
}

// askAgent takes the keys of the ssh-agent of this program's environment. One
// that does not answer has none.
func (k *keys) askAgent(ctx context.Context) {
	socket := os.Getenv("SSH_AUTH_SOCK")
	if socket == "" {
		return
	}
	actx, cancel := context.WithTimeout(ctx, agentTime)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(actx, "unix", socket)
	if err != nil {
		return
	}
	c.SetDeadline(time.Now().Add(agentTime))
	signers, err := agent.NewClient(c).Signers()
	if err != nil || len(signers) == 0 {
		c.Close()
		return
	}
	k.agent, k.signers, k.tried = c, signers, append(k.tried, "ssh-agent")
}

// errOpen is why a key that everybody may read is not used.
var errOpen = errors.New("every user of this machine can read it")

// readKey reads a private key, in the form of OpenSSH or PEM.
func readKey(file, passphraseFile string) (ssh.Signer, error) {
	text, err := readSecret(file)
	if err != nil {
		return nil, &Error{Reason: ReasonKeyFile, File: file, Err: err}
	}
	s, err := ssh.ParsePrivateKey(text)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) && passphraseFile != "" {
		phrase, perr := readSecret(passphraseFile)
		if perr != nil {
			return nil, &Error{Reason: ReasonKeyFile, File: passphraseFile, Err: perr}
		}
		s, err = ssh.ParsePrivateKeyWithPassphrase(text, []byte(strings.TrimRight(string(phrase), "\r\n")))
	}
	if err != nil {
		return nil, &Error{Reason: ReasonKeyFile, File: file, Err: err}
	}
	return s, nil
}

// readSecret reads a small file that not everybody may read.
func readSecret(file string) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, err
	case info.Mode().Perm()&0o007 != 0:
		return nil, errOpen
	case !info.Mode().IsRegular() || info.Size() > largestKey:
		return nil, errors.New("it is no key file")
	}
	return os.ReadFile(file)
}

// Locked reports whether err is about a key that needs its passphrase.
func Locked(err error) bool {
	_, ok := errors.AsType[*ssh.PassphraseMissingError](err)
	return ok
}
