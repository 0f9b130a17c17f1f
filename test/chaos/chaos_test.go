package chaos

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/testkit"
)

var length = flag.Duration("chaos", 15*time.Second, "how long everything is broken again and again")

// TestChaos breaks everything that can break while orders are given. When all is
// whole again, the server has what the core says; no order that it calls seen is
// missing in the core, none was carried out twice, and every one has an end.
func TestChaos(t *testing.T) {
	w := newWorld(t)
	w.equals("the first reading")
	ctx, cancel := context.WithTimeout(t.Context(), *length)
	defer cancel()
	var wg sync.WaitGroup
	given := 0
	wg.Go(func() { given = w.give(ctx) })
	breaks := w.breakThings(ctx)
	wg.Wait()
	w.mend()
	w.equals("in the end")
	w.ends()
	w.judge()
	t.Logf("%d orders given, broken: %v", given, breaks)
}

// give gives orders until ctx ends: comments, each with a text of its own.
func (w *world) give(ctx context.Context) (given int) {
	services := w.core.Rows("services")
	for n := 0; ctx.Err() == nil; n++ {
		s := services[rand.IntN(len(services))]
		line := fmt.Sprintf("COMMAND [%d] ADD_SVC_COMMENT;%s;%s;1;eva;order %d\n\n", time.Now().Unix(), s["host_name"], s["description"], n)
		inner, cancel := context.WithTimeout(ctx, 2*time.Second)
		if _, err := ask(inner, w.path("live"), line); err == nil {
			given++
		}
		cancel()
		if n%7 == 0 {
			w.core.SetState(s["host_name"].(string), s["description"].(string), rand.IntN(4), fmt.Sprintf("state of %d ✓", n))
		}
		pause(ctx, time.Duration(rand.IntN(60))*time.Millisecond)
	}
	return given
}

// breakThings breaks one thing after the other until ctx ends, and says how
// often which.
func (w *world) breakThings(ctx context.Context) map[string]int {
	short := func(most int) time.Duration { return time.Duration(rand.IntN(most)) * time.Millisecond }
	ways := map[string]func(){
		"server killed": func() { w.server.end(syscall.SIGKILL); pause(ctx, short(500)); w.server.start() },
		"agent killed":  func() { w.agent.end(syscall.SIGKILL); pause(ctx, short(500)); w.agent.start() },
		"core gone": func() {
			w.core.SetFault(testkit.Fault{Kind: testkit.Refuse})
			pause(ctx, short(1500))
			w.core.SetFault(testkit.Fault{})
		},
		"core hangs": func() {
			w.core.SetFault(testkit.Fault{Kind: testkit.Hang})
			pause(ctx, short(1500))
			w.core.SetFault(testkit.Fault{})
		},
		"core restarted": w.core.Restart,
		"line cut":       w.line.cut,
		"line slow":      func() { w.line.delay.Store(int64(short(400))) },
		"line quick":     func() { w.line.delay.Store(0) },
		"line silent":    func() { w.line.silent.Store(true); pause(ctx, short(3000)); w.line.silent.Store(false) },
	}
	var names []string
	for name := range ways {
		names = append(names, name)
	}
	slices.Sort(names)
	counts := map[string]int{}
	for ctx.Err() == nil {
		name := names[rand.IntN(len(names))]
		ways[name]()
		counts[name]++
		pause(ctx, short(1200))
	}
	return counts
}

// mend makes everything whole.
func (w *world) mend() {
	w.line.silent.Store(false)
	w.line.delay.Store(0)
	w.core.SetFault(testkit.Fault{})
}

// ends waits until every order has an end, and ends the server. Only one process
// may have the data folder, so that the server is stopped for each look.
func (w *world) ends() {
	w.Helper()
	for end := time.Now().Add(patience); ; {
		w.server.end(syscall.SIGTERM)
		open := w.open()
		if len(open) == 0 {
			return
		}
		if time.Now().After(end) {
			w.Fatalf("%d items are left open, such as %+v", len(open), open[0])
		}
		w.server.start()
		pause(w.Context(), 5*time.Second)
	}
}

