package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// A Step is one thing that was looked at.
type Step struct {
	OK     bool
	Needed bool   // without it the agent does not run
	Text   string // one line
	Hint   string // what to do if it is not OK
}

// Check looks at what the agent got when it joined, and whether its server can
// be reached, without changing anything.
func Check(ctx context.Context, dir, listen string) []Step {
	id, err := readState(dir)
	if err != nil {
		return []Step{failed(err)}
	}
	steps := []Step{{OK: true, Needed: true, Text: fmt.Sprintf("joined as %s, certificate valid until %s, renews itself", id.ID, id.cert.Leaf.NotAfter.UTC().Format("2 Jan 2006"))}}
	if id.cert.Leaf.NotAfter.Before(time.Now()) {
		steps[0] = Step{Needed: true, Text: "the certificate has expired: the agent was off for too long", Hint: "remove the site on the server, remove " + dir + "/" + stateFile + ", and join anew"}
	}
	steps = append(steps, writable(dir))
	if id.Server == "" {
		return append(steps, waits(listen))
	}
	return append(steps, reaches(ctx, id))
}

func failed(err error) Step {
	s := Step{Needed: true, Text: err.Error()}
	if e, ok := errors.AsType[*Error](err); ok {
		s.Hint = e.Hint
	}
	return s
}

// writable finds out whether orders can be written down.
func writable(dir string) Step {
	f, err := os.CreateTemp(dir, "try.*")
	if err == nil {
		err = errors.Join(f.Close(), os.Remove(f.Name()))
	}
	if err != nil {
		return Step{Needed: true, Text: fmt.Sprintf("the folder %s cannot be written: %v", dir, cause(err)), Hint: "it must belong to the user that runs the agent"}
	}
	return Step{OK: true, Needed: true, Text: "orders can be written down in " + dir}
}

func waits(listen string) Step {
	if listen == "" {
		return Step{Needed: true, Text: "the server comes to this agent, but nothing says where to listen", Hint: "write listen: into agent.yaml, with the port of the address that the code named"}
	}
	return Step{OK: true, Needed: true, Text: "the server comes here, to " + listen + ", from outside through every firewall"}
}

// reaches finds out whether our server answers, without being let in: a second
// line would end that of a running agent.
func reaches(ctx context.Context, id *identity) Step {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", id.Server)
	if err == nil {
		defer raw.Close()
		err = tls.Client(raw, &tls.Config{
			MinVersion: tls.VersionTLS13, NextProtos: []string{protoJoin},
			InsecureSkipVerify: true, // replaced by:
			VerifyConnection:   peerIs(id.pool, serverUnit, time.Now, anyone),
		}).HandshakeContext(ctx)
	}
	if err != nil {
		return Step{Text: fmt.Sprintf("the server %s cannot be spoken with: %v", id.Server, err), Hint: hintOf(err)}
	}
	return Step{OK: true, Text: "the server " + id.Server + " answers, and is the one that was joined"}
}
