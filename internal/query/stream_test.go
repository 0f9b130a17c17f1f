package query_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/store"
)

// streamed compares the bytes of a streamed answer with those of res; "" where
// they are the same.
func streamed(querier lql.Querier, q *lql.Query, res *lql.Result) string {
	for _, format := range []lql.Format{lql.JSON, lql.WrappedJSON, lql.CSV, lql.Python} {
		e := lql.Encoder{Format: format, Headers: format == lql.JSON}
		pieces, err := querier.(lql.Streamer).Stream(context.Background(), q, e)
		if err != nil {
			return "streamed: " + err.Error()
		}
		var got []byte
		for i := range pieces.N {
			got = pieces.Append(got, i)
		}
		want := e.Append(nil, res)
		if !bytes.Equal(got, want) {
			n := 0
			for n < min(len(got), len(want)) && got[n] == want[n] {
				n++
			}
			cut := func(b []byte) []byte { return b[max(0, n-80):min(len(b), n+80)] }
			return fmt.Sprintf("streamed as %v it differs at byte %d of %d and %d:\n got %s\nwant %s", format, n, len(got), len(want), cut(got), cut(want))
		}
	}
	return ""
}

// TestStream: an answer of many pieces is the one that Query gives, with and
// without Sort, Offset and Limit, from many sites.
func TestStream(t *testing.T) {
	f := store.NewFleet(store.Options{})
	for i := range 3 {
		g := &synth{hosts: 150, services: 10, seed: 1}
		g.feed(t, f.Add(store.SiteInfo{Key: fmt.Sprintf("b%03d", i), Name: fmt.Sprint(i), Position: i}), i)
	}
	e := query.New(query.Options{Fleet: f, Now: func() time.Time { return time.Unix(benchTime, 0) }}).For(all)
	var texts []string
	for _, sort := range []string{"", "Sort: last_check desc\n", "Sort: host_name asc\nSort: description asc\n", "Sort: plugin_output asc\n"} {
		for _, limit := range []string{"", "Limit: 3\n", "Limit: 3000\nOffset: 30\n", "Limit: 0\n", "Offset: 5000\n", "Offset: 4499\nLimit: 5\n"} {
			for _, filter := range []string{"", "Filter: state = 0\n", "Filter: description = load\n", "Filter: description = nosuch\n"} {
				texts = append(texts, "GET services\nColumns: host_name description state last_check latency host_address contacts plugin_output peer_key\n"+filter+sort+limit+"\n")
			}
		}
	}
	texts = append(texts, "GET services\n\n", "GET services\nStats: state = 0\nColumns: host_name\n\n",
		"GET comments\nColumns: host_name service_description\n\n", "GET columns\n\n")
	for _, text := range texts {
		q, err := lql.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		res, err := e.Query(t.Context(), q)
		if err != nil {
			t.Fatal(text, err)
		}
		if wrong := streamed(e, q, res); wrong != "" {
			t.Errorf("%s%s", text, wrong)
		}
	}
}

// TestLocaltimeOnce: times are answered in the client's clock, shifted once.
func TestLocaltimeOnce(t *testing.T) {
	f := store.NewFleet(store.Options{})
	(&synth{hosts: 1, services: 1, seed: 1}).feed(t, f.Add(store.SiteInfo{Key: "a"}), 0)
	e := query.New(query.Options{Fleet: f, Now: func() time.Time { return time.Unix(benchTime, 0) }}).For(all)
	last := func(localtime int64) string {
		q := lql.Get("services", "last_check")
		q.Localtime = localtime
		p, err := e.(lql.Streamer).Stream(t.Context(), q, lql.EncoderFor(q))
		if err != nil {
			t.Fatal(err)
		}
		return string(p.Append(nil, 0))
	}
	var here, there int64
	fmt.Sscanf(last(0), "[[%d]]", &here)
	fmt.Sscanf(last(benchTime+3600), "[[%d]]", &there)
	if here == 0 || there != here+3600 {
		t.Errorf("last_check %d is %d by a clock an hour ahead", here, there)
	}
}
