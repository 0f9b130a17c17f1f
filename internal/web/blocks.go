package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/web/ui"
)

// revHeader says what version the browser has heard of, BOOT-REV as in the
// stream: an answer drawn at that version or later will do. Without it an
// answer is as new as the data.
const revHeader = "X-Belvedere-Rev"

const (
	drawnFor   = 10 * time.Second // how long a drawn block is good, whatever happens
	drawnBytes = 32 << 20         // of all blocks kept
	drawnMost  = 4096             // answers kept
)

// A drawing is the answer to a request for blocks, shared by all who see the
// same: drawn once, compressed once. It does not change after done is closed,
// but for its compressed forms.
type drawing struct {
	done     chan struct{}
	rev      uint64 // of the data it was drawn from, at least
	at       time.Time
	personal bool     // the handler asked who it is: for one person only
	before   *drawing // the one in whose place it is, until it is done

	header http.Header
	status int
	body   *content
	err    error

	made  time.Time  // when the handler was asked
	asked *lql.Trace // what it asked of the engine; nil: not known
}

// drawings keeps what was drawn a moment ago. Safe for concurrent use.
type drawings struct {
	turns chan struct{} // as many are drawn at once as there are processors
	pack  *packer

	mu    sync.Mutex
	kept  map[string]*drawing
	bytes int
	swept time.Time
}

func newDrawings() (*drawings, error) {
	p, err := newPacker()
	if err != nil {
		return nil, err
	}
	return &drawings{turns: make(chan struct{}, runtime.GOMAXPROCS(0)), pack: p, kept: map[string]*drawing{}}, nil
}

// errRedraw says that the one who drew failed: draw it yourself.
var errRedraw = errors.New("web: the block was not drawn")

// blocks answers a request for blocks with a drawing of what the viewer may
// see. Everything that a handler's answer can depend on is in the key or makes
// the drawing personal: see [Person].
func (s *Server) blocks(w http.ResponseWriter, r *http.Request, draw HandlerFunc) error {
	st := from(r)
	a := s.pulse.of(st.chosen)
	if a != nil {
		a.work.Add(int64(fetchCost))
	}
	key := st.drawingKey(r)
	need, rev := s.needed(r), st.rev
	if now, told := a.moment(st.chosen); now != nil && need <= told {
		rev = told // draw takes the moment when its turn has come
	}
	own := false // the key is of this person only
	for range 3 {
		d, mine := s.drawings.get(key, need, rev, own)
		if mine {
			s.draw(a, d, key, r, draw)
		}
		select {
		case <-d.done:
		case <-r.Context().Done():
			return r.Context().Err()
		}
		switch {
		case errors.Is(d.err, errRedraw) && !mine:
			continue
		case d.personal && !own:
			own = true
			key += "\x00" + strconv.FormatInt(st.person.ID, 10) + "\x00" + st.origin.remote + "\x00" + st.token
			if !mine {
				continue
			}
			s.drawings.keep(key, d)
		}
		if d.err != nil {
			return d.err
		}
		if tag := d.header.Get("ETag"); d.status == http.StatusOK && tag != "" {
			who := int64(0)
			if d.personal {
				who = st.listener()
			}
			a.watch(key, who, r, draw)
			name, mark := s.named(key, tag)
			w.Header().Set(drawnHeader, name+"-"+mark)
		}
		s.drawings.send(w, r, d)
		return nil
	}
	return draw(w, r)
}

// needed returns the version that the answer to r must have at least.
func (s *Server) needed(r *http.Request) uint64 {
	boot, rev, _ := strings.Cut(r.Header.Get(revHeader), "-")
	n, err := strconv.ParseUint(rev, 10, 64)
	now := from(r).rev
	if err != nil || boot != strconv.FormatInt(s.started.UnixMilli(), 10) {
		return now
	}
	return min(n, now) // one of other sites or of a choice before may be higher
}

