package app_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"belvedere/internal/app"
	"belvedere/internal/config"
	"belvedere/internal/web/webtest"
)

// TestCopiedQueries pastes the Livestatus query of each list into the port: it
// gives the rows that the file of the list has.
func TestCopiedQueries(t *testing.T) {
	cfg := config.Default()
	cfg.Livestatus = []config.Livestatus{{Listen: "tcp://127.0.0.1:0", Network: "tcp", Address: "127.0.0.1:0"}}
	a := start(t, cfg, &app.Demo{Sites: 3, Hosts: 20, Services: 4, Churn: -1, Password: "demo"})
	c := client(t)
	signIn(t, c, a.url, "demo", "demo")
	eventually(t, "all hosts", func() bool {
		n, err := hosts(t, a.LivestatusAddresses()[0])
		return err == nil && len(n) == 3 && slices.Min(slices.Collect(maps.Values(n))) == 20
	})
	for _, path := range []string{
		"/hosts?", "/hosts?q=state:up&sort=-latency&columns=name,site,_RACK,groups", "/hosts?sort=state",
		"/services?", "/services?q=(disk+or+_OWNER:*)+-site:Wien&sort=-output", "/services?q=comment:*&sort=owner", "/services?sort=state&limit=10",
		"/downtimes?", "/downtimes?q=is:fixed", "/downtimes?sort=start", "/comments?", "/comments?q=author:a&sort=comment",
		"/groups?q=linux", "/groups?kind=service&q=is:problem", "/config/contacts?", "/config/contactgroups?", "/config/commands?", "/config/timeperiods?", "/config/hosts?", "/config/services?",
	} {
		page, query, _ := strings.Cut(path, "?")
		code, body := get(t, c, a.url+page+"/copy?as=livestatus&"+query)
		if code != 200 {
			t.Errorf("%s: status %d", path, code)
			continue
		}
		var lines strings.Builder
		for n := range webtest.Parse(t, body).One("textarea").Descendants() {
			lines.WriteString(n.Data)
		}
		asked := strings.TrimLeft(lines.String(), "\n")
		if strings.Contains(asked, "And: 0") {
			t.Errorf("%s: no core takes\n%s", path, asked)
		}
		var rows [][]any
		if answer := ask(t, a.LivestatusAddresses()[0], asked); json.Unmarshal([]byte(answer), &rows) != nil {
			t.Errorf("%s:\n%sis answered with %.200s", path, asked, answer)
			continue
		}
		var file []map[string]any
		if _, body := get(t, c, a.url+page+"/export?format=json&"+query); json.Unmarshal([]byte(body), &file) != nil {
			t.Errorf("%s: the file is %.200s", path, body)
			continue
		}
		if page == "/groups" { // a row for each site
			rows = slices.CompactFunc(rows, func(a, b []any) bool { return a[0] == b[0] })
			slices.SortFunc(file, func(a, b map[string]any) int { return strings.Compare(a["name"].(string), b["name"].(string)) })
		}
		if len(rows)-1 != len(file) || len(file) == 0 {
			t.Errorf("%s: %d rows in the answer, %d in the file", path, len(rows)-1, len(file))
			continue
		}
		for _, name := range []string{"name", "host_name", "description", "comment"} {
			i := slices.Index(rows[0], any(name))
			if i < 0 || strings.Contains(body, "come in another order") {
				continue
			}
			for n, row := range rows[1:] {
				if file[n][name] != row[i] {
					t.Errorf("%s: row %d has %s %v, in the file %v", path, n, name, row[i], file[n][name])
					break
				}
			}
		}
	}
}
