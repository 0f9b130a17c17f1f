package app_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"belvedere/internal/auth"
	"belvedere/internal/config"
	"belvedere/internal/db"
	"belvedere/internal/testkit"
)

// TestNoTrace walks every page, block, search, stream and error as a person
// who is a contact of few things, and looks for names that are not theirs.
func TestNoTrace(t *testing.T) {
	core := testkit.NewCore(testkit.Options{Name: "Wien", Hosts: 40, ServicesPerHost: 4, Seed: 5})
	t.Cleanup(func() { _ = core.Close() })
	addr, err := core.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	core.Start(t.Context())
	other := testkit.NewCore(testkit.Options{Name: "Geheim", Hosts: 10, ServicesPerHost: 2, Seed: 6})
	t.Cleanup(func() { _ = other.Close() })
	hiddenAddr, err := other.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	contact := contactOfSome(t, core)

	cfg := config.Default()
	cfg.Sites = []config.Site{
		{Name: "Wien", Addresses: []string{"tcp://" + addr.String()}},
		{Name: "Geheimsite", Addresses: []string{"tcp://" + hiddenAddr.String()}},
	}
	hash, err := auth.HashPassword("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Users = []config.User{{Name: "bob", Role: "viewer", PasswordHash: hash, Contacts: map[string]string{"Wien": contact}}}
	a := start(t, cfg, nil)
	forbidden := hiddenNames(core, other, contact)
	forbidden = append(forbidden, "Geheimsite", hiddenAddr.String(), addr.String())
	viewer := client(t)
	signIn(t, viewer, a.url, "bob", "correct horse battery")
	eventually(t, "the viewer's own hosts", func() bool {
		_, body := get(t, viewer, a.url+"/hosts")
		return strings.Contains(body, "/host/")
	})
	w := &walker{t: t, c: viewer, base: a.url, word: anyWord(forbidden), seen: map[string]bool{}}
	for _, p := range []string{
		"/", "/problems", "/hosts?limit=1000", "/services?limit=1000", "/sites", "/people", "/audit", "/profile", "/metrics",
		"/sites/new", "/hosts?q=" + url.QueryEscape(forbidden[0]), "/search?q=" + url.QueryEscape(forbidden[0]),
		"/search?format=json&q=" + url.QueryEscape(forbidden[0]), "/search?format=json&q=a", "/search?format=json&q=e", "/search?q=wien",
	} {
		w.walk(p)
	}
	for _, page := range []string{
		"/problems?view=all", "/problems?view=suppressed", "/problems?group=hostgroup", "/hosts?columns=name,parents,groups,contacts", "/services?columns=host,service,host_groups,comments",
		"/groups?view=summary", "/groups?view=matrix", "/groups?kind=service", "/downtimes?", "/comments?", "/outages?", "/hygiene?", "/processes/all?", "/sites?",
		"/config/contacts?", "/config/contactgroups?", "/config/hosts?", "/config/services?", "/config/commands?", "/config/timeperiods?",
	} {
		path, query, _ := strings.Cut(page, "?")
		for _, form := range []string{"/export?format=csv&", "/export?format=json&", "/copy?as=text&", "/copy?as=markdown&"} {
			if code, _ := w.look(path+form+query, ""); code != http.StatusOK {
				t.Errorf("%s%s%s: status %d", path, form, query, code)
			}
		}
	}
	for _, name := range hostNames(core) {
		w.look("/host/"+url.PathEscape(db.SiteKey("Wien"))+"/"+url.PathEscape(name), name)
	}
	if len(w.seen) < 20 {
		t.Errorf("only %d pages were found: %v", len(w.seen), w.seen)
	}
	w.stream()
}

// contactOfSome returns a contact who may see some hosts, but not all.
func contactOfSome(t *testing.T, c *testkit.Core) string {
	t.Helper()
	count := map[string]int{}
	rows := c.Rows("hosts")
	for _, r := range rows {
		for _, name := range r["contacts"].([]string) {
			count[name]++
		}
	}
	best := ""
	for name, n := range count {
		if n > 0 && n < len(rows)/2 && (best == "" || n > count[best] || n == count[best] && name < best) {
			best = name
		}
	}
	if best == "" {
		t.Fatalf("no contact sees a part of the hosts: %v", count)
	}
	return best
}

func hostNames(c *testkit.Core) []string {
	var out []string
	for _, r := range c.Rows("hosts") {
		out = append(out, r["name"].(string))
	}
	return out
}

// hiddenNames are the names of hosts the contact has no part in, neither
// themselves nor through a service.
func hiddenNames(core, other *testkit.Core, contact string) []string {
	visible := map[string]bool{}
	for _, table := range []struct{ name, host string }{{"hosts", "name"}, {"services", "host_name"}} {
		for _, r := range core.Rows(table.name) {
			if slices.Contains(r["contacts"].([]string), contact) {
				visible[r[table.host].(string)] = true
			}
		}
	}
	var out []string
	for _, name := range hostNames(core) {
		if !visible[name] {
			out = append(out, name)
		}
	}
	for _, name := range hostNames(other) {
		if !visible[name] {
			out = append(out, name)
		}
	}
	return out
}

// anyWord matches each of the names where it is not part of a longer one.
func anyWord(names []string) *regexp.Regexp {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = regexp.QuoteMeta(name)
	}
	return regexp.MustCompile(`(?:^|[^\pL\pN_.-])(` + strings.Join(quoted, "|") + `)(?:$|[^\pL\pN_.-])`)
}

