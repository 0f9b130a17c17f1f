package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
)

// A tally counts what the clients saw. Safe for concurrent use.
type tally struct {
	requests, answers, bytes, wrong, hung, left atomic.Int64

	mu   sync.Mutex
	last [20]string // the newest requests, in a ring
	next int
}

func (t *tally) String() string {
	return fmt.Sprintf("%d requests, %d answers, %.1f MB, %d wrong, %d hung, %d left by the client",
		t.requests.Load(), t.answers.Load(), float64(t.bytes.Load())/1e6, t.wrong.Load(), t.hung.Load(), t.left.Load())
}

// asked notes a request, so that it can be told should the server end.
func (t *tally) asked(request string) {
	t.requests.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last[t.next%len(t.last)] = request[:min(len(request), 4000)]
	t.next++
}

func (t *tally) lastRequests() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	for i := range t.last {
		fmt.Fprintf(&b, "%q\n", t.last[(t.next+i)%len(t.last)])
	}
	return b.String()
}

// answered notes n bytes of an answer.
func (t *tally) answered(n int) {
	t.answers.Add(1)
	t.bytes.Add(int64(n))
}

// failed notes what became of a request without the answer it should have.
func (t *tally) failed(request string, err error) {
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		t.hung.Add(1)
		fmt.Printf("hung: %q\n", request[:min(len(request), 4000)])
		return
	}
	t.wrong.Add(1)
	fmt.Printf("wrong: %v: %q\n", err, request[:min(len(request), 4000)])
}
