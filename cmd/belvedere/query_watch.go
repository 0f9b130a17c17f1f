package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// watchWait is how long one wait for changes lasts.
const watchWait = 30 * time.Second

// early is how many waits in a row may end at once, with nothing changed, until
// the server is taken for one that does not really wait.
const early = 3

// watch prints the answer, and again whenever it is another one.
func (c queryCmd) watch(w *world, client *livestatus.Client, q *lql.Query) error {
	if c.Every < 100*time.Millisecond || c.Every > time.Hour {
		return &usageError{"--every is out of bounds", "use 100ms to 1h"}
	}
	if q.Wait != nil {
		return &usageError{"the request waits by itself", "leave the Wait headers out with --watch"}
	}
	if _, err := client.Identify(w.ctx); err != nil {
		return plain(err)
	}
	var last []byte
	inVain, waits := 0, true
	for first := true; ; first = false {
		ask := q
		if waits && !first {
			ask = q.Clone()
			ask.Wait = &lql.Wait{Trigger: "all", Timeout: watchWait}
		}
		began := time.Now()
		out, err := c.ask(w.ctx, client, ask)
		switch {
		case w.ctx.Err() != nil:
			return nil // interrupted, which is how it ends
		case err != nil && ask.Wait != nil:
			waits = false // it cannot, or not just now: asking tells
			continue
		case err != nil:
			return err
		}
		changed := first || !bytes.Equal(out, last)
		if changed {
			if err := c.show(w, out, first); err != nil {
				return err
			}
			last = out
		}
		if ask.Wait != nil {
			if changed || time.Since(began) > c.Every {
				inVain = 0
			} else if inVain++; inVain >= early && time.Since(began) < 20*time.Millisecond {
				waits = false
			}
		}
		if pause(w.ctx, c.gap(waits, time.Since(began))) != nil {
			return nil
		}
	}
}

// gap is how long to rest before the next request: not at all after a wait that
// took its time, so that a busy server is asked no more than it would be without
// waiting.
func (c queryCmd) gap(waits bool, took time.Duration) time.Duration {
	if !waits {
		return c.Every
	}
	return max(0, min(c.Every, 200*time.Millisecond)-took)
}

// show prints one answer of several: instead of the one before on a terminal,
// below it with the time elsewhere.
func (c queryCmd) show(w *world, out []byte, first bool) error {
	head := ""
	f, isFile := w.out.(*os.File)
	switch {
	case c.Format == "table" && isFile && isTerminal(f):
		head = "\x1b[H\x1b[2J" + time.Now().Format("15:04:05") + "  " + strings.TrimSpace(c.At) + "\n\n"
	case c.Format == "table" && !first:
		head = "\n" + time.Now().Format("15:04:05") + "\n"
	}
	_, err := fmt.Fprintf(w.out, "%s%s", head, out)
	return err
}

// pause lets d pass, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