// walker follows links and looks for forbidden names.
type walker struct {
	t    *testing.T
	c    *http.Client
	base string
	word *regexp.Regexp // one of the names that must not appear, as a word
	seen map[string]bool
}

func (w *walker) walk(path string) {
	w.t.Helper()
	limit := 400
	if testing.Short() {
		limit = 40
	}
	if w.seen[path] || len(w.seen) > limit {
		return
	}
	w.seen[path] = true
	_, body := w.look(path, "")
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		return
	}
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "href" && strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "/assets/") {
				w.walk(strings.SplitN(a.Val, "#", 2)[0])
			}
			if a.Key == "data-block" {
				w.block(path, a.Val)
			}
		}
	}
}

// look gets a page and fails on every forbidden name in it; except is a name
// the asker wrote into the address itself.
func (w *walker) look(path, except string) (int, string) {
	w.t.Helper()
	code, body := get(w.t, w.c, w.base+path)
	w.check(path, body, except)
	return code, body
}

func (w *walker) block(path, name string) {
	req, err := http.NewRequestWithContext(w.t.Context(), "GET", w.base+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("X-Belvedere-Block", name)
	res, err := w.c.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	w.check(path+" block "+name, string(b), "")
}

func (w *walker) check(where, body, except string) {
	w.t.Helper()
	asked, _ := url.QueryUnescape(where)
	for _, at := range w.word.FindAllStringSubmatchIndex(body, -1) {
		name := body[at[2]:at[3]]
		if name == except || strings.Contains(asked, name) {
			continue
		}
		w.t.Errorf("%s shows %q: …%s…", where, name, body[max(0, at[0]-80):min(len(body), at[1]+40)])
		return
	}
}

// stream reads the live stream for a few events: so many, or those that come
// within a few seconds after the first.
func (w *walker) stream() {
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", w.base+"/live", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := w.c.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	lines := 0
	for s := bufio.NewScanner(res.Body); s.Scan() && lines < 30; {
		if strings.HasPrefix(s.Text(), "data:") {
			if lines++; lines == 1 {
				defer time.AfterFunc(5*time.Second, cancel).Stop()
			}
		}
		w.check(fmt.Sprintf("/live line %d", lines), s.Text(), "")
	}
	if lines == 0 {
		w.t.Errorf("the live stream said nothing in %v", patience)
	}
}