// drawingKey is equal for requests that get equal answers: of the same address
// and blocks, by people with the same rights, choices, language and settings.
func (s *state) drawingKey(r *http.Request) string {
	b := appendTexts(nil, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Get(blockHeader), r.Header.Get("Accept"))
	sum := sha256.Sum256(append(b, s.look(r)...))
	return string(sum[:])
}

// look is equal for requests of people with the same rights, choices, language
// and settings.
func (s *state) look(r *http.Request) string {
	zone := ""
	if s.env.Zone != nil {
		zone = s.env.Zone.String()
	}
	b := appendTexts(nil, r.Host, s.viewer.Key(), s.chosen.Key(), string(s.person.Role), strconv.FormatBool(s.origin.https), s.env.Prefix, s.env.Words.Tag(), zone,
		strconv.Itoa(int(s.mode)), strconv.FormatBool(s.screen != nil))
	for _, k := range slices.Sorted(maps.Keys(s.prefs.values)) {
		if !slices.Contains(besideBlocks(), k) {
			b = appendTexts(b, k, string(s.prefs.values[k]))
		}
	}
	sum := sha256.Sum256(b)
	return string(sum[:])
}

// appendTexts appends texts so that different ones make different results.
func appendTexts(b []byte, texts ...string) []byte {
	for _, t := range texts {
		b = ui.AppendText(b, t)
	}
	return b
}

// besideBlocks are the preferences that change no block, or are in the key in
// another form.
func besideBlocks() []string {
	return []string{"theme", "keys", "start", "language", "zone", bellPreference, hiddenSites, "acting"}
}

// get returns the drawing for key that is at least of version need; mine: it
// is new, to be drawn by the caller from data of version rev. A drawing for one
// person is good for nobody else, at whatever version: own says that the key is
// that of a person.
func (c *drawings) get(key string, need, rev uint64, own bool) (d *drawing, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if d := c.kept[key]; d != nil && (d.rev >= need || !own && d.isPersonal()) && now.Sub(d.at) < drawnFor {
		return d, false
	}
	c.sweep(now)
	d = &drawing{done: make(chan struct{}), rev: rev, at: now, before: c.kept[key]}
	c.drop(key)
	c.kept[key] = d
	return d, true
}

// keep keeps a drawing that is done for another key too.
func (c *drawings) keep(key string, d *drawing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.err != nil {
		return
	}
	c.drop(key)
	c.kept[key] = d
	c.bytes += d.size()
}

// isPersonal reports whether a drawing is done, and for one person only.
func (d *drawing) isPersonal() bool {
	select {
	case <-d.done:
		return d.personal
	default:
		return false
	}
}

// renew notes that a drawing is begun only now, from data of version rev. It
// reports false, and does nothing, when it was to be of a later one.
func (c *drawings) renew(d *drawing, rev uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if rev < d.rev {
		return false
	}
	d.rev, d.at = rev, time.Now()
	return true
}

// drop forgets what is kept for key.
func (c *drawings) drop(key string) {
	if d := c.kept[key]; d != nil {
		c.bytes -= d.size()
		delete(c.kept, key)
	}
}

// size returns the bytes of a drawing that is done; the others count nothing.
func (d *drawing) size() int {
	select {
	case <-d.done:
		if d.body == nil {
			return 0
		}
		return d.body.size() + 1000
	default:
		return 0
	}
}

// sweep forgets what is old, and the oldest when there is too much.
func (c *drawings) sweep(now time.Time) {
	full := c.bytes > drawnBytes || len(c.kept) >= drawnMost
	if now.Sub(c.swept) < time.Second && !full {
		return
	}
	c.swept = now
	var keys []string
	for key, d := range c.kept {
		if now.Sub(d.at) >= drawnFor {
			c.drop(key)
		} else if full {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Compare(c.kept[a].at.UnixNano(), c.kept[b].at.UnixNano()) })
	for _, key := range keys {
		if c.bytes <= drawnBytes/2 && len(c.kept) <= drawnMost/2 {
			break
		}
		c.drop(key)
	}
}

