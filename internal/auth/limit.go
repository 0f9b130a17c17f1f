package auth

import (
	"container/list"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// A limiter makes whoever fails often wait longer and longer, and forgives one
// failure after each time of decay. It remembers a bounded number of names,
// those that failed last.
type limiter struct {
	free    int           // failures without a wait
	longest time.Duration // the longest wait
	decay   time.Duration // after so long one failure less counts
	most    int           // names remembered

	mu    sync.Mutex
	names map[string]*list.Element
	order *list.List // of *failures, the latest in front
}

type failures struct {
	name  string
	count int
	last  time.Time
	until time.Time
}

func newLimiter(free int, longest, decay time.Duration) *limiter {
	return &limiter{
		free: free, longest: longest, decay: decay, most: 10_000,
		names: map[string]*list.Element{}, order: list.New(),
	}
}

// wait returns how long name has to wait, 0 if it may try now.
func (l *limiter) wait(name string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.names[name]
	if !ok {
		return 0
	}
	return max(0, e.Value.(*failures).until.Sub(now))
}

// failed returns how many failures of name count now.
func (l *limiter) failed(name string, now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.names[name]
	if !ok {
		return 0
	}
	f := e.Value.(*failures)
	return max(0, f.count-int(now.Sub(f.last)/l.decay))
}

// fail counts a failure of name: the first free ones cost nothing, each
// further one doubles the wait.
func (l *limiter) fail(name string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.names[name]
	if !ok {
		if l.order.Len() >= l.most {
			l.drop(l.order.Back())
		}
		e = l.order.PushFront(&failures{name: name, last: now})
		l.names[name] = e
	}
	f := e.Value.(*failures)
	f.count = max(0, f.count-int(now.Sub(f.last)/l.decay)) + 1
	f.last = now
	if over := f.count - l.free; over > 0 {
		f.until = now.Add(min(l.longest, time.Second<<min(over-1, 20)))
	}
	l.order.MoveToFront(e)
}

// succeed forgets what name did before.
func (l *limiter) succeed(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.names[name]; ok {
		l.drop(e)
	}
}

func (l *limiter) drop(e *list.Element) {
	l.order.Remove(e)
	delete(l.names, e.Value.(*failures).name)
}

// accountName is what counts as one account, whether there is one or not.
func accountName(username string) string {
	return strings.ToLower(username[:min(len(username), usernameMost)])
}

// pairName is what counts as one account tried from one address.
func pairName(account, address string) string { return account + "\n" + address }

// addressName is what counts as one address: an IPv6 client has a whole /64.
func addressName(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
