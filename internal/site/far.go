package site

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
	"belvedere/internal/thruk"
)

// Bounds of what an LMD, a Thruk or another Belvedere may tell.
const (
	// waysEvery is how often the far end is asked for its sites, thruksEvery a
	// Thruk, which asks each of its backends for that and waits for those that
	// hang.
	waysEvery   = 2 * time.Second
	thruksEvery = 10 * time.Second
	// awaitEvery is how often a site looks whether the way to it is there.
	awaitEvery = 500 * time.Millisecond
	// farAtMost is how many sites may be behind one way.
	farAtMost = 2000
	// keyAtMost bounds keys in bytes. Each tier makes them longer, so it also
	// ends a loop through programs that do not hand on where data comes from.
	keyAtMost = 200
	// farBytes bounds what is read of table sites.
	farBytes = 16 << 20
	// abreast is how many sites behind one way are read at once, and how many
	// connections are kept for that.
	abreast = 4
)

// A far is one site as the other end shows it.
type far struct {
	key, name, section string
	state              store.HealthState
	cause              string
	age                time.Duration // of its data there; negative: none yet
	core, version      string        // what it is, "" when not told
	path               []string      // the Belvederes it comes through there
}

// farWanted are the columns that are read, as far as the other end has them.
var farWanted = []string{"key", "name", "section", "status", "state", "last_error", "cause", "last_update", "localtime", "clock_skew", "implementation", "version", "path"}

// A farReader reads table sites of an LMD, a Thruk or another Belvedere.
type farReader struct {
	client  client
	every   time.Duration
	within  time.Duration // for one answer
	columns []string      // those of farWanted that there are; nil before the first
}

func newFarReader(c client) *farReader {
	if _, ok := c.(*thruk.Client); ok {
		return &farReader{client: c, every: thruksEvery, within: roundAnswer}
	}
	return &farReader{client: c, every: waysEvery, within: smallAnswer}
}

// read returns the sites there are at the far end, in its order.
func (r *farReader) read(ctx context.Context) ([]far, error) {
	ctx, cancel := context.WithTimeout(ctx, r.within)
	defer cancel()
	res, err := r.client.Query(livestatus.WithLargest(ctx, farBytes), lql.Get("sites", r.columns...))
	if err != nil {
		if e, ok := errors.AsType[*livestatus.Error](err); !ok && ctx.Err() != nil && e == nil {
			err = overdue(r.within, false, err)
		}
		return nil, err
	}
	if r.columns == nil {
		for _, name := range farWanted {
			if res.Has(name) {
				r.columns = append(r.columns, name)
			}
		}
	}
	out := make([]far, 0, res.Rows)
	for i := range res.Rows {
		out = append(out, farOf(res, i))
	}
	return out, nil
}

// farOf reads one row of table sites.
func farOf(res *lql.Result, i int) far {
	f := far{
		key: res.Text(i, "key"), name: line(res.Text(i, "name"), 100), section: sectionOf(res.Text(i, "section")),
		state: farState(res, i), cause: line(res.Text(i, "cause"), 500), age: -1,
		core: line(res.Text(i, "implementation"), 50), version: line(res.Text(i, "version"), 50), path: res.Strings(i, "path"),
	}
	if f.name == "" {
		f.name = line(f.key, 100)
	}
	if f.cause == "" && f.state != store.Fresh {
		f.cause = line(res.Text(i, "last_error"), 500)
	}
	if last, now := res.Float(i, "last_update"), res.Float(i, "localtime")-res.Float(i, "clock_skew"); last > 0 && now > 0 {
		f.age = max(0, time.Duration((now-last)*float64(time.Second)))
	}
	return f
}

// farState returns how the far end says a site is.
func farState(res *lql.Result, i int) store.HealthState {
	for s := store.Pending; s <= store.Paused; s++ {
		if res.Text(i, "state") == s.String() {
			return s
		}
	}
	switch res.Int(i, "status") { // as an LMD numbers it
	case 0:
		return store.Fresh
	case 1, 5:
		return store.Late
	case 4:
		return store.Pending
	}
	return store.Down
}

// line makes a text of elsewhere one short line.
func line(text string, most int) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// sectionOf makes a section of elsewhere one as we write them.
func sectionOf(text string) string {
	var parts []string
	for part := range strings.SplitSeq(line(text, 200), "/") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "/")
}

// farKey is the key here of the site with that key behind via. ok is false for
// one that cannot be asked for, or that is too long.
func farKey(via, key string) (out string, ok bool) {
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "", false
	}
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '-'
	}, key)
	if safe != key {
		h := fnv.New32a()
		h.Write([]byte(key))
		safe = fmt.Sprintf("%s-%08x", safe, h.Sum32())
	}
	out = via + "." + safe
	return out, len(out) <= keyAtMost
}

// offered returns those of the sites of a far end that can be shown here, and
// says what becomes of the others.
func (m *Manager) offered(via string, all []far) (shown []far, looped, unfit int) {
	seen := map[string]bool{}
	for _, f := range all {
		key, ok := farKey(via, f.key)
		switch {
		case m.o.Instance != "" && slices.Contains(f.path, m.o.Instance):
			looped++
		case !ok || seen[key] || len(shown) == farAtMost:
			unfit++
		default:
			seen[key] = true
			shown = append(shown, f)
		}
	}
	return shown, looped, unfit
}

// core is what the far end is, also where it does not say by table status.
func (r *farReader) core(told livestatus.Core) livestatus.Core {
	if told.Name == "" {
		told.Impl, told.Name = schema.LMD, "LMD"
		if slices.Contains(r.columns, "path") {
			told.Name = "Belvedere"
		}
	}
	return told
}

// isProxy reports whether what answers may have several sites.
func isProxy(core livestatus.Core) bool { return core.Impl == schema.LMD }
