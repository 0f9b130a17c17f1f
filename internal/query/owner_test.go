package query_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// TestOwner: who acknowledged has a problem, else whose downtime it is in, else
// who remarked on it last, else who was told of it.
func TestOwner(t *testing.T) {
	at := clock.Unix()
	fleet := store.NewFleet(store.Options{})
	kim := []string{"kim", "tom"}
	problem := func(name string, more map[string]any) map[string]any {
		row := map[string]any{"host_name": "h", "description": name, "state": int64(2), "contacts": kim}
		for k, v := range more {
			row[k] = v
		}
		return row
	}
	comment := func(id int64, service, author string, kind, ago int64) map[string]any {
		return map[string]any{"id": id, "host_name": "h", "service_description": service, "is_service": int64(1), "author": author, "entry_type": kind, "entry_time": at - ago,
			"comment": "c" + fmt.Sprint(id), "expires": id % 2, "expire_time": at + 100*id}
	}
	downtime := func(id int64, service, author string, from, to int64) map[string]any {
		return map[string]any{"id": id, "host_name": "h", "service_description": service, "is_service": int64(1), "author": author, "comment": "d" + fmt.Sprint(id), "start_time": at + from, "end_time": at + to}
	}
	told := map[string]any{"current_notification_number": int64(1), "last_notification": at - 60}
	feedSite(t, fleet.Add(store.SiteInfo{Key: "a", Name: "A"}), testkit.World{
		"status": {{"program_start": int64(1)}},
		"hosts":  {{"name": "h"}, {"name": "planned", "scheduled_downtime_depth": int64(1)}},
		"services": {
			problem("acked", map[string]any{"acknowledged": int64(1)}),
			problem("downtime", map[string]any{"scheduled_downtime_depth": int64(2)}),
			problem("nobody", nil),
			problem("of host", map[string]any{"host_name": "planned"}),
			problem("over", map[string]any{"state": int64(0), "current_notification_number": int64(1), "last_notification": at - 60}),
			problem("remark", told),
			problem("told", told),
			problem("unsaid", map[string]any{"acknowledged": int64(1)}),
		},
		"comments": {
			comment(1, "acked", "old", 4, 90), comment(2, "acked", "anna", 4, 30), comment(3, "acked", "tom", 1, 10),
			comment(4, "remark", "eva", 1, 10), comment(5, "remark", "old", 1, 20), comment(6, "remark", "core", 2, 5),
		},
		"downtimes": {
			downtime(1, "downtime", "short", -100, 50), downtime(2, "downtime", "lena", -100, 500),
			downtime(3, "downtime", "later", 100, 5000), downtime(4, "downtime", "gone", -900, -100),
		},
	})
	q, err := lql.Parse("GET services\nColumns: description owner owner_with_info\nSort: description asc\n")
	if err != nil {
		t.Fatal(err)
	}
	e := query.New(query.Options{Fleet: fleet, Now: func() time.Time { return clock }})
	res, err := e.For(access.Viewer{All: true}).Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var got, why []string
	for i := range res.Rows {
		got = append(got, res.Text(i, "description")+": "+res.Text(i, "owner"))
		for _, x := range res.Column("owner_with_info").Tuples(i) {
			for _, k := range []int{3, 4} {
				if n := x[k].(int64); n != 0 {
					x[k] = n - at
				}
			}
			why = append(why, fmt.Sprint(x))
		}
	}
	if want := "acked: anna, downtime: lena, nobody: , of host: , over: , remark: eva, told: kim, unsaid: "; strings.Join(got, ", ") != want {
		t.Errorf("owners are %s, want %s", strings.Join(got, ", "), want)
	}
	want := "[anna acknowledgement c2 -30 0], [lena downtime d2 -100 500], [ downtime  0 0], [eva comment c4 -10 0], [kim notified  -60 0], [ acknowledgement  0 0]"
	if strings.Join(why, ", ") != want {
		t.Errorf("they are because of %s, want %s", strings.Join(why, ", "), want)
	}
}
