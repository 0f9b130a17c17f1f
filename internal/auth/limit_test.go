package auth

import (
	"fmt"
	"testing"
	"time"
)

func TestLimiterIsBounded(t *testing.T) {
	l := newLimiter(1, time.Minute, 10*time.Second)
	l.most = 10
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for i := range 1000 {
		l.fail("the one who goes on", now)
		l.fail(fmt.Sprint("name ", i), now)
	}
	if len(l.names) != 10 || l.order.Len() != 10 {
		t.Errorf("%d names, %d in order", len(l.names), l.order.Len())
	}
	if wait := l.wait("the one who goes on", now); wait != time.Minute {
		t.Errorf("the wait is %v, want the longest", wait)
	}
	later := now.Add(9985 * time.Second)
	l.fail("the one who goes on", later) // 1000 failures, 998 forgiven
	if wait := l.wait("the one who goes on", later); wait != 2*time.Second {
		t.Errorf("with three failures left the wait is %v, want 2s", wait)
	}
	l.fail("the one who goes on", later.Add(time.Minute))
	if wait := l.wait("the one who goes on", later.Add(time.Minute)); wait != 0 {
		t.Errorf("all is forgiven, but the wait is %v", wait)
	}
}

func TestVerifiedCacheIsBounded(t *testing.T) {
	c := newVerifiedCache()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	first := c.key("hash", "name", "password")
	c.put(first, now)
	for i := range verifiedMost * 2 {
		c.put(c.key("hash", "name", fmt.Sprint(i)), now)
		c.fresh(first, now)
	}
	if len(c.keys) != verifiedMost || c.order.Len() != verifiedMost || !c.fresh(first, now) {
		t.Errorf("%d keys, %d in order, the one in use is there: %v", len(c.keys), c.order.Len(), c.fresh(first, now))
	}
	if c.fresh(first, now.Add(verifiedFor)) {
		t.Error("credentials are fresh for ever")
	}
	if c.key("a", "bc", "d") == c.key("ab", "c", "d") {
		t.Error("keys of different credentials are equal")
	}
}

func TestFailureLogIsBounded(t *testing.T) {
	var f failureLog
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	written := 0
	for range failuresMost + 7 {
		if write, _ := f.count(now); write {
			written++
		}
	}
	if write, skipped := f.count(now.Add(time.Hour)); written != failuresMost || !write || skipped != 7 {
		t.Errorf("%d written, then %v with %d skipped", written, write, skipped)
	}
}

func TestAddressName(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3::4": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "": "", "@": "@",
	} {
		if got := addressName(in); got != want {
			t.Errorf("addressName(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestKitchenIsBounded: no more checks at once than slots, and no endless
// queue.
func TestKitchenIsBounded(t *testing.T) {
	k := newKitchen(Cost{Memory: 64, Passes: 1, Lanes: 1}, 64)
	if cap(k.slots) != slotsMost {
		t.Errorf("%d slots", cap(k.slots))
	}
	k.waiting.Store(waitingMost)
	if err := k.enter(t.Context()); err != ErrBusy {
		t.Errorf("the queue takes one more: %v", err)
	}
}

// FuzzPHC: what is read as a stored password prints as it was, and asks no more
// of us than our bounds.
func FuzzPHC(f *testing.F) {
	f.Add(newPHC("password", Cost{Memory: 64, Passes: 1, Lanes: 1}).String())
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5aw")
	f.Add("$argon2id$v=19$m=10,t=1,p=1$00000000000$0000000000000000\r0000000")
	f.Fuzz(func(t *testing.T, s string) {
		h, ok := parsePHC(s)
		if !ok {
			return
		}
		if h.String() != s {
			t.Errorf("%q prints as %q", s, h)
		}
		if c := h.cost; c.Memory > maxMemory || c.Passes > maxPasses || c.Lanes > maxLanes || c.Passes == 0 || c.Lanes == 0 {
			t.Errorf("%q costs %+v", s, c)
		}
	})
}
