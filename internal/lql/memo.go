package lql

import (
	"context"
	"sync"
)

// A Memo keeps what was computed from answers, for as long as these answers are
// given: under contexts of one state of a fleet. Safe for concurrent use. The
// zero Memo is empty.
type Memo struct {
	mu   sync.Mutex
	kept map[any]any
}

type memoKey struct{}

// WithMemo returns a context under which Recall and Keep use m.
func WithMemo(ctx context.Context, m *Memo) context.Context {
	return context.WithValue(ctx, memoKey{}, m)
}

// Recall returns what is kept under a key that can be compared; nil when there
// is nothing, or ctx has no memo. What it returns is shared and must not be
// changed.
func Recall(ctx context.Context, key any) any {
	m, ok := ctx.Value(memoKey{}).(*Memo)
	if !ok {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.kept[key]
}

// Keep keeps a value that does not change any more, if ctx has a memo. The key
// should hold pointers to the answers it was computed from.
func Keep(ctx context.Context, key, value any) {
	m, ok := ctx.Value(memoKey{}).(*Memo)
	if !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[any]any{}
	}
	m.kept[key] = value
}