// open returns the items of orders that have no end.
func (w *world) open() []db.OrderItem {
	w.Helper()
	d, err := db.Open(w.Context(), w.path("data"), nil)
	if err != nil {
		w.Fatal(err)
	}
	defer d.Close()
	open, err := d.OpenOrderItems(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return open
}

// compared are the columns by which the server is held to the core.
var compared = map[string]string{
	"services": "host_name description state state_type has_been_checked plugin_output last_check last_state_change acknowledged scheduled_downtime_depth current_attempt notifications_enabled",
	"hosts":    "name state plugin_output last_check acknowledged num_services",
	"comments": "id host_name service_description author comment entry_time",
}

// equals waits until the server has what the core says.
func (w *world) equals(when string) {
	w.Helper()
	why := ""
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		if why = w.same(); why == "" {
			return
		}
		if time.Now().After(end) {
			w.Fatalf("%s: %s", when, why)
		}
	}
}

// same asks the server and the core the same and returns where they differ.
func (w *world) same() string {
	for table, columns := range compared {
		request := fmt.Sprintf("GET %s\nColumns: %s\nOutputFormat: csv\n\n", table, columns)
		var got [2][]string
		for i, socket := range []string{"live", "core"} {
			ctx, cancel := context.WithTimeout(w.Context(), 5*time.Second)
			text, err := ask(ctx, w.path(socket), request)
			cancel()
			if err != nil {
				return err.Error()
			}
			got[i] = strings.Split(text, "\n")
			slices.Sort(got[i])
		}
		if table != "comments" && len(got[1]) < 2 {
			return "the core says nothing"
		}
		if !slices.Equal(got[0], got[1]) {
			return fmt.Sprintf("%s: %d lines, the core has %d: %.200q beside %.200q", table, len(got[0]), len(got[1]), without(got[0], got[1]), without(got[1], got[0]))
		}
	}
	return ""
}

// without returns the lines of a that b does not have.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(line string) bool { _, ok := slices.BinarySearch(b, line); return ok })
}

// judge compares what the server says of its orders with what the core did.
func (w *world) judge() {
	w.Helper()
	d, err := db.Open(w.Context(), w.path("data"), nil)
	if err != nil {
		w.Fatal(err)
	}
	defer d.Close()
	done, known, states := w.done.all(), map[string]bool{}, map[string]int{}
	for before := int64(0); ; {
		list, err := d.Orders(w.Context(), db.OrderQuery{Limit: 1000, Before: before})
		if err != nil {
			w.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		for _, o := range list {
			before = o.ID
			items, err := d.OrderItems(w.Context(), o.ID, 0, 10)
			if err != nil {
				w.Fatal(err)
			}
			for _, it := range items {
				states[it.State]++
				key := it.Host + "\x00" + it.Service + "\x00" + o.Args["comment"]
				known[key] = true
				w.verdict(o, it, done[key])
			}
		}
	}
	for key, n := range done {
		if !known[key] {
			w.Errorf("the core carried out %q %d times, which is in no order", key, n)
		}
	}
	w.Logf("items %v", states)
	if states[string(command.Seen)] == 0 {
		w.Error("nothing was carried out")
	}
}

func (w *world) verdict(o db.Order, it db.OrderItem, done int) {
	w.Helper()
	switch state := command.State(it.State); {
	case done > 1:
		w.Errorf("order %d was carried out %d times", o.ID, done)
	case state == command.Seen && done != 1:
		w.Errorf("order %d is called seen, and the core never had it", o.ID)
	case (state == command.Failed || state == command.Refused) && done != 0:
		w.Errorf("order %d is called %s (%s), and is in the core", o.ID, state, it.Reason)
	case !state.Final():
		w.Errorf("order %d is left %s", o.ID, state)
	}
}

// pause rests for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
