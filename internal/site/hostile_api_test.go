package site_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"belvedere/internal/site"
	"belvedere/internal/store"
)

// A fakeAPI answers as the API of an Icinga 2 with two hosts of three services
// each, but where a test has it answer something else.
type fakeAPI struct {
	server *httptest.Server

	mu      sync.Mutex
	instead map[string]http.HandlerFunc // by path
	stream  http.HandlerFunc            // what follows the head of the event stream; nil: nothing
	streams int                         // that were opened
}

func newFakeAPI(t *testing.T) *fakeAPI {
	t.Helper()
	f := &fakeAPI{instead: map[string]http.HandlerFunc{}}
	f.server = httptest.NewUnstartedServer(f)
	f.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	f.server.StartTLS()
	t.Cleanup(func() {
		f.server.CloseClientConnections()
		f.server.Close()
	})
	return f
}

func (f *fakeAPI) spec() site.Spec {
	return site.Spec{Key: "a", Name: "A", Addresses: []string{"icinga2://user@" + f.server.Listener.Addr().String() + "?insecure=1"}}
}

// answers has one path answered otherwise, as usual for nil.
func (f *fakeAPI) answers(path string, h http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.instead[path] = h
}

// tells has the event streams that are opened from now on tell something.
func (f *fakeAPI) tells(h http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stream = h
}

func (f *fakeAPI) opened() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.streams
}

// fakeStart is when the fake began.
var fakeStart = time.Now().Unix() - 3600

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	instead, stream := f.instead[r.URL.Path], f.stream
	if r.URL.Path == "/v1/events" {
		f.streams++
	}
	f.mu.Unlock()
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20)) // of a test's own client
	switch {
	case instead != nil:
		instead(w, r)
	case r.URL.Path == "/v1/":
		io.WriteString(w, `{"results":[{"user":"user","version":"r2.13.6-1","permissions":["*"]}]}`)
	case r.URL.Path == "/v1/status/IcingaApplication":
		fmt.Fprintf(w, `{"results":[{"name":"IcingaApplication","status":{"icingaapplication":{"app":{"pid":7,"program_start":%d,"version":"r2.13.6-1","node_name":"n"}}}}]}`, fakeStart)
	case r.URL.Path == "/v1/status/CIB":
		io.WriteString(w, `{"results":[{"name":"CIB","status":{"active_host_checks_1min":2}}]}`)
	case r.URL.Path == "/v1/events":
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush() // the reader may be gone
		if stream != nil {
			stream(w, r)
		}
		<-r.Context().Done()
	case r.URL.Path == "/v1/objects/hosts":
		fakeObjects(w, body, "hosts", "h1", "h2")
	case r.URL.Path == "/v1/objects/services":
		fakeObjects(w, body, "services", "h1!s1", "h1!s2", "h1!s3", "h2!s1", "h2!s2", "h2!s3")
	default:
		http.Error(w, `{"error":404,"status":"No objects found."}`, http.StatusNotFound)
	}
}

// fakeObjects answers a request for objects, as Icinga 2 does: a name that it
// does not know spoils it.
func fakeObjects(w http.ResponseWriter, body []byte, kind string, there ...string) {
	var asked map[string]any
	_ = json.Unmarshal(body, &asked) // of our own client
	names := there
	if list, ok := asked[kind].([]any); ok {
		names = nil
		for _, n := range list {
			if !strings.Contains(","+strings.Join(there, ",")+",", ","+n.(string)+",") {
				http.Error(w, `{"error":404,"status":"No objects found."}`, http.StatusNotFound)
				return
			}
			names = append(names, n.(string))
		}
	}
	var out []string
	for _, full := range names {
		host, service, _ := strings.Cut(full, "!")
		attrs := fmt.Sprintf(`{"name":%q,"state":0,"state_type":1,"last_check":%d,"last_check_result":{"output":"fine"}}`, host, fakeStart)
		if service != "" {
			attrs = fmt.Sprintf(`{"name":%q,"host_name":%q,"state":0,"state_type":1,"last_check":%d,"last_check_result":{"output":"fine"}}`, service, host, fakeStart)
		}
		out = append(out, fmt.Sprintf(`{"name":%q,"attrs":%s}`, full, attrs))
	}
	fmt.Fprintf(w, `{"results":[%s]}`, strings.Join(out, ","))
}

// says answers with a text.
func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) } // the reader may have had enough
}

// endless answers with a head and then with pieces until nobody reads.
func endless(head string, piece func(i int) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, err := io.WriteString(w, head)
		for i := 0; err == nil && r.Context().Err() == nil; i++ {
			_, err = io.WriteString(w, piece(i))
		}
	}
}

