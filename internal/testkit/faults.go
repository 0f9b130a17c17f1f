package testkit

import "time"

// FaultKind is a way to misbehave on the wire.
type FaultKind uint8

// The faults.
const (
	Healthy        FaultKind = iota
	Hang                     // accepts, reads, never answers
	Drip                     // answers with one byte a second
	CloseNow                 // accepts and closes
	HalfRow                  // sends half an answer, then nothing
	Garbage                  // answers with random bytes
	HTTP                     // answers as a web server
	SSH                      // greets as an SSH server
	XinetdNoSocket           // answers as xinetd with unixcat when the core is down
	Huge                     // streams ten million rows
	Slow                     // answers after Fault.Latency
	Refuse                   // the listener is closed
)

// A Fault is a way to misbehave. The zero Fault is none.
type Fault struct {
	Kind    FaultKind
	Latency time.Duration // Slow
}

// SetFault makes the core misbehave on the wire, or well again. Connections
// that are open when it changes are closed.
func (c *Core) SetFault(f Fault) {}

// faulty plays the fault that is set; it reports whether the connection is
// done with.
func (c *Core) faulty(s *session) bool { return false }
