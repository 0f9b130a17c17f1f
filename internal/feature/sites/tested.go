package sites

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/site"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
)

// Bounds of a test of all sites.
const (
	testAllWithin = 3 * time.Minute
	testsAtOnce   = 4
)

// A tested site is a line of the test of all sites.
type tested struct {
	Key, Name string
	Verdict   *verdict // nil: it runs
	Step      string   // where it stopped
	Core      string   // what answered
}

// state is how the line is drawn.
func (t tested) state(ctx context.Context) ui.State {
	switch t.Verdict.Class {
	case "crit":
		return ui.State{Class: "crit", Glyph: "s-fail", Word: ui.T(ctx, "failed")}
	case "warn":
		return ui.State{Class: "warn", Glyph: "s-warn", Word: ui.T(ctx, "warning")}
	}
	return ui.State{Class: "ok", Glyph: "s-ok", Word: "OK"}
}

// testedOf says how the test of a site ended.
func testedOf(s site.Status, r livestatus.Report) tested {
	out := tested{Key: s.Spec.Key, Name: s.Spec.Name, Verdict: verdictOf(r, ""), Core: strings.TrimSpace(r.Core.Name + " " + r.Core.Version)}
	if n := out.Verdict.Step; n > 0 {
		out.Step = r.Steps[n-1].Title
	}
	return out
}

// notes are what to know and to do about it.
func (t tested) notes(ctx context.Context) []string {
	var out []string
	if t.Verdict.Cause != "" {
		out = append(out, strings.TrimSpace(ui.Said(ctx, t.Verdict.Cause)+" "+ui.Said(ctx, t.Verdict.Fix)))
	}
	for _, n := range t.Verdict.Notes {
		out = append(out, ui.Said(ctx, n))
	}
	return out
}

// testEach tests sites, a few at a time, and tells of each that is done, one
// after the other. It returns when all are, or as soon as it can once ctx ends:
// a test that ctx ends is told as failed.
func (h handler) testEach(ctx context.Context, sites []site.Status, done func(tested)) {
	next, ended := make(chan site.Status), make(chan tested)
	var workers sync.WaitGroup
	for range min(testsAtOnce, len(sites)) {
		workers.Go(func() {
			for s := range next {
				one, cancel := context.WithTimeout(ctx, testWithin)
				ended <- testedOf(s, h.Manager.Test(one, s.Spec, nil))
				cancel()
			}
		})
	}
	go func() {
		defer close(ended)
		for _, s := range sites {
			next <- s
		}
		close(next)
		workers.Wait()
	}()
	for t := range ended {
		done(t)
	}
}

// testAll serves POST /sites/test-all: goes through connecting to every site
// that is reached from here, and shows how each ended as it does; without
// scripts, all of them in the end. It changes nothing.
func (h handler) testAll(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), testAllWithin)
	defer cancel()
	all, err := h.Manager.List(ctx)
	if err != nil {
		return err
	}
	var sites []site.Status
	for _, s := range all {
		if s.Spec.Via == "" {
			sites = append(sites, s)
		}
	}
	if !web.WantsStream(r) {
		at := map[string]tested{}
		h.testEach(ctx, sites, func(t tested) { at[t.Key] = t })
		v := listView{Admin: true}
		if v.Rows, err = h.rows(r); err != nil {
			return err
		}
		for _, s := range sites {
			v.Tested = append(v.Tested, at[s.Spec.Key])
		}
		return h.showList(w, r, v)
	}
	stream := web.NewStream(w, r)
	if stream.Fill("tested", testedHead(len(sites))) != nil {
		return nil
	}
	for _, s := range sites {
		if stream.Item("tested-list", "tested-"+s.Spec.Key, testedLine(tested{Key: s.Spec.Key, Name: s.Spec.Name})) != nil {
			return nil // the reader is gone
		}
	}
	h.testEach(ctx, sites, func(t tested) {
		if stream.Item("tested-list", "tested-"+t.Key, testedLine(t)) != nil {
			cancel()
		}
	})
	return nil
}
