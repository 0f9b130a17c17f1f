package livestatus

import (
	"context"
	"math"
	"slices"
	"time"

	"belvedere/internal/lql"
)

// Clock estimates how far the core's clock is ahead of ours. exact: to a
// second or two; else nothing can be told and skew is 0. Only an LMD tells its
// time. Of the others some tell how long ago a check was, which comes to the
// same; for the rest the newest check result must do, whose age depends on how
// much the core checks. That may take some seconds.
func (c *Client) Clock(ctx context.Context, core Core) (skew time.Duration, exact bool, err error) {
	if slices.Contains(core.StatusColumns, "localtime") {
		var b coreBuild
		if _, err := c.Fetch(ctx, lql.Get("status"), &b); err != nil {
			return 0, false, err
		}
		if b.core.Localtime > 0 {
			return time.Duration(b.core.Localtime-time.Now().Unix()) * time.Second, true, nil
		}
	}
	if core.Profile.Staleness {
		for _, table := range [...]string{"services", "hosts"} {
			if skew, ok, err := c.clockByAge(ctx, table, core.IntervalLength); err != nil || ok {
				return skew, ok, err
			}
		}
	}
	return c.clockByChecks(ctx)
}

// skewAt is how far a time of the core, in seconds, is ahead of ours at, which
// is when it was asked. Whole seconds, cut, are half a second old on average.
func skewAt(theirs float64, ours time.Time) time.Duration {
	off := theirs + 0.5 - float64(ours.UnixMilli())/1000
	return time.Duration(off * float64(time.Second)).Round(time.Second)
}

// ageSink finds the youngest of some checks and the core's time that its age
// tells.
type ageSink struct {
	unit          float64 // seconds in a unit of check_interval
	youngest, now float64
}

// Begin needs no names.
func (s *ageSink) Begin([]string) error { return nil }

// Row takes last_check, check_interval and staleness.
func (s *ageSink) Row(c []Cell) error {
	age := c[2].Float() * c[1].Float() * s.unit
	if age > 0 && age < s.youngest { // 0 is also said of checks that lie ahead
		s.youngest, s.now = age, c[0].Float()+age
	}
	return nil
}

// clockByAge takes time and age of the youngest check of some rows. ok is false
// if no row tells.
func (c *Client) clockByAge(ctx context.Context, table string, intervalLength int64) (skew time.Duration, ok bool, err error) {
	q := lql.Get(table, "last_check", "check_interval", "staleness")
	q.Where(lql.EqInt("has_been_checked", 1), lql.Cmp("check_interval", lql.Greater, "0"))
	q.Limit = 100
	s := ageSink{unit: float64(intervalLength), youngest: math.Inf(1)}
	st, err := c.Fetch(ctx, q, &s)
	if err != nil || s.now == 0 {
		return 0, false, err
	}
	return skewAt(s.now, time.Now().Add(-st.Took/2)), true, nil
}

// freshCheck is how old the newest check result may be to say the time.
const freshCheck = 2 * time.Second

// clockByChecks compares the newest check result with our clock. A core that
// is ahead shows at once; one whose newest result is old is either behind or
// idle, which is told by whether it checks anything while we look.
func (c *Client) clockByChecks(ctx context.Context) (skew time.Duration, exact bool, err error) {
	var first float64
	for try := range 4 {
		newest, at, err := c.newestCheck(ctx)
		if err != nil || newest <= 0 {
			return 0, false, err
		}
		skew := skewAt(newest, at)
		switch {
		case skew.Abs() <= freshCheck:
			return 0, true, nil
		case skew > 0:
			return skew, true, nil
		case try > 0 && newest > first:
			return skew, true, nil // it has just checked, by a clock behind ours
		}
		first = newest
		select {
		case <-time.After(700 * time.Millisecond):
		case <-ctx.Done():
			return 0, false, canceled(ctx)
		}
	}
	return 0, false, nil
}

// newestCheck returns the time of the newest check result by the core's clock,
// in seconds, and the time it was asked by ours.
func (c *Client) newestCheck(ctx context.Context) (newest float64, at time.Time, err error) {
	for _, table := range [...]string{"services", "hosts"} {
		q := lql.Get(table)
		q.Stats = []lql.Stat{{Agg: lql.Max, Column: "last_check"}}
		row, st, err := c.numbers(ctx, q)
		if err != nil {
			return 0, at, err
		}
		newest = max(newest, row[0])
		at = time.Now().Add(-st.Took / 2)
	}
	return newest, at, nil
}
