package icinga2

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"belvedere/internal/livestatus"
)

// Bounds of what is asked and answered.
const (
	answerMost   = 1 << 30   // bytes of one answer
	elementMost  = 16 << 20  // bytes of one element of its list of results
	objectsMost  = 2_000_000 // of one type, if the options say nothing else
	eventMost    = 16 << 20  // bytes of one event
	nameMost     = 4 << 10   // bytes of a name
	answerWithin = time.Minute
	// idleMost is how long a connection rests: Icinga 2 hangs up after ten
	// seconds, and a request that comes just then is lost.
	idleMost  = 8 * time.Second
	errorMost = 64 << 10
)

// Options say which API is meant. Address has scheme "icinga2".
type Options struct {
	livestatus.Address
	// MaxObjects bounds the objects of one type; 0: two million.
	MaxObjects int
	// DialTimeout bounds connecting and TLS together; 0: ten seconds.
	DialTimeout time.Duration
	// Room, if not nil, is asked now and then while an answer comes in whether
	// more fits into memory; its error ends the reading.
	Room func() error
	Log  *slog.Logger     // nil: silent
	Now  func() time.Time // nil: time.Now
	// Dial replaces the network below TLS in tests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// A client speaks HTTP with one API. It is safe for concurrent use.
type client struct {
	o    Options
	http *http.Client
	base string
	// login is read once, so that a request cannot fail for a file.
	user, password string
}

// newClient does not connect. The error is a [*livestatus.Error] about the
// password.
func newClient(o Options) (*client, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxObjects == 0 {
		o.MaxObjects = objectsMost
	}
	password, err := o.TLS.Secret()
	if err != nil {
		return nil, err
	}
	lo := livestatus.Options{Address: o.Address, Dial: o.Dial, DialTimeout: o.DialTimeout}
	t := &http.Transport{
		DialTLSContext:      func(ctx context.Context, _, _ string) (net.Conn, error) { return livestatus.Connect(ctx, lo) },
		MaxConnsPerHost:     4,
		MaxIdleConnsPerHost: 2,
		IdleConnTimeout:     idleMost,
		DisableCompression:  true,
	}
	return &client{o: o, http: &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		base: "https://" + net.JoinHostPort(o.Host, o.Port), user: o.TLS.User, password: password}, nil
}

func (c *client) close() { c.http.CloseIdleConnections() }

// do sends a request and returns its answer if that is a success; the caller
// closes the body. Reading is sent as POST with another method in a header, so
// that names need not fit into an address.
func (c *client) do(ctx context.Context, method, path string, body any) (io.ReadCloser, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("icinga2: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("icinga2: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "belvedere")
	if method != http.MethodPost {
		r.Header.Set("X-HTTP-Method-Override", method)
	}
	if c.user != "" {
		r.SetBasicAuth(c.user, c.password)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, c.unreached(ctx, err)
	}
	if res.StatusCode == http.StatusOK || res.StatusCode == http.StatusCreated {
		return res.Body, nil
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, errorMost))
	return nil, c.refused(res.StatusCode, path, text)
}

// unreached is the error of a request that got no answer.
func (c *client) unreached(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*livestatus.Error](err); ok {
		return e
	}
	if ctx.Err() != nil {
		kind := livestatus.KindCanceled
		if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			kind = livestatus.KindSilent
		}
		return &livestatus.Error{Kind: kind, Err: err, Cause: "The API did not answer in time.", Fix: "Icinga 2 may be overloaded or hang: look at its log and at the load of its machine."}
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return &livestatus.Error{Kind: livestatus.KindHangup, Err: err,
		Cause: "The API ended the connection: " + strings.TrimSuffix(err.Error(), ".") + ".",
		Fix:   "Icinga 2 was probably reloaded or restarted; see its log otherwise."}
}

// An answerError is what the API says against a request.
type answerError struct {
	code int
	text string // the API's own words
}

func (e *answerError) Error() string { return fmt.Sprintf("icinga2: %d: %s", e.code, e.text) }