// draw fills d with what the handler answers. It goes on when the one who
// asked first is gone: others may wait.
func (s *Server) draw(a *audience, d *drawing, key string, r *http.Request, draw HandlerFunc) {
	d.err = errRedraw // should draw panic
	defer func() {
		c := s.drawings
		c.mu.Lock()
		defer c.mu.Unlock()
		close(d.done)
		switch {
		case c.kept[key] != d:
		case d.err != nil:
			delete(c.kept, key)
		default:
			c.bytes += d.size()
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), requestTimeout)
	defer cancel()
	select {
	case s.drawings.turns <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-s.drawings.turns }()
	before, trace := d.before, (*lql.Trace)(nil)
	d.before = nil
	if now, told := a.moment(from(r).chosen); now != nil && s.drawings.renew(d, told) {
		ctx = now.pin(ctx)
		same := false
		if from(r).pure {
			a.spend(func() { same = before.still(ctx) })
		}
		if same {
			d.header, d.status, d.body, d.personal, d.made, d.asked, d.err = before.header, before.status, before.body, before.personal, before.made, before.asked, nil
			return
		}
		trace = &lql.Trace{}
		ctx = lql.WithTrace(ctx, trace)
	}
	st := *from(r)
	st.personal = new(bool)
	own := r.WithContext(context.WithValue(ctx, stateKey{}, &st))
	own.Header = r.Header.Clone()
	own.Header.Del("If-None-Match")
	rec := &page{header: http.Header{}, status: http.StatusOK}
	var err error
	a.spend(func() {
		err = draw(rec, own)
		if d.body = before.likewise(rec); d.body == nil {
			d.body = s.drawings.pack.hold(rec.body.Bytes())
		}
	})
	d.header, d.status = rec.header, rec.status
	d.made, d.asked = time.Now(), trace
	d.personal = *st.personal || rec.header.Get("Set-Cookie") != ""
	d.err = err
}

// likewise returns the content of d if it is that of an answer; else nil.
func (d *drawing) likewise(p *page) *content {
	if d == nil {
		return nil
	}
	select {
	case <-d.done:
	default:
		return nil
	}
	if tag := p.header.Get("ETag"); d.err != nil || tag == "" || d.status != p.status || d.header.Get("ETag") != tag {
		return nil
	}
	return d.body
}

// still reports whether the handler would answer the same: a moment ago it made
// its answer of what the engine still answers.
func (d *drawing) still(ctx context.Context) bool {
	if d == nil {
		return false
	}
	select {
	case <-d.done:
		return d.err == nil && d.asked != nil && time.Since(d.made) < drawnFor && d.asked.Same(ctx)
	default:
		return false
	}
}

// A page is an answer in memory.
type page struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (p *page) Header() http.Header         { return p.header }
func (p *page) WriteHeader(status int)      { p.status = status }
func (p *page) Write(b []byte) (int, error) { return p.body.Write(b) }

// send answers r with d, compressed as the browser likes, or with 304.
func (c *drawings) send(w http.ResponseWriter, r *http.Request, d *drawing) {
	h := w.Header()
	for name, values := range d.header {
		h[name] = slices.Clone(values)
	}
	h.Add("Vary", "Accept-Encoding")
	if tag := d.header.Get("ETag"); d.status == http.StatusOK && tag != "" && matches(r.Header.Get("If-None-Match"), tag) {
		h.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body, coding := c.pack.as(d.body, codingOf(r.Header.Get("Accept-Encoding")))
	if coding >= 0 {
		h.Set("Content-Encoding", codings()[coding])
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(d.status)
	_, _ = w.Write(body) // the reader may be gone
}

// markPersonal notes that what is drawn is for this person only.
func (s *state) markPersonal() {
	if s.personal != nil {
		*s.personal = true
	}
}

// Shrink forgets blocks that were drawn a moment ago, for short memory.
func (s *Server) Shrink() {
	s.shelf.Clear()
	c := s.drawings
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range c.kept {
		c.drop(key)
	}
}
