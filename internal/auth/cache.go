package auth

import (
	"container/list"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

const (
	verifiedFor  = 5 * time.Minute // how long checked credentials need no new check
	notedFor     = time.Hour       // how often the same client's sign-in is logged
	verifiedMost = 2000
)

// A verifiedCache remembers credentials that were right, for clients that send
// them with each request. It holds no password: its keys are a keyed hash of
// user name, password and stored hash, so a new password is another key.
type verifiedCache struct {
	secret [32]byte

	mu    sync.Mutex
	keys  map[[32]byte]*list.Element
	order *list.List // of *verified, the latest used in front
}

type verified struct {
	key   [32]byte
	until time.Time
	noted time.Time // when the sign-in log last got a line
}

func newVerifiedCache() *verifiedCache {
	c := &verifiedCache{keys: map[[32]byte]*list.Element{}, order: list.New()}
	rand.Read(c.secret[:]) //nolint:errcheck // never fails
	return c
}

func (c *verifiedCache) key(storedHash, username, password string) (k [32]byte) {
	m := hmac.New(sha256.New, c.secret[:])
	for _, s := range []string{storedHash, username, password} {
		var size [8]byte
		for i := range size {
			size[i] = byte(len(s) >> (8 * i))
		}
		m.Write(size[:])
		m.Write([]byte(s))
	}
	m.Sum(k[:0])
	return k
}

// fresh reports whether the credentials behind k were right a short time ago.
func (c *verifiedCache) fresh(k [32]byte, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.keys[k]
	if !ok || !now.Before(e.Value.(*verified).until) {
		return false
	}
	c.order.MoveToFront(e)
	return true
}

// put notes that the credentials behind k were right at now. note says whether
// the sign-in log shall get a line of it.
func (c *verifiedCache) put(k [32]byte, now time.Time) (note bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.keys[k]
	if !ok {
		if c.order.Len() >= verifiedMost {
			last := c.order.Back()
			delete(c.keys, last.Value.(*verified).key)
			c.order.Remove(last)
		}
		e = c.order.PushFront(&verified{key: k})
		c.keys[k] = e
	}
	v := e.Value.(*verified)
	v.until = now.Add(verifiedFor)
	c.order.MoveToFront(e)
	if now.Sub(v.noted) < notedFor {
		return false
	}
	v.noted = now
	return true
}