// refused makes an error of an answer that is no success.
func (c *client) refused(code int, path string, body []byte) error {
	said := saying(body)
	e := &livestatus.Error{Kind: livestatus.KindStatus, Code: code, Err: &answerError{code, said}}
	switch code {
	case http.StatusUnauthorized:
		e.Kind = livestatus.KindLogin
		e.Cause = fmt.Sprintf("The API does not know the user %q with this password (401).", c.user)
		e.Fix = "Compare user and password with the object ApiUser in api-users.conf on the core; without a user, client_cn there must be the name in our client certificate."
		if c.user != "" && c.password == "" {
			e.Cause = fmt.Sprintf("The API wants the password of the user %q, and none is given (401).", c.user)
			e.Fix = "Give the password of the object ApiUser in api-users.conf on the core; site test and site add read it from the file that --password-file names."
		}
		if c.user == "" && c.o.TLS.Cert == "" {
			e.Cause = "The API wants a user (401)."
			e.Fix = "Give user and password of an object ApiUser, or a client certificate whose name is its client_cn."
		}
	case http.StatusForbidden:
		e.Kind = livestatus.KindRights
		e.Cause = fmt.Sprintf("This user may not use %s (403: %s).", path, said)
		e.Fix = fmt.Sprintf("Add the permission %q to its ApiUser object and reload Icinga 2.", permissionFor(path))
	case http.StatusNotFound:
		e.Cause = "The API knows no such object (404: " + said + ")."
		e.Fix = "It does not exist, or this user may not query it."
	case http.StatusServiceUnavailable:
		e.Cause = "Icinga 2 is just reloading (503)."
		e.Fix = "It is tried again in a moment."
	default:
		e.Cause = fmt.Sprintf("The API answers %d: %s.", code, strings.TrimSuffix(said, "."))
		e.Fix = "See the log of Icinga 2."
	}
	return e
}

// saying is the API's own reason in the body of an answer, in one line.
func saying(body []byte) string {
	var said struct {
		Status  string
		Results []struct {
			Status string
			Errors []string
		}
	}
	text := strings.TrimSpace(string(body))
	if json.Unmarshal(body, &said) == nil {
		text = said.Status
		for _, r := range said.Results {
			text = strings.Join(append([]string{r.Status}, r.Errors...), " ")
		}
	}
	text = strings.TrimSuffix(strings.TrimPrefix(text, "<h1>"), "</h1>")
	text, _, _ = strings.Cut(text, "\n") // a stack trace follows in places
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}

// permissionFor is the permission that a path needs.
func permissionFor(path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/v1/"), "/")
	switch {
	case parts[0] == "objects" && len(parts) > 1:
		for _, t := range types {
			if t.path == parts[1] {
				return "objects/query/" + t.name
			}
		}
	case parts[0] == "status":
		return "status/query"
	case parts[0] == "events":
		return "events/*"
	case parts[0] == "actions" && len(parts) > 1:
		return "actions/" + parts[1]
	}
	return strings.Join(parts, "/")
}

// object is one element of an answer.
type object struct {
	Name  string          `json:"name"`
	Attrs json.RawMessage `json:"attrs"`
}

// objects reads objects of a type, those with the names, or all for nil, and
// gives each to the function. None at all is no error; if names has more than
// one name of which one does not exist, the error is a 404.
func (c *client) objects(ctx context.Context, t *objectType, attrs, names []string, each func(*object) error) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	ask := map[string]any{"attrs": attrs}
	if names != nil {
		ask[t.path] = names
	}
	body, err := c.do(ctx, http.MethodGet, "/v1/objects/"+t.path, ask)
	if err != nil {
		if names == nil && codeOf(err) == http.StatusNotFound {
			return nil
		}
		return err
	}
	defer body.Close()
	n := 0
	return c.results(ctx, body, func(d *json.Decoder) error {
		var o object
		if err := d.Decode(&o); err != nil {
			return err
		}
		if n++; n > c.o.MaxObjects {
			return tooLarge("The API shows more than %d objects of the type %s.", c.o.MaxObjects, t.name)
		}
		if len(o.Name) > nameMost {
			return tooLarge("The API shows an object with a name of %d bytes.", len(o.Name))
		}
		return each(&o)
	})
}

// tooLarge is the error of an answer beyond the bounds.
func tooLarge(format string, a ...any) error {
	return &livestatus.Error{Kind: livestatus.KindTooLarge, Cause: fmt.Sprintf(format, a...), Fix: "No Icinga 2 does that: see what answers there."}
}

