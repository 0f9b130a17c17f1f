package thruk

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// TestMain fails if any goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// head is the header of an answer with a body of n bytes.
func head(n int) string { return string(lql.AppendFixed16(nil, 200, n)) }

// twice is a text as Perl encodes the bytes of one that is encoded already.
func twice(s string) string {
	r := make([]rune, len(s))
	for i := range len(s) {
		r[i] = rune(s[i])
	}
	return string(r)
}

func quoted(s string) string {
	b, _ := json.Marshal(s) // a string can always be encoded
	return string(b)
}

func TestUnwrap(t *testing.T) {
	rows := `[["Größe 漢字 ✓"]]` + "\n"
	for _, tt := range []struct{ name, in, want, bad string }{
		{name: "encoded once", in: `{"version":"3.20","rc":0,"output":[null,1,` + quoted(head(len(rows))+rows) + `,null]}`, want: head(len(rows)) + rows},
		{name: "encoded twice", in: `{"rc":"0","output":["",1,` + quoted(twice(head(len(rows))+rows)) + `,""],"branch":""}`, want: head(len(rows)) + rows},
		{name: "ASCII", in: `{"rc":0,"output":[null,1,` + quoted(head(3)+"[]\n") + `]}`, want: head(3) + "[]\n"},
		{name: "neither length fits", in: `{"rc":0,"output":[null,1,` + quoted(head(5)+"ü\n") + `]}`, want: head(5) + "ü\n"},
		{name: "an LMD's own", in: head(len(rows)) + rows, want: head(len(rows)) + rows},
		{name: "nothing, of a command", in: `{"rc":0,"output":[null,0,null,null]}`},
		{name: "nothing, of an LMD", in: "\n"},
		{name: "what the core says", in: `{"rc":0,"output":[null,0,"400: no such thing\n"]}`, want: "400: no such thing\n"},
		{name: "no key", in: `{"rc":1,"output":"authorization failed, x does not accept this key.\n"}`, bad: "authorization failed, x does not accept this key."},
		{name: "core away", in: `{"rc":0,"output":[null,null,null,"ERROR: failed to connect"]}`, bad: "thruk: failed to connect"},
		{name: "a page", in: "\n<!DOCTYPE html><html>", bad: "a page for people"},
		{name: "cut short", in: `{"rc":0,"output":[null,1,"20`, bad: "unexpected end"},
		{name: "no list", in: `{"rc":0,"output":"x"}`, bad: "cannot unmarshal"},
		{name: "short list", in: `{"rc":0,"output":[1]}`, bad: "without what the core said"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := unwrap([]byte(tt.in))
			if string(got) != tt.want || (err != nil) != (tt.bad != "") || err != nil && !strings.Contains(err.Error(), tt.bad) {
				t.Errorf("%q %v, want %q or %q", got, err, tt.want, tt.bad)
			}
		})
	}
}

// FuzzUnwrap: no answer makes the reader fail, and none grows.
func FuzzUnwrap(f *testing.F) {
	f.Add([]byte(`{"rc":0,"output":[null,1,` + quoted(twice(head(2)+"ü")) + `,null]}`))
	f.Add([]byte(`{"rc":1,"output":"x"}`))
	f.Add([]byte("<title>a&amp;<b></title>"))
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := unwrap(in)
		if err == nil && len(got) > 3*len(in) { // each byte that is no UTF-8 becomes three
			t.Errorf("%d bytes became %d", len(in), len(got))
		}
		if said := pageText(in); strings.ContainsAny(said, "\n\r") || len(said) > 2000 {
			t.Errorf("%q", said)
		}
	})
}

// clientOf returns a client for what h answers.
func clientOf(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	a, err := livestatus.ParseAddress(s.URL + "/thruk")
	if err != nil {
		t.Fatal(err)
	}
	a.TLS.Password = "key"
	c := New(livestatus.Options{Address: a})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// backends answers /sites, and status at remote.cgi like a Naemon; commands as
// command says.
func backends(command http.HandlerFunc) http.HandlerFunc {
	status := `[["livestatus_version","program_version","program_start"],["1.5.1-naemon","1.5.2",1]]` + "\n"
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/sites"):
			_, _ = w.Write([]byte(`[{"id":"1","name":"Wien","section":"Default","status":0,"type":"livestatus"},
				{"id":"2","name":"Graz","section":"A/B","status":"1","last_error":"ERROR: gone\n","type":"http"},{"id":"3","name":"x","type":"configonly"}]`))
		case strings.Contains(r.PostFormValue("data"), "COMMAND"):
			command(w, r)
		default:
			_, _ = w.Write([]byte(`{"rc":0,"output":[null,1,` + quoted(head(len(status))+status) + `,null]}`))
		}
	}
}

