package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/lql"
	"belvedere/internal/web/ui"
)

// policy is the Content-Security-Policy of every answer: nothing but our own
// files, no inline script or style, no eval, no frames.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; font-src 'self'; worker-src 'self'; manifest-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// outer is around everything: id, headers, log line, recovery.
func (s *Server) outer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		o := s.trace(r)
		st := &state{server: s, id: rand.Text()[:12], prefs: &Preferences{}, origin: o}
		r = stripPrefix(r, o.prefix)
		env := &ui.Environment{Prefix: o.prefix, Now: began, Sprite: s.assets.path("icons.svg"),
			Path: r.URL.EscapedPath(), Query: r.URL.Query(), Remote: o.remote, LinkSchemes: s.opt.LinkSchemes,
			Words: s.words.Pick("", r.Header.Get("Accept-Language"))}
		st.env = env
		ctx := context.WithValue(r.Context(), stateKey{}, st)
		r = r.WithContext(ui.WithEnv(ctx, env))
		headers(w.Header(), st)
		rec := &recorder{ResponseWriter: w}
		defer s.finish(rec, r, st, began)
		if clean := cleanPath(r.URL.EscapedPath()); clean != r.URL.EscapedPath() {
			rec.Header().Set("Location", withQuery(o.prefix+clean, r.URL.RawQuery))
			rec.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		next.ServeHTTP(rec, r)
	})
}

// headers sets what every answer carries. There is no Strict-Transport-Security:
// it would bind everything else on the same host name, on any port; who wants
// it sets it at the proxy.
func headers(h http.Header, st *state) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("X-Request-Id", st.id)
	h.Set("Cache-Control", "no-store")
}

// finish catches a panic and writes the log line of a request.
func (s *Server) finish(w *recorder, r *http.Request, st *state, began time.Time) {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler { //nolint:errorlint // compared as net/http does
			panic(p)
		}
		s.log.Error("panic", "request", st.id, "pattern", r.Pattern, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		if w.status != 0 {
			panic(http.ErrAbortHandler) // half an answer must not look whole
		}
		s.fail(w, r, errors.New("panic"))
	}
	level := slog.LevelInfo
	if r.Method == http.MethodGet && w.status < 400 && (quiet(r.Pattern) || blocksOf(r) != nil) {
		level = slog.LevelDebug
	}
	if !s.log.Enabled(r.Context(), level) {
		return
	}
	s.log.Log(r.Context(), level, "request", "request", st.id, "method", r.Method, "path", noSecret(r.URL.Path), "pattern", r.Pattern,
		"status", w.status, "bytes", w.bytes, "took", time.Since(began).Round(time.Microsecond), "ip", st.origin.remote, "person", st.person.Username)
}

// quiet says which routes are asked so often that their log lines would hide
// the others.
func quiet(pattern string) bool {
	switch pattern {
	case "GET /assets/{hash}/{name}", "GET /healthz", "GET /readyz", "GET /metrics", "GET /shell", "GET /favicon.ico":
		return true
	}
	return false
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// guarded refuses requests that change something and come from another site.
func (s *Server) guarded(guard *http.CrossOriginProtection, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := guard.Check(r); err != nil {
			s.fail(w, r, &Error{Status: http.StatusForbidden, Msg: "This was sent from another web site",
				Hint: "Open Belvedere itself and try again. Behind a proxy: set public_url to the address people use", Err: err})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// route is around each single route: limits, who asks, what they may.
func (s *Server) route(rt Route) http.Handler {
	limit := rt.MaxBody
	if limit == 0 {
		limit = defaultBody
	}
	answer := s.inner(rt)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		if !rt.Stream {
			ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
			defer cancel()
			r = r.WithContext(ctx)
			// Servers without deadlines (tests) say so; nothing is lost.
			_ = rc.SetReadDeadline(time.Now().Add(requestTimeout))
			_ = rc.SetWriteDeadline(time.Now().Add(2 * requestTimeout))
		}
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, limit)
		}
		if rt.Right != Public || !quiet(rt.Pattern) { // files and probes are the same for everybody
			if err := s.identify(r, rt.Token); err != nil {
				s.fail(w, r, err)
				return
			}
		}
		if err := s.allowed(w, r, rt); err != nil {
			if err != errAnswered { //nolint:errorlint // never wrapped
				s.fail(w, r, err)
			}
			return
		}
		answer(w, r)
	})
	if rt.Stream {
		return h // parts must leave at once
	}
	return s.zip(h)
}

// inner is around the handler of a route when it is known that whoever asks
// may: how the page is shown, and blocks that are drawn once for many.
func (s *Server) inner(rt Route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer := rt.Handler
		from(r).pure = rt.Pure
		if r.Method == http.MethodGet && !rt.Stream && !rt.through && !rt.Fresh && blocksOf(r) != nil {
			answer = func(w http.ResponseWriter, r *http.Request) error { return s.blocks(w, r, rt.Handler) }
		}
		err := error(nil)
		if r.Method == http.MethodGet && rt.Right != Public && !rt.through {
			err = s.show(w, r, rt)
		}
		s.offerActions(from(r))
		if err == nil {
			err = answer(w, r)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	}
}