// results calls each for every element of an answer's list of results.
func (c *client) results(ctx context.Context, body io.Reader, each func(*json.Decoder) error) error {
	in := &bounded{r: body, all: answerMost, room: c.o.Room, next: answerMost}
	in.element()
	d := json.NewDecoder(in)
	err := func() error {
		for {
			t, err := d.Token()
			if err != nil {
				return err
			}
			if t == "results" {
				break
			}
		}
		if t, err := d.Token(); err != nil {
			return err
		} else if t != json.Delim('[') {
			return errForm
		}
		for d.More() {
			if err := each(d); err != nil {
				return err
			}
			in.element()
		}
		return nil
	}()
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	ours, ok := errors.AsType[*livestatus.Error](err)
	switch {
	case err == nil:
		return nil
	case ok:
		return ours
	case ctx.Err() != nil:
		return c.unreached(ctx, err)
	case errors.Is(err, errForm), errors.As(err, &syntax), errors.As(err, &kind), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &livestatus.Error{Kind: livestatus.KindProtocol, Err: err, Cause: "The answer of the API is not well formed or was cut short.",
			Fix: "Icinga 2 was restarted in the middle of it, or something between changes its answers; see its log."}
	}
	return err
}

// errForm is the error of an answer whose results are no list.
var errForm = errors.New("icinga2: results is no list")

// bounded ends an answer that is too large, or for which there is no room.
type bounded struct {
	r    io.Reader
	all  int          // bytes that may still come
	one  int          // bytes that may come before the present element has ended
	room func() error // nil: there is always some
	next int          // what is left of all when room is asked again
}

// roomEvery is after how many bytes room is asked again.
const roomEvery = 4 << 20

// element begins a new one.
func (b *bounded) element() { b.one = elementMost }

func (b *bounded) Read(p []byte) (int, error) {
	switch {
	case b.one <= 0:
		return 0, tooLarge("The API shows an object of more than %d MB.", elementMost>>20)
	case b.all <= 0:
		return 0, tooLarge("An answer of the API is larger than %d MB.", answerMost>>20)
	case b.room != nil && b.all <= b.next:
		b.next = b.all - roomEvery
		if err := b.room(); err != nil {
			return 0, err
		}
	}
	n, err := b.r.Read(p[:min(len(p), b.one, b.all)])
	b.one, b.all = b.one-n, b.all-n
	return n, err
}

// present names those of the names that do not exist any more, and gives the rest
// to each. A single unknown name makes the API refuse the whole request, so it
// is halved until it is found.
func (c *client) present(ctx context.Context, t *objectType, attrs, names []string, each func(*object) error) (gone []string, err error) {
	err = c.objects(ctx, t, attrs, names, each)
	if codeOf(err) != http.StatusNotFound {
		return nil, err
	}
	if len(names) == 1 {
		return names, nil
	}
	for _, half := range [][]string{names[:len(names)/2], names[len(names)/2:]} {
		g, err := c.present(ctx, t, attrs, half, each)
		if err != nil {
			return nil, err
		}
		gone = append(gone, g...)
	}
	return gone, nil
}

// status reads one of the components of /v1/status into v.
func (c *client) status(ctx context.Context, component string, v any) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	body, err := c.do(ctx, http.MethodGet, "/v1/status/"+component, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	return c.results(ctx, body, func(d *json.Decoder) error {
		var r struct {
			Status json.RawMessage `json:"status"`
		}
		if err := d.Decode(&r); err != nil {
			return err
		}
		return json.Unmarshal(r.Status, v)
	})
}

// events listens until ctx ends or the stream does, and always returns an
// error. ready is called when the stream is open.
func (c *client) events(ctx context.Context, kinds []string, ready func(), each func([]byte) error) error {
	body, err := c.do(ctx, http.MethodPost, "/v1/events", map[string]any{"queue": "belvedere-" + rand.Text(), "types": kinds})
	if err != nil {
		return err
	}
	defer body.Close()
	ready()
	err = lines(body, each)
	return c.unreached(ctx, err)
}

// lines calls each for every line until an error, at the end [io.EOF].
func lines(r io.Reader, each func([]byte) error) error {
	var line []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		for rest := buf[:n]; len(rest) > 0; {
			part, after, whole := bytes.Cut(rest, []byte{'\n'})
			if len(line)+len(part) > eventMost {
				return tooLarge("The API tells an event of more than %d MB.", eventMost>>20)
			}
			line, rest = append(line, part...), after
			if !whole {
				break
			}
			if len(bytes.TrimSpace(line)) > 0 {
				if err := each(line); err != nil {
					return err
				}
			}
			line = line[:0]
		}
		if err != nil {
			return err
		}
	}
}

// codeOf is the status with which the API refused, 0 for other errors.
func codeOf(err error) int {
	if e, ok := errors.AsType[*answerError](err); ok {
		return e.code
	}
	return 0
}
