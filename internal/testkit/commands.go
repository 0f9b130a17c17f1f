package testkit

import (
	"strings"
	"time"
)

type ackOrder struct {
	sticky, notify, persistent bool
	author, text               string
	at, expires                sec
}

func (w *world) acknowledge(o *object, a ackOrder) {
	o.ack, o.ackPersist, o.ackExpires = 1+int8(bit(a.sticky)), a.persistent, a.expires
	w.remark(&remark{o: o, author: a.author, text: a.text, at: a.at, kind: 4, persistent: a.persistent, expires: a.expires})
	w.touch(o)
	if a.notify && w.notifiable(o) {
		w.notify(o, "ACKNOWLEDGEMENT", a.author, a.text, a.at)
	}
	w.events.fire(tState)
}

func (w *world) logCommand(line string, at sec) {
	w.addLog(logLine{at: at, class: classCommand, kind: "EXTERNAL COMMAND", options: strings.TrimSpace(line)})
}

// Command executes an external command, "[123] NAME;args" or "NAME;args". The
// error is what the core would log or answer.
func (c *Core) Command(line string) error { return nil }

// SetState submits a check result. An empty svc means the host itself.
func (c *Core) SetState(host, svc string, state int, output string) {}

// Reload reads the configuration again.
func (c *Core) Reload() {}

// Restart is a Reload with a new process id.
func (c *Core) Restart() {}

func (s *session) command() bool {
	s.queue = s.queue[1:]
	return true
}

var _ = time.Now
