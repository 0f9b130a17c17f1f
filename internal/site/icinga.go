package site

import (
	"context"
	"errors"
	"net"
	"sync/atomic"

	"belvedere/internal/icinga2"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/replica"
	"belvedere/internal/schema"
	"belvedere/internal/thruk"
)

// An apiCore is a core that has no Livestatus, as this program makes it one:
// everything else asks its replica as it would ask a Naemon.
type apiCore struct {
	replica *replica.Replica
	history icinga2.History
	source  atomic.Pointer[icinga2.Source] // nil while there is no session
}

// closeAPI ends the replica.
func (s *site) closeAPI() {
	if s.api != nil {
		s.api.replica.Close()
	}
}

// someRoom reports whether more fits into memory.
func (s *site) someRoom() error { return s.m.o.Memory.Room(0) }

// useAPI reads the core at an icinga2:// address until that fails.
func (s *site) useAPI(ctx context.Context, addr livestatus.Address) error {
	if s.api == nil {
		a := &apiCore{}
		a.replica = replica.New(replica.Options{Impl: schema.Icinga2, Passed: a.history.Query, Log: s.log, Now: s.now, Room: s.someRoom})
		s.mu.Lock()
		s.api = a
		s.mu.Unlock()
	}
	o := s.options(addr)
	src, err := icinga2.Open(ctx, icinga2.Options{Address: o.Address, DialTimeout: o.DialTimeout, MaxObjects: o.MaxRows, Room: s.someRoom, Log: s.log, Now: s.now, Dial: o.Dial}, s.api.replica, s.api.history.Add)
	if err != nil {
		return err
	}
	defer src.Close()
	s.api.source.Store(src)
	defer s.api.source.Store(nil)
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if fault := s.caught(recover()); fault != nil {
				cancel(fault)
			}
		}()
		err := src.Run(ctx)
		if e, ok := errors.AsType[*livestatus.Error](err); ok {
			s.api.replica.Fail(e.Cause, e.Fix)
		}
		cancel(err)
	}()
	o.Scheme, o.Path = "unix", "replica"
	o.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) { return s.api.replica.Dial(ctx) }
	err = s.attend(ctx, addr, &apiClient{s.m.client(o), src})
	ended := context.Cause(ctx)
	cancel(nil)
	<-done
	switch lost := (*lostError)(nil); {
	case ended == nil:
		return err
	case errors.As(err, &lost):
		return &lostError{ended} // why there is nothing to ask any more
	}
	return ended
}

// An apiClient asks the replica, and sends commands to the core itself, whose
// own answers count.
type apiClient struct {
	client
	commands lql.Sender
}

// Send implements [lql.Sender].
func (c *apiClient) Send(ctx context.Context, cmd lql.Command) error {
	return c.commands.Send(ctx, cmd)
}

// Diagnose goes through the way to a core step by step, whatever is spoken at
// its address, see [livestatus.Diagnose].
func Diagnose(ctx context.Context, o livestatus.Options, step func(livestatus.Step)) livestatus.Report {
	if o.Scheme == "icinga2" {
		return icinga2.Diagnose(ctx, icinga2.Options{Address: o.Address, Log: o.Log, Now: o.Now, Dial: o.Dial}, step)
	}
	if o.Thruk() {
		return thruk.Diagnose(ctx, o, step)
	}
	return advise(ctx, o, livestatus.Diagnose(ctx, o, step))
}

// DiagnoseText is [Diagnose] for an address as people write it, see
// [livestatus.DiagnoseText].
func DiagnoseText(ctx context.Context, text string, t livestatus.TLSOptions, o livestatus.Options, step func(livestatus.Step)) livestatus.Report {
	if a, err := livestatus.ParseAddress(text); err == nil {
		a.TLS = a.TLS.Or(t)
		o.Address = a
		return Diagnose(ctx, o, step)
	}
	return livestatus.DiagnoseText(ctx, text, t, o, step)
}