// TestSites: names, sections and states are those of Thruk.
func TestSites(t *testing.T) {
	c := clientOf(t, backends(nil))
	res, err := c.Query(t.Context(), lql.Get("sites"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range res.Rows {
		got = append(got, strings.Join([]string{res.Text(i, "key"), res.Text(i, "name"), res.Text(i, "section"), res.Text(i, "state"), res.Text(i, "cause")}, "|"))
	}
	if want := []string{"2|Graz|A/B|down|ERROR: gone", "1|Wien||fresh|"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if _, err := c.Query(livestatus.WithBackend(t.Context(), "9"), lql.Get("hosts", "name")); livestatus.KindOf(err) != livestatus.KindStatus {
		t.Errorf("a backend that there is not: %v", err)
	}
	if _, err := c.Query(t.Context(), lql.Get("hosts", "name")); livestatus.KindOf(err) != livestatus.KindRequest {
		t.Errorf("hosts of Thruk itself: %v", err)
	}
}

// TestCommand: what became of a command is said as far as it is known, and it
// is sent once.
func TestCommand(t *testing.T) {
	reply := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); _, _ = w.Write([]byte(body)) }
	}
	for _, tt := range []struct {
		name      string
		answer    http.HandlerFunc
		kind      livestatus.ErrKind
		uncertain bool
	}{
		{name: "taken", answer: reply(200, `{"rc":0,"output":[null,0,"",null]}`)},
		{name: "taken by an LMD", answer: reply(200, "\n")},
		{name: "refused by the core", answer: reply(200, `{"rc":0,"output":[null,0,"400: unknown command",null]}`), kind: livestatus.KindStatus},
		{name: "not allowed", answer: reply(200, `{"rc":1,"output":"permission denied - sending commands requires admin permissions."}`), kind: livestatus.KindRights},
		{name: "a key that is not known any more", answer: reply(403, `{"failed":true,"code":403,"message":"wrong authentication key","description":""}`), kind: livestatus.KindLogin},
		{name: "core away", answer: reply(200, `{"rc":0,"output":[null,0,null,"ERROR: failed to connect at /x.pm line 3."]}`), kind: livestatus.KindUnreachable},
		{name: "torn", answer: reply(200, `{"rc":0,"output":[null,0,null,"ERROR: broken pipe"]}`), kind: livestatus.KindStatus, uncertain: true},
		{name: "an error of Thruk", answer: reply(500, "<h1>oops</h1>"), kind: livestatus.KindStatus, uncertain: true},
		{name: "a proxy that gave up", answer: reply(504, ""), kind: livestatus.KindStatus, uncertain: true},
		{name: "no such page", answer: reply(404, ""), kind: livestatus.KindHTTP},
		{name: "hung up", answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, kind: livestatus.KindHangup, uncertain: true},
		{name: "a page instead", answer: reply(200, "<html><title>Maintenance</title>"), kind: livestatus.KindHTTP, uncertain: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var came atomic.Int32
			c := clientOf(t, backends(func(w http.ResponseWriter, r *http.Request) { came.Add(1); tt.answer(w, r) }))
			if _, err := c.Query(t.Context(), lql.Get("sites")); err != nil {
				t.Fatal(err)
			}
			err := c.Send(livestatus.WithBackend(t.Context(), "1"), lql.Command{Name: "DISABLE_NOTIFICATIONS"})
			if livestatus.KindOf(err) != tt.kind {
				t.Fatalf("%v, want %q", err, tt.kind)
			}
			if e, ok := err.(*livestatus.Error); ok && (e.Uncertain != tt.uncertain || e.Cause == "" || e.Fix == "") {
				t.Errorf("%+v", e)
			}
			if came.Load() != 1 {
				t.Errorf("sent %d times", came.Load())
			}
		})
	}
}

// TestHanging: a Thruk that does not answer is given up at the deadline of who
// asks, and when the client is closed.
func TestHanging(t *testing.T) {
	hang := make(chan struct{})
	arrived := make(chan struct{}, 2)
	c := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/sites") {
			backends(nil)(w, r)
			return
		}
		_ = r.ParseForm() // all of it, so that a connection that ends is noticed
		arrived <- struct{}{}
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	defer close(hang)
	if _, err := c.Query(t.Context(), lql.Get("sites")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(livestatus.WithBackend(t.Context(), "1"), 2*time.Second) // it arrives before that
	defer cancel()
	if _, err := c.Query(ctx, lql.Get("hosts", "name")); livestatus.KindOf(err) != livestatus.KindTimeout {
		t.Errorf("at the deadline: %v", err)
	}
	<-arrived
	done := make(chan error, 1)
	go func() {
		_, err := c.Query(livestatus.WithBackend(t.Context(), "1"), lql.Get("hosts", "name"))
		done <- err
	}()
	<-arrived
	_ = c.Close()
	if err := <-done; livestatus.KindOf(err) != livestatus.KindCanceled {
		t.Errorf("when closed: %v", err)
	}
}