// offerActions lets a page offer to act on what it shows, unless it only shows:
// on a wall, inside another page, behind a link.
func (s *Server) offerActions(st *state) {
	if s.opt.MayAct == nil || !st.signed || st.mode != usual || st.screen != nil {
		return
	}
	role, viewer, key := st.person.Role, st.viewer, st.viewer.Key()
	may := func(ctx context.Context, site string) string {
		known := mayKey{role, key, site}
		if why, ok := lql.Recall(ctx, known).(string); ok {
			return why
		}
		why := s.opt.MayAct(lql.WithTrace(ctx, &lql.Trace{}), role, viewer, site) // what it asks is told below, once
		lql.Keep(ctx, known, why)
		return why
	}
	var mu sync.Mutex
	known := map[string]string{}
	st.env.Act = func(ctx context.Context, site string) string {
		mu.Lock()
		defer mu.Unlock()
		why, ok := known[site]
		if !ok {
			why = may(ctx, site)
			known[site] = why
			lql.Traced(ctx, func(ctx context.Context) bool { return may(ctx, site) == why })
		}
		return why
	}
}

// A mayKey is what somebody's right to act at a site depends on, in one state of
// the fleet.
type mayKey struct {
	role         access.Role
	viewer, site string
}

// errAnswered says that a redirect has been written.
var errAnswered = errors.New("answered")

// identify finds out who asks, by session or HTTP Basic, where programs may ask
// also by a token, and fills the state.
func (s *Server) identify(r *http.Request, programs bool) error {
	if secret := r.PathValue("secret"); secret != "" {
		return s.identifyScreen(r, secret)
	}
	if secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && programs {
		return s.identifyProgram(r, secret)
	}
	st := from(r)
	p, token, err := s.whoAsks(r)
	if err != nil || p.ID == 0 && p.Username == "" {
		return err
	}
	st.person, st.token, st.signed = p, token, true
	st.viewer = p.Viewer()
	st.chosen = st.viewer
	st.prefs = &Preferences{store: s.opt.Prefs, person: p.ID, ctx: r.Context()}
	if s.opt.Prefs == nil {
		st.prefs.store = noStore{}
		st.rev = s.opt.Hub.Seen(sees(st.chosen))
		return nil
	}
	if st.prefs.values, err = s.opt.Prefs.Preferences(r.Context(), p.ID); err != nil {
		return fmt.Errorf("web: preferences: %w", err)
	}
	st.habits(r)
	if st.chosen.Sites, err = s.chosenSites(r.Context(), st); err != nil {
		return err
	}
	st.rev = s.opt.Hub.Seen(sees(st.chosen))
	return nil
}

// identifyProgram finds out in whose name a program reads: what the person sees
// counts, not what they may do.
func (s *Server) identifyProgram(r *http.Request, secret string) error {
	unknown := &Error{Status: http.StatusUnauthorized, Msg: "This token is not known", Hint: "It is among tokens in the configuration, and its person may sign in"}
	if s.opt.Token == nil {
		return unknown
	}
	p, err := s.opt.Token(r.Context(), secret)
	if errors.Is(err, auth.ErrNoSession) {
		return unknown
	}
	if err != nil {
		return fmt.Errorf("web: token: %w", err)
	}
	st := from(r)
	st.person, st.signed = looking(p), true
	st.viewer = st.person.Viewer()
	st.chosen, st.prefs = st.viewer, &Preferences{}
	st.rev = s.opt.Hub.Seen(sees(st.chosen))
	return nil
}

// looking returns p without anything but what they see.
func looking(p auth.Person) auth.Person {
	p.SeeAll = p.Viewer().All
	p.Role, p.CommandLines = access.RoleViewer, false
	return p
}

// whoAsks returns the person behind the cookie or the Authorization header;
// the zero Person when there is neither or the session is over.
func (s *Server) whoAsks(r *http.Request) (auth.Person, string, error) {
	m := meta(r)
	if user, pass, ok := r.BasicAuth(); ok {
		p, err := s.opt.Auth.Basic(r.Context(), user, pass, m)
		if err != nil {
			return auth.Person{}, "", basicError(err)
		}
		return p, "", nil
	}
	c, err := r.Cookie(CookieName)
	if err != nil || c.Value == "" {
		return auth.Person{}, "", nil
	}
	p, err := s.opt.Auth.Session(r.Context(), c.Value, m)
	switch {
	case errors.Is(err, auth.ErrNoSession):
		return auth.Person{}, "", nil
	case err != nil:
		return auth.Person{}, "", fmt.Errorf("web: session: %w", err)
	}
	return p, c.Value, nil
}

