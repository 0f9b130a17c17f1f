package icinga2

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/replica"
)

// A sweep looks for what changed without an event: all hosts and services,
// some at a time, so that neither the core's checks nor what is urgent wait
// for it. Of one goroutine.
type sweep struct {
	left   []string // full names, hosts first
	next   time.Time
	newest float64 // the newest check seen so far, by the core's clock
	looked int     // that were checked since we read them
	missed int     // of these, whose event should have come
}

// A check whose event did not come within so many seconds is missed; so many
// of them, and half of those looked at, are a gap in the stream.
const (
	missedAfter = 10
	missedLeast = 20
	sweepGap    = 100 * time.Millisecond
)

// errGap ends a session whose stream of events has gaps.
var errGap = &livestatus.Error{Kind: livestatus.KindSilent, Cause: "The API's stream of events has gaps.", Fix: "It is opened anew, and everything is read."}

// inventory looks at the names of all hosts, services, comments and downtimes:
// what is new is touched, what is gone removed.
func (s *Source) inventory(ctx context.Context, b *replica.Batch, touch func(*objectType, string)) error {
	there := map[string]bool{}
	for _, t := range []*objectType{hostType, serviceType} {
		err := s.c.objects(ctx, t, []string{"name"}, nil, func(o *object) error {
			there[o.Name] = true
			if s.m.objects[o.Name] == nil {
				touch(t, o.Name)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	changed := false
	for _, full := range slices.Sorted(maps.Keys(s.m.objects)) {
		if !there[full] {
			s.drop(b, typeOf(full), full)
			changed = true
		}
	}
	if changed {
		s.putGroups(b)
	}
	if err := s.sweepNumbered(ctx, b, commentType, "comments", s.m.comments, touch); err != nil {
		return err
	}
	return s.sweepNumbered(ctx, b, downtimeType, "downtimes", s.m.downs, touch)
}

// beginSweep has all that is known looked at from now on.
func (s *Source) beginSweep() {
	w := sweep{}
	for full, k := range s.m.objects {
		w.left = append(w.left, full)
		w.newest = max(w.newest, k.LastCheck)
	}
	slices.SortFunc(w.left, func(a, b string) int {
		if h := strings.Contains(a, "!"); h != strings.Contains(b, "!") {
			return map[bool]int{true: 1, false: -1}[h]
		}
		return strings.Compare(a, b)
	})
	s.sweeping = w
}

// sweepSome looks at the next of them. The error is errGap once too much was
// missed.
func (s *Source) sweepSome(ctx context.Context) error {
	w := &s.sweeping
	n := min(chunk, len(w.left))
	t := typeOf(w.left[0])
	if i := slices.IndexFunc(w.left[:n], func(full string) bool { return typeOf(full) != t }); i > 0 {
		n = i
	}
	began := time.Now()
	var unheard []float64 // checks that we had not read
	gone, err := s.c.present(ctx, t, sweepAttrs, w.left[:n], func(o *object) error {
		var now swept
		if err := json.Unmarshal(o.Attrs, &now); err != nil {
			return errObject(t, o.Name, err)
		}
		w.newest = max(w.newest, now.LastCheck)
		k := s.m.objects[o.Name]
		if k == nil || k.swept == now {
			return nil
		}
		w.looked++
		if now.LastCheck > k.LastCheck && !s.touched(t, o.Name) {
			unheard = append(unheard, now.LastCheck)
		}
		s.touch(t, o.Name, false)
		return nil
	})
	if err != nil {
		return err
	}
	for _, at := range unheard {
		if at < w.newest-missedAfter {
			w.missed++
		}
	}
	for _, name := range gone {
		s.touch(t, name, true)
	}
	w.left, w.next = w.left[n:], time.Now().Add(max(sweepGap, 4*time.Since(began)))
	if w.missed >= missedLeast && 2*w.missed > w.looked {
		return errGap
	}
	return nil
}

// touched reports whether an object is to be read anew already.
func (s *Source) touched(t *objectType, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.due.names[t][name]
}
