package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"time"

	"belvedere/internal/web/ui"
)

const (
	watchFor    = 30 * time.Second       // after somebody last asked for a block
	watchMost   = 200                    // blocks of an audience
	watchWithin = 300 * time.Millisecond // an event waits so long for blocks, or a quarter of its distance from the last
	// drawnHeader has name and mark of what an answer shows, as events have them,
	// with a dash between. Browsers ask again for what they show before watchFor is over, see web/src/live.ts.
	drawnHeader = "X-Belvedere-Drawn"
)

// A watch is a block that some of an audience show. It is drawn before they are
// told of a change, so that those whose block is still the same need not ask.
type watch struct {
	key   string // of the drawing
	who   int64  // whose it is, as streams have it; 0: of all who see the same
	r     *http.Request
	draw  HandlerFunc
	asked time.Time
}

// Marks say what blocks are like, by name: those of all of an audience, and
// those that only one of its people may have.
type marks struct {
	all map[string]string
	own map[int64]map[string]string
}

// put notes the mark of a block of all, or of one person.
func (m *marks) put(who int64, name, mark string) {
	if who == 0 {
		m.all[name] = mark
		return
	}
	if m.own[who] == nil {
		m.own[who] = map[string]string{}
	}
	m.own[who][name] = mark
}

// named returns what a drawing is called outside, and a mark that differs when
// it does. Events carry both to all of an audience, some of whom may not see
// what command lines hold: nobody learns anything from them who does not have
// the drawing.
func (s *Server) named(key, tag string) (name, mark string) {
	sum, all := sha256.Sum256([]byte(s.secret+key)), sha256.Sum256([]byte(s.secret+tag+key))
	return hex.EncodeToString(sum[:6]), hex.EncodeToString(all[:8])
}

func newSecret() string { return rand.Text() }

// watch notes that somebody shows what the handler drew for r; who: as it was
// asked for by one person only, else 0.
func (a *audience) watch(key string, who int64, r *http.Request, draw HandlerFunc) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.streams) == 0 {
		return
	}
	if a.watches == nil {
		a.watches = map[string]*watch{}
	}
	r = r.WithContext(context.WithoutCancel(r.Context()))
	r.Body = http.NoBody
	a.watches[key] = &watch{key: key, who: who, r: r, draw: draw, asked: time.Now()}
	if len(a.watches) > watchMost {
		delete(a.watches, a.byAge()[0].key)
	}
}

// byAge returns the watches, that asked for longest ago first; a.mu must be
// held.
func (a *audience) byAge() []*watch {
	out := make([]*watch, 0, len(a.watches))
	for _, w := range a.watches {
		out = append(out, w)
	}
	slices.SortFunc(out, func(x, y *watch) int { return cmp.Compare(x.asked.UnixNano(), y.asked.UnixNano()) })
	return out
}

// shown returns the watches that still count, that asked for last first.
func (a *audience) shown() []*watch {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.byAge()
	for len(out) > 0 && time.Since(out[0].asked) > watchFor {
		delete(a.watches, out[0].key)
		out = out[1:]
	}
	slices.Reverse(out)
	return out
}

// redraw draws what an audience shows from the state of its last step, and
// returns their marks. What takes too long is left out: whoever shows it asks.
func (p *pulse) redraw(ctx context.Context, a *audience) marks {
	s, until := p.server, time.Now().Add(max(watchWithin, a.rested/4))
	out := marks{map[string]string{}, map[int64]map[string]string{}}
	for _, w := range a.shown() {
		if time.Now().After(until) || ctx.Err() != nil {
			break
		}
		told := a.sub.Taken(sees(a.viewer))
		d, mine := s.drawings.get(w.key, told, told, true)
		if mine {
			s.draw(a, d, w.key, s.again(w.r), w.draw)
		}
		select {
		case <-d.done:
		case <-ctx.Done():
			return out
		}
		if tag := d.header.Get("ETag"); d.err == nil && d.status == http.StatusOK && tag != "" && (w.who != 0 || !d.personal) {
			name, mark := s.named(w.key, tag)
			out.put(w.who, name, mark)
		}
	}
	return out
}

// again returns a request that was answered as if it were made now.
func (s *Server) again(r *http.Request) *http.Request {
	st := *from(r)
	env := *st.env
	env.Now = time.Now()
	st.env = &env
	s.offerActions(&st)
	return r.WithContext(ui.WithEnv(context.WithValue(r.Context(), stateKey{}, &st), &env))
}
