package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
)

// Cost is what one check of a password costs whoever guesses, and us.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// DefaultCost is 64 MiB and two passes: about a tenth of a second.
func DefaultCost() Cost { return Cost{Memory: 64 << 10, Passes: 2, Lanes: 1} }

// Bounds of what a stored hash may ask of us.
const (
	maxMemory = 1 << 20 // KiB
	maxPasses = 16
	maxLanes  = 16
	saltBytes = 16
	keyBytes  = 32
	maxBytes  = 64 // of salt or key in a stored hash
)

// phc is a stored password: argon2id in the PHC text form.
type phc struct {
	cost Cost
	salt []byte
	key  []byte
}

func (h phc) String() string {
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.cost.Memory, h.cost.Passes, h.cost.Lanes, enc(h.salt), enc(h.key))
}

// parsePHC reads what [phc.String] prints. ok is false for any other text and
// for costs beyond our bounds.
func parsePHC(s string) (h phc, ok bool) {
	part := strings.Split(s, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, false
	}
	n, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &h.cost.Memory, &h.cost.Passes, &h.cost.Lanes)
	if n != 3 || err != nil || fmt.Sprintf("m=%d,t=%d,p=%d", h.cost.Memory, h.cost.Passes, h.cost.Lanes) != part[3] {
		return phc{}, false
	}
	c := h.cost
	if c.Passes < 1 || c.Passes > maxPasses || c.Lanes < 1 || c.Lanes > maxLanes || c.Memory < 8*uint32(c.Lanes) || c.Memory > maxMemory {
		return phc{}, false
	}
	var err2 error
	h.salt, err = base64.RawStdEncoding.Strict().DecodeString(part[4])
	h.key, err2 = base64.RawStdEncoding.Strict().DecodeString(part[5])
	if err != nil || err2 != nil || len(h.salt) < 8 || len(h.salt) > maxBytes || len(h.key) < 16 || len(h.key) > maxBytes {
		return phc{}, false
	}
	return h, h.String() == s // base64 skips line ends, we do not
}

func (h phc) matches(password string) bool {
	got := argon2.IDKey([]byte(password), h.salt, h.cost.Passes, h.cost.Memory, h.cost.Lanes, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(got, h.key) == 1
}

func newPHC(password string, c Cost) phc {
	h := phc{cost: c, salt: make([]byte, saltBytes)}
	rand.Read(h.salt) //nolint:errcheck // never fails
	h.key = argon2.IDKey([]byte(password), h.salt, c.Passes, c.Memory, c.Lanes, keyBytes)
	return h
}

// HashPassword checks the password against the rules and returns the text that
// stands for it in the configuration file. The error is an [*InputError].
func HashPassword(password string) (string, error) {
	if err := checkPassword("", password, false); err != nil {
		return "", err
	}
	return newPHC(password, DefaultCost()).String(), nil
}

// CheckHash says whether a text of the configuration file is a password hash
// that we can check; the error is an [*InputError].
func CheckHash(hash string) error {
	if _, ok := parsePHC(hash); !ok {
		return &InputError{"password_hash", "the password hash is not argon2id in the PHC form", "make one with: belvedere user hash"}
	}
	return nil
}

// A kitchen does the expensive work, as much of it at once as there are slots,
// so that any number of sign-ins takes the memory of a few.
type kitchen struct {
	cost    Cost
	slots   chan struct{}
	waiting atomic.Int32
	dummy   phc // checked for those who are not there, to take the same time
}

const (
	slotsMost   = 2                // 64 MiB each
	waitingMost = 500              // callers in the queue
	waitMost    = 20 * time.Second // in the queue
)

func newKitchen(c Cost, slots int) *kitchen {
	k := &kitchen{cost: c, slots: make(chan struct{}, max(1, min(slots, slotsMost)))}
	k.dummy = phc{cost: c, salt: make([]byte, saltBytes), key: make([]byte, keyBytes)}
	rand.Read(k.dummy.salt) //nolint:errcheck // never fails
	rand.Read(k.dummy.key)  //nolint:errcheck // never fails
	return k
}

// enter waits for a slot; leave gives it back. It fails with [ErrBusy] when
// the queue is full or does not move, or with the error of ctx.
func (k *kitchen) enter(ctx context.Context) error {
	if k.waiting.Add(1) > waitingMost {
		k.waiting.Add(-1)
		return ErrBusy
	}
	defer k.waiting.Add(-1)
	t := time.NewTimer(waitMost)
	defer t.Stop()
	select {
	case k.slots <- struct{}{}:
		return nil
	case <-t.C:
		return ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (k *kitchen) leave() { <-k.slots }

// verify compares within a slot. A hash that is none costs the same and does
// not match.
func (k *kitchen) verify(hash, password string) bool {
	h, ok := parsePHC(hash)
	if !ok {
		k.dummy.matches(password)
		return false
	}
	return h.matches(password)
}

// hash makes a new hash, waiting for a slot.
func (k *kitchen) hash(ctx context.Context, password string) (string, error) {
	if err := k.enter(ctx); err != nil {
		return "", err
	}
	defer k.leave()
	return newPHC(password, k.cost).String(), nil
}
