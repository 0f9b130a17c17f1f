package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// performMost is how long the core may take to accept a command.
const performMost = 20 * time.Second

// temporary reports whether accepting connections can go on after err.
func temporary(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED)
}

// order takes one order and answers what became of it.
func (a *Agent) order(ctx context.Context, t *talk) {
	_ = t.SetReadDeadline(time.Now().Add(requestTimeout)) // never fails
	var o order
	if err := t.hear(&o); err != nil {
		a.told.warn(a.o.Log, "refused an order that is not understood", "reason", err, "hint", "run the same version on both sides")
		return
	}
	_ = t.say(a.perform(ctx, o)) // the other end may be gone; it asks again
}

// perform executes an order that was not executed before.
func (a *Agent) perform(ctx context.Context, o order) outcome {
	if why := a.objection(o); why != nil {
		a.told.warn(a.o.Log, "refused an order", "order", clip(o.ID), "command", clip(o.Name), "reason", why.Cause, "hint", why.Fix)
		return outcome{State: orderRefused, Why: why}
	}
	known, err := a.journal.begin(o.ID, o.Name)
	switch {
	case err != nil:
		a.o.Log.Error("an order cannot be written down, so it is not executed", "order", o.ID, "err", err)
		return outcome{State: orderFailed, Why: &trouble{Kind: livestatus.KindStatus, Cause: fmt.Sprintf("The order could not be written down: %v.", cause(err)), Fix: "See whether the disk of the monitoring server is full."}}
	case known == orderDone:
		return outcome{State: orderDone}
	case known != "":
		return outcome{State: orderUnknown}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), performMost) // once begun, it is brought to an end
	defer cancel()
	out := outcome{State: orderDone}
	if err := a.o.Core.Send(ctx, o.command()); err != nil {
		why := troubleOf(err)
		out = outcome{State: orderFailed, Why: &why}
		if e, ok := errors.AsType[*livestatus.Error](err); ok && e.Uncertain {
			out.State = orderUnknown
		}
	}
	if err := a.journal.end(o.ID, out.State); err != nil {
		a.o.Log.Error("how an order ended cannot be written down", "order", o.ID, "state", out.State, "err", err)
	}
	a.o.Log.Info("order", "order", o.ID, "command", o.Name, "state", out.State)
	return out
}

// objection says why an order is not taken, nil if it is.
func (a *Agent) objection(o order) *trouble {
	no := func(cause, fix string) *trouble {
		return &trouble{Kind: livestatus.KindRequest, Cause: cause, Fix: fix}
	}
	age := a.o.Now().Sub(time.Unix(o.Time, 0))
	switch {
	case o.ID == "" || len(o.ID) > idMost || strings.ContainsFunc(o.ID, func(r rune) bool { return r <= ' ' || r > '~' }):
		return no("The order has no usable number.", "Run the same version on both sides.")
	case age > orderAge || age < -orderAge:
		return no("The order is too old, or the clocks of server and agent differ by more than a day.", "Set both clocks, and give the order again.")
	case !readable(o):
		return no("The command is not well formed.", "Run the same version on both sides; if it is the same, somebody else sent this.")
	case !a.o.Allowed.takes(o.Name):
		return no(fmt.Sprintf("The command %s is not among those that this agent takes.", clip(o.Name)), "To allow it, write it into commands: in agent.yaml on the monitoring server and restart the agent there.")
	}
	return nil
}

// readable reports whether the command reads back as it is: what would be taken
// for more, or for something else, is none.
func readable(o order) bool {
	cmd := o.command()
	req, err := lql.ParseRequest(string(cmd.AppendText(nil)))
	if err != nil || req.Command == nil || req.Command.Name != o.Name || req.Command.Time != o.Time {
		return false
	}
	return strings.Join(req.Command.Args, ";") == strings.Join(o.Args, ";")
}

// keepFresh asks for a new certificate in time, until ctx ends.
func (a *Agent) keepFresh(ctx context.Context, l *line) {
	for {
		if err := a.renew(ctx, l); err != nil && ctx.Err() == nil {
			a.o.Log.Warn("the certificate could not be renewed", "reason", err, "valid_until", a.id.Load().cert.Leaf.NotAfter)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(renewEvery):
		}
	}
}

// renew gets a new certificate if the present one ends soon.
func (a *Agent) renew(ctx context.Context, l *line) error {
	a.renewal.Lock()
	defer a.renewal.Unlock()
	id := a.id.Load()
	if id.cert.Leaf.NotAfter.Sub(a.o.Now()) > renewBefore {
		return nil
	}
	key, request, err := newKey()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	t, err := l.begin(ctx, wantRenew)
	if err != nil {
		return err
	}
	defer t.Close()
	if err := t.say(wish{Request: string(request)}); err != nil {
		return err
	}
	var got grant
	if err := t.hear(&got); err != nil {
		return err
	}
	s, err := newState(id.ID, id.Server, key, got.Certificate, id.Authority)
	if err != nil {
		return err
	}
	next, err := s.identity()
	if err != nil {
		return err
	}
	if err := s.write(a.o.Dir); err != nil {
		return err
	}
	a.id.Store(next)
	a.o.Log.Info("the certificate was renewed", "valid_until", next.cert.Leaf.NotAfter)
	return nil
}