// meta says where r comes from.
func meta(r *http.Request) auth.Meta {
	ua := r.UserAgent()
	if len(ua) > 300 {
		ua = ua[:300]
	}
	return auth.Meta{IP: from(r).origin.remote, UA: ua}
}

// allowed checks the right of a route. A browser without a session is sent to
// the sign-in page, or to the first-run page while there is nobody yet.
func (s *Server) allowed(w http.ResponseWriter, r *http.Request, rt Route) error {
	st := from(r)
	switch {
	case rt.Right == Public:
		return nil
	case !st.signed && r.PathValue("secret") != "":
		return NotFound("This link does not work", "It was revoked, or whoever made it may no longer sign in")
	case !st.signed && rt.Screen && r.FormValue("embed") == "1" && len(s.opt.EmbedParents) > 0:
		return s.strangerInFrame(w, r)
	case !st.signed:
		return s.toSignIn(w, r)
	case rt.Right == SignedIn:
		return nil
	case rt.Right == Operator && (st.person.Role == access.RoleOperator || st.person.Role == access.RoleAdmin):
		return nil
	case rt.Right == Admin && st.person.Role == access.RoleAdmin:
		return nil
	}
	return Forbidden("Your role does not allow this", "Ask an administrator of Belvedere")
}

// toSignIn answers somebody who is not signed in.
func (s *Server) toSignIn(w http.ResponseWriter, r *http.Request) error {
	page := r.Method == http.MethodGet && !WantsJSON(r) && blocksOf(r) == nil && !strings.HasPrefix(r.Header.Get("Accept"), "text/event-stream")
	if !page {
		return &Error{Status: http.StatusUnauthorized, Msg: "Nobody is signed in", Hint: "Sign in again, then repeat this"}
	}
	if s.opt.Auth.NeedsSetup(r.Context()) {
		http.Redirect(w, r, string(URL(r, "/setup")), http.StatusSeeOther)
		return errAnswered
	}
	to := "/login"
	if p := r.URL.RequestURI(); p != "/" && safePath(p) {
		to += "?next=" + url.QueryEscape(p)
	}
	http.Redirect(w, r, string(URL(r, to)), http.StatusSeeOther)
	return errAnswered
}

// basicError turns what auth says into an answer for clients that send
// credentials with each request.
func basicError(err error) error {
	var limited *auth.RateLimitedError
	switch {
	case errors.Is(err, auth.ErrBadCredentials):
		return &Error{Status: http.StatusUnauthorized, Msg: "User name or password is wrong", Err: err}
	case errors.As(err, &limited):
		return &Error{Status: http.StatusTooManyRequests, Msg: "Too many failed sign-ins", Hint: "Try again in " + ui.Ago(int64(limited.Retry/time.Second)+1), Err: err}
	case errors.Is(err, auth.ErrBusy):
		return &Error{Status: http.StatusServiceUnavailable, Msg: "Too many sign-ins at once", Hint: "Try again in a few seconds", Err: err}
	}
	return fmt.Errorf("web: sign in: %w", err)
}

// healthz says that the process answers.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
	return nil
}

// readyz says whether the server can do its work.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if s.opt.Ready != nil {
		if err := s.opt.Ready(r.Context()); err != nil {
			s.log.Warn("not ready", "request", RequestID(r), "err", err)
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte("not ready\n"))
			return nil
		}
	}
	_, _ = w.Write([]byte("ok\n"))
	return nil
}

// metrics hands on to the metrics of app: with the token, or for loopback where
// no proxy is configured that could be the one on this machine.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) error {
	if s.opt.Metrics == nil {
		return NotFound("There is no such page", "")
	}
	token, isToken := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	ip, err := netip.ParseAddr(from(r).origin.remote)
	direct := s.public.origin == "" && len(s.opt.TrustedProxies) == 0
	local := direct && err == nil && ip.IsLoopback() && !forwarded(r.Header) && localName(r.Host)
	good := s.opt.MetricsToken != "" && isToken && subtle.ConstantTimeCompare([]byte(token), []byte(s.opt.MetricsToken)) == 1
	if !local && !good {
		return Forbidden("Metrics are for this machine or a token", "Send Authorization: Bearer with the metrics token")
	}
	s.opt.Metrics.ServeHTTP(w, r)
	return nil
}

// localName reports whether the Host header names this machine by an address
// or as localhost: a browser that was led here by another name does not.
func localName(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil || strings.EqualFold(host, "localhost")
}

// forwarded reports whether a proxy left its mark: then the client is not on
// this machine just because the connection is.
func forwarded(h http.Header) bool {
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

// favicon answers browsers that ask without being told where.
func (s *Server) favicon(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, string(URL(r, s.assets.path("favicon.svg"))), http.StatusSeeOther)
	return nil
}

// safePath reports whether p is an address within this server: a path, not
// another host.
func safePath(p string) bool {
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\\r\n\t\x00") {
		return false
	}
	u, err := url.Parse(p)
	return err == nil && u.Host == "" && u.Scheme == "" && !strings.HasPrefix(u.Path, "//")
}
