package audit

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/auth"
	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/web"
	"belvedere/internal/web/webtest"
)

var day = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// give stores an order with one item for each target, all in a state.
func give(t *testing.T, d *db.DB, o db.Order, state command.State, targets ...command.Target) {
	t.Helper()
	var items []db.OrderItem
	for n, x := range targets {
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, db.OrderItem{N: n, Site: x.Site, Host: x.Host, Service: x.Service, Target: b, State: string(state), Reason: "Because."})
	}
	if _, err := d.AddOrder(context.Background(), o, items); err != nil {
		t.Fatal(err)
	}
}

func withOrders(t *testing.T) *webtest.Site {
	world := &webtest.World{Tables: map[string][]webtest.Row{"sites": {{"key": "s1", "name": "Berlin"}, {"key": "s2", "name": "Wien"}}}}
	s := webtest.New(t, world, func(_ *auth.Service, d *db.DB) []web.Feature { return []web.Feature{Feature(Options{Log: d})} })
	give(t, s.DB, db.Order{At: day, Who: "eva", Via: "web", IP: "192.0.2.7", Command: "ACKNOWLEDGE_SVC_PROBLEM", Args: map[string]string{"comment": webtest.Hostile}},
		command.Seen, command.Target{Site: "s1", Host: "db01", Service: "Disk"}, command.Target{Site: "s2", Host: "db02", Service: "Disk"})
	give(t, s.DB, db.Order{At: day.Add(time.Hour), Who: "jan", Via: "livestatus", IP: "socket", Command: "SCHEDULE_HOST_DOWNTIME"}, command.Failed, command.Target{Site: "s1", Host: "db01"})
	give(t, s.DB, db.Order{At: day.Add(2 * time.Hour), Who: "eva", Via: "web", Command: "DISABLE_NOTIFICATIONS"}, command.Done, command.Target{Site: "gone"})
	for result, want := range map[string]string{"seen 2, unseen 1": "2 confirmed, 1 not confirmed", "accepted 1": "1 not sent yet", "ok": "", "odd 3": "", "seen x": ""} {
		e := db.Audit{At: day, Action: "order.end", Result: result}
		if got, well := tallyOf(context.Background(), e); got != want || well != (want == "1 not sent yet") {
			t.Errorf("%q is %q, %v", result, got, well)
		}
	}
	if err := s.DB.AddAudit(context.Background(), db.Audit{At: day.Add(90 * time.Minute), Who: "eva", Action: "site.add", Object: "Wien", Result: "ok"}); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOrders(t *testing.T) {
	s := withOrders(t)
	a := s.Get("root", "/audit?kind=order.")
	if n := len(a.All("main script")) + len(a.All("main img")); n != 0 {
		t.Fatalf("%d elements came from the record", n)
	}
	page := webtest.Text(a.One("table"))
	for _, want := range []string{"jan Downtime db01 Berlin failed Livestatus socket", "eva Acknowledgement db01 / Disk and 1 more", "confirmed web 192.0.2.7", "DISABLE_NOTIFICATIONS gone"} {
		if !strings.Contains(page, want) {
			t.Errorf("the orders do not say %q: %s", want, page)
		}
	}
	for search, want := range map[string]string{
		"":                              "order|3 order|2 order|1",
		"q=eva":                         "order|3 order|1",
		"host=db01":                     "order|2 order|1",
		"host=db01&service=Disk":        "order|1",
		"host=db02&site=s1":             "",
		"site=s2":                       "order|1",
		"command=schedule_":             "order|2",
		"command=DISABLE_NOTIFICATIONS": "order|3",
		"result=failed":                 "order|2",
		"result=unseen":                 "",
		"from=2026-11-25 12:30":         "order|3 order|2",
		"to=2026-11-25 12:30":           "order|1",
		"limit=1&before=3":              "order|2",
	} {
		var got []string
		for _, tr := range s.Get("root", "/audit?kind=order.&"+strings.ReplaceAll(search, " ", "%20")).All("tbody tr") {
			got = append(got, webtest.Attr(tr, "id"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s finds %q, want %q", search, got, want)
		}
	}
	for _, path := range []string{"from=soon", "to=soon", "result=nice", "before=0"} {
		if a := s.Get("root", "/audit?kind=order.&"+path); a.Status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	if a := s.Get("root", "/audit?kind=order.&from=soon"); !strings.Contains(webtest.Text(a.One("form.asked")), "no point in time") {
		t.Error("the field does not say what is wrong")
	}
}

// TestExport: one line for each object of an order and for each change, newest
// first, each a JSON object.
func TestExport(t *testing.T) {
	s := withOrders(t)
	for path, want := range map[string][]string{
		"/audit.jsonl":                       {"eva DISABLE_NOTIFICATIONS  done", "eva site.add ok", "jan SCHEDULE_HOST_DOWNTIME db01 failed", "eva ACKNOWLEDGE_SVC_PROBLEM db01 seen", "eva ACKNOWLEDGE_SVC_PROBLEM db02 seen"},
		"/audit.jsonl?q=jan":                 {"jan SCHEDULE_HOST_DOWNTIME db01 failed"},
		"/audit.jsonl?kind=site.":            {"eva site.add ok"},
		"/audit.jsonl?kind=order.&host=db02": {"eva ACKNOWLEDGE_SVC_PROBLEM db01 seen", "eva ACKNOWLEDGE_SVC_PROBLEM db02 seen"},
	} {
		a := s.Get("root", path)
		var got []string
		for lines := bufio.NewScanner(strings.NewReader(a.Body)); lines.Scan(); {
			var r record
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Fatalf("%s: %v: %s", path, err, lines.Text())
			}
			if r.Action == "person.add" {
				continue // those of the test itself
			}
			switch r.Kind {
			case "order":
				got = append(got, fmt.Sprintf("%s %s %s %s", r.Who, r.Command, r.Host, r.Result))
			default:
				got = append(got, fmt.Sprintf("%s %s %s", r.Who, r.Action, r.Result))
			}
		}
		if !slices.Equal(got, want) || a.Header.Get("Content-Type") != "application/jsonl; charset=utf-8" {
			t.Errorf("%s gives %q, want %q (%s)", path, got, want, a.Header.Get("Content-Type"))
		}
	}
	if a := s.Get("all", "/audit.jsonl"); a.Status != http.StatusForbidden || strings.Contains(a.Body, "db01") {
		t.Errorf("a viewer exports the record: %d", a.Status)
	}
	if a := s.Get("root", "/audit.jsonl?kind=order.&from=soon"); a.Status != http.StatusBadRequest {
		t.Errorf("a wrong search: %d", a.Status)
	}
}

// TestNothingChangesTheRecord: the room only reads.
func TestNothingChangesTheRecord(t *testing.T) {
	for _, r := range Feature(Options{}).Routes {
		if !strings.HasPrefix(r.Pattern, "GET ") {
			t.Errorf("%s", r.Pattern)
		}
	}
	s := withOrders(t)
	for _, path := range []string{"/audit", "/audit.jsonl", "/audit/1"} {
		if a := s.Post("root", path, "id", "1"); a.Status < 400 {
			t.Errorf("POST %s: %d", path, a.Status)
		}
	}
}
