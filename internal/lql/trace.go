package lql

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"unsafe"
)

// A Trace notes what was asked under a context, and how to find out whether the
// answer is still the same: whoever makes something of the answers need not
// make it again. Safe for concurrent use. The zero Trace is empty.
type Trace struct {
	mu   sync.Mutex
	same []func(ctx context.Context) bool
	open bool // something was asked that cannot be asked again
}

// traceMost bounds how many answers a trace notes.
const traceMost = 100

type traceKey struct{}

// WithTrace returns a context under which queriers note what they are asked.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// Traced notes an answer, if ctx has a trace: same asks once more and reports
// whether the answer is the same, nil where that cannot be known.
func Traced(ctx context.Context, same func(ctx context.Context) bool) {
	t, ok := ctx.Value(traceKey{}).(*Trace)
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if same == nil || len(t.same) >= traceMost {
		t.open = true
		return
	}
	t.same = append(t.same, same)
}

// Same asks again for all that was asked, and reports whether all answers are
// the same. It is false where nothing was asked.
func (t *Trace) Same(ctx context.Context) bool {
	t.mu.Lock()
	all, open := t.same, t.open
	t.mu.Unlock()
	if open || len(all) == 0 {
		return false
	}
	for _, same := range all {
		if !same(ctx) {
			return false
		}
	}
	return true
}

// SameResult reports whether two answers are the same but for the time at which
// sites that are well confirmed their data. Columns that they share are not
// looked at.
func SameResult(a, b *Result) bool {
	if a == b {
		return true
	}
	return a.Rows == b.Rows && a.Total == b.Total && slices.Equal(a.Tally, b.Tally) &&
		slices.EqualFunc(a.Parts, b.Parts, func(x, y Part) bool {
			if x.Err == "" && !x.Missing {
				x.Taken = y.Taken
			}
			return x == y
		}) && slices.EqualFunc(a.Vectors, b.Vectors, sameVector)
}

func sameVector(a, b Vector) bool {
	return a.Name == b.Name && a.Kind == b.Kind && sameSlice(a.Ints, b.Ints) && sameSlice(a.Floats, b.Floats) && sameSlice(a.Texts, b.Texts) &&
		(unsafe.SliceData(a.Objects) == unsafe.SliceData(b.Objects) || reflect.DeepEqual(a.Objects, b.Objects))
}

func sameSlice[T comparable](a, b []T) bool {
	return len(a) == len(b) && (unsafe.SliceData(a) == unsafe.SliceData(b) || slices.Equal(a, b))
}
