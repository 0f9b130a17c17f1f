package site

import (
	"context"
	"fmt"
	"time"
)

const clockEvery = time.Minute

// watchClock measures now and then how far the core's clock is off. That may
// take seconds, so it has a goroutine of its own.
func (s *session) watchClock(ctx context.Context) error {
	for {
		small, cancel := context.WithTimeout(ctx, smallAnswer)
		skew, exact, err := s.client.Clock(small, s.core)
		cancel()
		if err == nil { // whatever is wrong the next poll meets it, too
			s.health.clock(skew, clockNote(skew, exact, s.spec.ClockTolerance))
		}
		if err := sleep(ctx, max(clockEvery, s.m.share(clocksASecond))); err != nil {
			return err
		}
	}
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
	by := off.String()
	if !exact {
		by = fmt.Sprintf("at least %v", off)
	}
	way := fmt.Sprintf("%s ahead of ours", by)
	if skew < 0 {
		way = fmt.Sprintf("%s behind ours", by)
	}
	return fmt.Sprintf("The core's clock is %s: ages are shown wrong by as much. Set both by NTP.", way)
}
