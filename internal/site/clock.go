package site

import (
	"context"
	"fmt"
	"math"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

const clockEvery = time.Minute

// watchClock measures now and then how far the core's clock is off. That may
// take seconds, so it has a goroutine of its own.
func (s *session) watchClock(ctx context.Context) {
	for {
		small, cancel := context.WithTimeout(ctx, smallAnswer)
		skew, exact, err := s.clock(small)
		cancel()
		if err == nil { // whatever is wrong the next poll meets it, too
			s.health.clock(skew, clockNote(skew, exact, s.spec.ClockTolerance))
		}
		if sleep(ctx, clockEvery) != nil {
			return
		}
	}
}

// clock estimates how far the core's clock is ahead of ours. Few cores tell
// the time, but some tell by staleness how long ago a check was, which comes
// to the same.
func (s *session) clock(ctx context.Context) (skew time.Duration, exact bool, err error) {
	if s.core.Impl&(schema.MK15|schema.Naemon|schema.Checkmk) != 0 {
		for _, table := range []string{"hosts", "services"} {
			skew, ok, err := s.clockByAge(ctx, table)
			if err != nil || ok {
				return skew, ok, err
			}
		}
	}
	return s.client.Clock(ctx, s.core)
}

// clockByAge takes the youngest check of some rows: its time and its age give
// the core's clock. ok is false if no row tells.
func (s *session) clockByAge(ctx context.Context, table string) (skew time.Duration, ok bool, err error) {
	length := float64(max(1, s.st.Snapshot().Int("status", "interval_length", 0)))
	q := lql.Get(table, "last_check", "check_interval", "staleness")
	q.Filter = all(equal("has_been_checked", "1"), lql.Filter{Column: "check_interval", Op: lql.Greater, Value: "0"})
	q.Limit = 50
	youngest, now := math.Inf(1), 0.0
	began := s.now()
	err = s.fetch(ctx, smallAnswer, q, rowFunc(func(c []livestatus.Cell) error {
		age := c[2].Float() * c[1].Float() * length
		if age > 0 && age < youngest { // 0 is also said where the check lies ahead
			youngest, now = age, float64(c[0].Int())+age
		}
		return nil
	}))
	if err != nil || now == 0 {
		return 0, false, err
	}
	ours := began.Add(s.now().Sub(began) / 2)
	off := now + 0.5 - float64(ours.UnixMilli())/1000 // the core's seconds are cut
	return time.Duration(off * float64(time.Second)).Round(time.Second), true, nil
}

// clockNote is the hint about a clock that is off, "" about a good one.
func clockNote(skew time.Duration, exact bool, tolerance time.Duration) string {
	if tolerance <= 0 {
		tolerance = 2 * time.Second
	}
	off := skew.Abs().Round(time.Second)
	if off <= tolerance {
		return ""
	}
	about := ""
	if !exact {
		about = "at least "
	}
	way := "ahead of"
	if skew < 0 {
		way = "behind"
	}
	return fmt.Sprintf("The core's clock is %s%v %s ours: ages are shown wrong by as much. Set both by NTP.", about, off, way)
}