func same(s string) func(int) string { return func(int) string { return s } }

// heapMost is what is held at the same time while an API is hostile.
const heapMost = 400 << 20

// watchHeap fails the test if the heap grows beyond bounds before it ends.
func watchHeap(t *testing.T) {
	t.Helper()
	var at runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&at)
	before := at.HeapAlloc
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan uint64)
	go func() {
		var most uint64
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
			select {
			case <-ctx.Done():
				done <- most
				return
			case <-tick.C:
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		most := <-done
		t.Logf("heap: %d MB at most, %d before", most>>20, before>>20)
		if most > before+heapMost {
			t.Errorf("the heap grew from %d MB to %d", before>>20, most>>20)
		}
	})
}

// TestHostileAPI has the API of an Icinga 2 answer as none does: each time the
// site is down with a cause that says so, the memory stays within bounds, and
// when the API is itself again all is read.
func TestHostileAPI(t *testing.T) {
	const objects, status = "/v1/objects/", "/v1/status/IcingaApplication"
	name := func(i int) string { return fmt.Sprintf(`{"name":"n%d","attrs":{"name":"n%d"}},`, i, i) }
	big := strings.Repeat("x", 1<<20)
	for what, tt := range map[string]struct {
		path string
		say  http.HandlerFunc
		want string
	}{
		"hosts without end":          {objects + "hosts", endless(`{"results":[`, name), "more than 50000 objects of the type Host"},
		"services without end":       {objects + "services", endless(`{"results":[`, name), "more than 50000 objects of the type Service"},
		"users without end":          {objects + "users", endless(`{"results":[`, name), "more than 50000 objects of the type User"},
		"a name without end":         {objects + "hosts", endless(`{"results":[{"name":"`, same(big)), "an object of more than 16 MB"},
		"a giant name":               {objects + "hosts", says(`{"results":[{"name":"` + big[:5000] + `"}]}`), "an object with a name of 5000 bytes"},
		"an answer without results":  {objects + "hosts", endless(`{`, same(strings.Repeat(`"x":1,`, 1000))), "an object of more than 16 MB"},
		"a text without end":         {status, endless(`{"results":[{"status":{"icingaapplication":{"app":{"version":"`, same(big)), "an object of more than 16 MB"},
		"a user name without end":    {"/v1/", endless(`{"results":[{"user":"`, same(big)), "not the API of an Icinga 2"},
		"deep JSON":                  {objects + "hosts", says(`{"results":[{"name":"h1","attrs":` + strings.Repeat("[", 1<<20)), "not well formed"},
		"NaN":                        {objects + "hosts", says(`{"results":[{"name":"h1","attrs":{"name":"h1","state":NaN}}]}`), "not well formed"},
		"a number beyond all":        {objects + "hosts", says(`{"results":[{"name":"h1","attrs":{"name":"h1","last_check":1e999}}]}`), "in a form that is not known"},
		"a name that is a number":    {objects + "hosts", says(`{"results":[{"name":7,"attrs":[]}]}`), "not well formed"},
		"attributes that are a list": {objects + "hosts", says(`{"results":[{"name":"h1","attrs":[1,2]}]}`), "in a form that is not known"},
		"attributes of another":      {objects + "hosts", says(`{"results":[{"name":"h1","attrs":{"name":"h2"}}]}`), "in a form that is not known"},
		"results that are an object": {objects + "hosts", says(`{"results":{}}`), "not well formed"},
		"an answer that is cut":      {objects + "services", says(`{"results":[{"name":"h1!s1","attrs":{"na`), "not well formed"},
		"a web page":                 {objects + "hosts", says(`<!doctype html><title>Sign in</title>`), "not well formed"},
		"a redirection": {objects + "hosts", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://192.0.2.1/", http.StatusFound)
		}, "The API answers 302"},
		"an error without end": {objects + "hosts", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			endless("", same(big))(w, r)
		}, "The API answers 500"},
		"an event without end":            {"/v1/events", endless(`{"type":"`, same(big)), "an event of more than 16 MB"},
		"comments about nothing we asked": {objects + "comments", says(`{"results":[{"name":"h1!c","attrs":{"entry_time":"soon"}}]}`), "in a form that is not known"},
	} {
		t.Run(what, func(t *testing.T) {
			watchHeap(t)
			f := newFakeAPI(t)
			f.answers(tt.path, tt.say)
			m, fleet := fleetWith(t, site.Options{MaxRows: 50_000}, f.spec())
			until(t, later, "down, or late where it is read in between", func() bool {
				h := view(fleet, "a").Health
				return h.State == store.Down || h.State == store.Late && h.Errors["toolarge"] > 1
			})
			if h := view(fleet, "a").Health; !strings.Contains(h.Cause, tt.want) || len(h.Cause) > 1000 || h.Errors["internal"]+h.Errors["fault"] > 0 || f.opened() > 6 {
				t.Errorf("cause %.1000q, errors %v, %d streams; want %q", h.Cause, h.Errors, f.opened(), tt.want)
			}
			f.answers(tt.path, nil)
			m.Refresh("a")
			until(t, later, "fresh again", inState(fleet, "a", store.Fresh))
			if snap := view(fleet, "a").Snapshot; snap.Rows("hosts") != 2 || snap.Rows("services") != 6 {
				t.Errorf("%d hosts, %d services", snap.Rows("hosts"), snap.Rows("services"))
			}
		})
	}
}

