package remote

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// sites answers every query with nothing, and keeps what it was asked and told.
type sites struct {
	mu    sync.Mutex
	asked []*lql.Query
	told  []lql.Command
}

func (s *sites) Query(_ context.Context, q *lql.Query) (*lql.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.Table == "status" { // what it is
		return &lql.Result{Rows: 1, Total: 1, Vectors: []lql.Vector{{Name: "belvedere_version", Kind: lql.Texts, Texts: []string{"1"}}, {Name: "program_start", Kind: lql.Times, Ints: []int64{1}}}}, nil
	}
	s.asked = append(s.asked, q)
	r := &lql.Result{Vectors: []lql.Vector{{Name: "name", Kind: lql.Texts}}}
	if slices.Contains(q.Backends, "late") {
		r.Parts = []lql.Part{{Key: "late", Err: "It does not answer.", Missing: true}}
	}
	return r, nil
}

func (s *sites) Send(_ context.Context, c lql.Command) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, c)
	return nil
}

// TestAway: of a server with several sites just those are asked and told that
// are meant, and what it says of one that does not answer is kept.
func TestAway(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l, err := livestatus.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	other, done := &sites{}, make(chan error)
	go func() {
		done <- livestatus.NewServer(livestatus.ServerOptions{Open: func(context.Context, net.Conn) (livestatus.Session, error) {
			return livestatus.Session{Querier: other, Sender: other}, nil
		}}).Serve(ctx, l)
	}()
	address, err := livestatus.ParseAddress(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	a := away{livestatus.NewClient(livestatus.Options{Address: address})}
	defer a.client.Close()
	if core, err := a.client.Identify(ctx); err != nil || core.Name != "Belvedere" || !core.Profile.CommandFixed16 {
		t.Fatalf("%+v, %v", core, err)
	}
	before := time.Now()
	for _, tt := range []struct {
		site string
		lost bool
	}{{"good", false}, {"late", true}} {
		res, err := a.For(access.Viewer{All: true, Sites: []string{tt.site}}).Query(ctx, lql.Get("hosts", "name"))
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Parts) != 1 || res.Parts[0].Key != tt.site || res.Parts[0].Missing != tt.lost || res.Parts[0].Taken.Before(before) != tt.lost {
			t.Errorf("%s: %+v", tt.site, res.Parts)
		}
	}
	if res, err := a.Ask(ctx, "good", lql.Get("hosts", "name")); err != nil || len(res.Parts) != 1 {
		t.Errorf("%+v, %v", res, err)
	}
	if err := a.Send(ctx, "good", lql.Command{Name: "X", Args: []string{"a"}}); err != nil || len(other.told) != 1 || !slices.Equal(other.told[0].Backends, []string{"good"}) {
		t.Errorf("%+v, %v", other.told, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for i, q := range other.asked {
		if len(q.Backends) != 1 {
			t.Errorf("query %d went to %q", i, q.Backends)
		}
	}
}