// TestHostileEvents has the event stream tell of what does not exist, and in
// forms that are not known: the site stays fresh, what it holds right, and the
// memory within bounds.
func TestHostileEvents(t *testing.T) {
	now := time.Now().Unix()
	long := strings.Repeat("y", 100<<10)
	most := 80 << 20
	if testing.Short() { // with the race detector, which makes each byte ten times as dear
		most = 16 << 20
	}
	for what, event := range map[string]func(i int) string{
		"unknown services": func(i int) string {
			return fmt.Sprintf(`{"type":"CheckResult","timestamp":%d,"host":"no-such-host-%d","service":"no such service"}`, now, i)
		},
		"giant names": func(i int) string {
			return fmt.Sprintf(`{"type":"StateChange","timestamp":%d,"host":"%d%s","state":1}`, now, i, long)
		},
		"names of a size": func(i int) string {
			return fmt.Sprintf(`{"type":"CheckResult","timestamp":%d,"host":"%d%s"}`, now, i, long[:4000])
		},
		"unknown comments": func(i int) string {
			return fmt.Sprintf(`{"type":"CommentAdded","timestamp":%d,"comment":{"__name":"h1!%d"}}`, now, i)
		},
		"long texts": func(i int) string {
			return fmt.Sprintf(`{"type":"AcknowledgementSet","timestamp":%d,"host":"h1","author":"%d","comment":"%s"}`, now, i, long)
		},
		"many told": func(i int) string {
			return fmt.Sprintf(`{"type":"Notification","timestamp":%d,"host":"h1","notification_type":"%s","users":[%s"last"],"command":"%s","author":"%d"}`, now, long[:9000], strings.Repeat(`"`+long[:900]+`",`, 100), long, i)
		},
		"strange forms": func(i int) string {
			return []string{`{`, `[]`, `null`, `NaN`, `{"type":7}`, `{"type":"CheckResult","host":{"a":1}}`, `{"type":"DowntimeAdded","downtime":[]}`, `{"type":"StateChange","host":"h1","state":1e999}`,
				strings.Repeat(`[`, 20_000), `{"type":"CommentAdded","comment":` + strings.Repeat(`{"a":`, 11_000) + `1` + strings.Repeat(`}`, 11_000) + `}`, `{"type":"StateChange","host":"h1","timestamp":1e300,"state":-7,"state_type":9}`}[i%11]
		},
	} {
		t.Run(what, func(t *testing.T) {
			watchHeap(t)
			f := newFakeAPI(t)
			told := make(chan struct{})
			f.tells(func(w http.ResponseWriter, r *http.Request) {
				defer close(told)
				for i, sent := 0, 0; sent < most && i < 300_000 && r.Context().Err() == nil; i++ {
					line := event(i) + "\n"
					sent += len(line)
					_, _ = io.WriteString(w, line) // the reader may be gone
				}
			})
			m, fleet := fleetWith(t, site.Options{MaxRows: 50_000}, f.spec())
			<-told
			until(t, later, "fresh", inState(fleet, "a", store.Fresh))
			m.Refresh("a")
			asked := time.Now()
			until(t, later, "confirmed since", func() bool { return view(fleet, "a").Health.LastOK.After(asked) })
			v := view(fleet, "a")
			if v.Snapshot.Rows("hosts") != 2 || v.Snapshot.Rows("services") != 6 || v.Snapshot.Rows("comments") != 0 || f.opened() != 1 {
				t.Errorf("%d hosts, %d services, %d comments, %d streams", v.Snapshot.Rows("hosts"), v.Snapshot.Rows("services"), v.Snapshot.Rows("comments"), f.opened())
			}
			if e := v.Health.Errors; len(e) > 0 {
				t.Errorf("errors %v", e)
			}
		})
	}
}
