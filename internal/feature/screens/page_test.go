package screens

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
	"belvedere/internal/web/webtest"
)

// start serves the room beside the list /things of all hosts, which screens may
// show, and the page /private, which they may not. Two views of them are saved
// by root: numbers 1 and 2 are of things, 3 of private.
func start(t *testing.T) *webtest.Site {
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{
		"sites": {{"key": "a", "name": "Site a"}}, "hosts": {webtest.Host("a", "web1", nil), webtest.Host("a", "web2", webtest.Row{"contacts": []string{"anna"}})},
	}}
	s := webtest.New(t, w, func(s *auth.Service, d *db.DB) []web.Feature {
		counter := func(context.Context, lql.Querier) (web.Count, error) { return web.Count{N: 7}, nil }
		things := func(w http.ResponseWriter, r *http.Request) error {
			res, err := web.Data(r).Query(r.Context(), lql.Get("hosts", "name"))
			if err != nil {
				return err
			}
			text := string(web.Role(r)) + "/" + r.URL.RawQuery + "/" + strconv.FormatBool(web.OnWall(r))
			for i := range res.Rows {
				text += "/" + res.Text(i, "name")
			}
			b := ui.Name(text)
			return web.Render(w, r, web.Page{Title: "Things", Body: b, Blocks: map[string]templ.Component{"list": b}})
		}
		return []web.Feature{Feature(Options{Auth: s}), {Name: "things", Menu: []web.MenuItem{{Name: "things", Label: "Things", Path: "/things", Right: web.SignedIn, Counter: counter}}, Routes: []web.Route{
			{Pattern: "GET /things", Right: web.SignedIn, Handler: things, Screen: true},
			{Pattern: "POST /things", Right: web.SignedIn, Handler: things},
			{Pattern: "GET /private", Right: web.SignedIn, Handler: things},
		}}}
	})
	for _, user := range []string{"root", "all", "anna"} {
		s.Get(user, "/screens")
	}
	save(t, s, "root", db.View{Name: "All", Path: "/things", Query: "q=web", Shared: db.Everybody})
	save(t, s, "root", db.View{Name: "More", Path: "/things", Query: "q=db"})
	save(t, s, "root", db.View{Name: "Private", Path: "/private"})
	return s
}

func save(t *testing.T, s *webtest.Site, user string, v db.View) {
	t.Helper()
	p, err := s.Auth.PersonByName(context.Background(), user)
	if err == nil {
		v.Owner = p.ID
		err = s.DB.Write(context.Background(), func(tx *db.Tx) error { _, err := tx.AddView(context.Background(), v); return err })
	}
	if err != nil {
		t.Fatal(err)
	}
}

// link makes a link as user and returns its path.
func link(t *testing.T, s *webtest.Site, user, form string, views ...string) string {
	t.Helper()
	fields := []string{"name", "Room 1", "form", form, "every", "20", "do", "link"}
	for _, v := range views {
		fields = append(fields, "view", v)
	}
	a := s.Post(user, "/screens", fields...)
	if a.Status != http.StatusOK {
		t.Fatalf("making a link is answered with %d: %s", a.Status, a.Body)
	}
	url := webtest.Attr(a.One("input[readonly]"), "value")
	return url[strings.Index(url, "/screen/"):]
}

func TestLinkShowsItsViewsAndNothingElse(t *testing.T) {
	s := start(t)
	at := link(t, s, "root", "wall", "1", "2")
	a := s.Get("", at)
	if a.Status != http.StatusOK || !strings.Contains(a.Body, "viewer/q=web&amp;wall=1/true/web1/web2") {
		t.Fatalf("the link is answered with %d: %s", a.Status, a.Body)
	}
	if len(a.All("nav")) > 0 || len(a.All("form")) > 0 || strings.Contains(a.Body, "More") || a.Header.Get("Referrer-Policy") != "no-referrer" || a.Header.Get("Set-Cookie") != "" {
		t.Errorf("the link shows more than its view: %s", a.Body)
	}
	if body := a.One("body"); webtest.Attr(body, "data-turn") != at+"?n=1" || webtest.Attr(body, "data-every") != "20" || webtest.Attr(body, "data-live") != at+"/live" {
		t.Errorf("turns to %q every %q", webtest.Attr(body, "data-turn"), webtest.Attr(body, "data-every"))
	}
	if got := webtest.Attr(a.One("html"), "data-theme"); got != "dark" {
		t.Errorf("a wall is %s", got)
	}
	if a := s.Get("", at+"?n=1&q=evil&embed=1"); !strings.Contains(a.Body, "viewer/q=db&amp;wall=1/true") {
		t.Errorf("the second view: %s", a.Body)
	}
	if a := s.Get("", at+"?n=1", "X-Belvedere-Block", "list"); a.Status != http.StatusOK || !strings.Contains(a.Body, "viewer/q=db&amp;wall=1") || a.Header.Get("ETag") == "" {
		t.Errorf("a block of it: %d %s", a.Status, a.Body)
	}
	if hello := <-s.Live("root", "/live"); !strings.Contains(hello, `"things"`) {
		t.Errorf("the stream of a person begins with %s", hello)
	}
	if hello := <-s.Live("", at+"/live"); !strings.HasPrefix(hello, "hello ") || strings.Contains(hello, "counters") {
		t.Errorf("that of the link begins with %s: it has the numbers of a menu", hello)
	}
	secret := strings.TrimPrefix(at, "/screen/")
	for _, path := range []string{"/things", "/things?wall=1", "/private", "/screens", "/screen?view=1", "/live", "/shell", "/screen/" + secret + "/things", "/screen/" + secret + "/../../things",
		"/things?secret=" + secret, "/screen/" + secret + "x", "/screen/"} {
		a := s.Get("", path, "Cookie", web.CookieName+"="+secret, "Authorization", "Bearer "+secret)
		if a.Status < 300 || strings.Contains(a.Body, "web1") {
			t.Errorf("%s is answered with %d: %s", path, a.Status, a.Body)
		}
	}
	for _, path := range []string{at, "/things", "/screens/1/revoke", "/screens", "/preferences", "/chooser"} {
		if a := s.Post("", path, "name", "theme", "value", "dark"); path != "/preferences" && a.Status < 400 {
			t.Errorf("POST %s is answered with %d", path, a.Status)
		}
	}
	if a := s.Get("", link(t, s, "root", "wall", "3")); a.Status != http.StatusNotFound || strings.Contains(a.Body, "web1") || len(a.All("nav")) > 0 {
		t.Errorf("a page that no screen may show: %d %s", a.Status, a.Body)
	}
}

func TestLinkFollowsTheRightsOfItsMaker(t *testing.T) {
	s, ctx := start(t), context.Background()
	at := link(t, s, "all", "wall", "1")
	if a := s.Get("", at); !strings.Contains(a.Body, "/web1/web2") {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	p, err := s.Auth.PersonByName(ctx, "all")
	if err != nil {
		t.Fatal(err)
	}
	p.SeeAll, p.Contact = false, "anna"
	if err := s.Auth.UpdatePerson(ctx, auth.Actor{Name: "test"}, p); err != nil {
		t.Fatal(err)
	}
	if a := s.Get("", at); strings.Contains(a.Body, "web1") || !strings.Contains(a.Body, "/web2") {
		t.Errorf("after the maker lost rights: %s", a.Body)
	}
	p.Disabled = true
	if err := s.Auth.UpdatePerson(ctx, auth.Actor{Name: "test"}, p); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{at, at + "/live"} {
		if a := s.Get("", path); a.Status != http.StatusNotFound || !strings.Contains(a.Body, "This link does not work") {
			t.Errorf("%s of a disabled maker: %d %s", path, a.Status, a.Body)
		}
	}
	// A view that is no longer shared is gone for those it was shared with.
	p.Disabled = false
	if err := s.Auth.UpdatePerson(ctx, auth.Actor{Name: "test"}, p); err != nil {
		t.Fatal(err)
	}
	root, err := s.Auth.PersonByName(ctx, "root")
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.DB.View(ctx, 1, root.ID, access.RoleAdmin)
	if err != nil {
		t.Fatal(err)
	}
	v.Shared = ""
	if err := s.DB.Write(ctx, func(tx *db.Tx) error { return tx.UpdateView(ctx, v) }); err != nil {
		t.Fatal(err)
	}
	if a := s.Get("", at); a.Status != http.StatusNotFound || strings.Contains(a.Body, "web2") {
		t.Errorf("after the view is no longer shared: %d %s", a.Status, a.Body)
	}
}

func TestRevoke(t *testing.T) {
	s := start(t)
	at := link(t, s, "all", "wall", "1")
	if strings.Contains(s.Get("all", "/screens").Body, at) {
		t.Error("the secret is shown again")
	}
	if a := s.Post("anna", "/screens/1/revoke"); a.Status != http.StatusNotFound {
		t.Errorf("somebody else revokes it: %d", a.Status)
	}
	if got := s.Get("anna", "/screens").All("tbody tr"); len(got) != 0 {
		t.Error("somebody else sees it")
	}
	if got := s.Get("root", "/screens").Texts("tbody th"); !slices.Equal(got, []string{"Room 1 all"}) {
		t.Errorf("an administrator sees %q", got)
	}
	if a := s.Post("root", "/screens/1/revoke"); a.Status != http.StatusSeeOther {
		t.Errorf("an administrator revokes it: %d", a.Status)
	}
	if a := s.Get("", at); a.Status != http.StatusNotFound {
		t.Errorf("a revoked link is answered with %d", a.Status)
	}
	log, err := s.DB.AuditLog(context.Background(), db.AuditQuery{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var did []string
	for _, e := range log {
		if strings.HasPrefix(e.Action, "screen.") {
			did = append(did, e.Action+" "+e.Who+" "+e.Object)
		}
		if strings.Contains(e.Detail, strings.TrimPrefix(at, "/screen/")) {
			t.Error("the secret is in the record")
		}
	}
	if !slices.Equal(did, []string{"screen.revoke root Room 1", "screen.add all Room 1"}) {
		t.Errorf("the record has %q", did)
	}
}

func TestRefused(t *testing.T) {
	s := start(t)
	for want, fields := range map[int][]string{
		http.StatusUnprocessableEntity: {"name", "", "view", "1"},
		http.StatusNotFound:            {"name", "x", "view", "2"}, // not shared with them
		http.StatusBadRequest:          {"name", "x", "view", "1", "form", "tv"},
	} {
		if a := s.Post("all", "/screens", fields...); a.Status != want {
			t.Errorf("%q is answered with %d", fields, a.Status)
		}
	}
	if a := s.Post("all", "/screens", "name", "x"); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("without a view: %d", a.Status)
	}
}

func TestOwnScreen(t *testing.T) {
	s := start(t)
	to := s.Post("root", "/screens", "view", "1", "view", "2", "every", "10", "form", "wall", "do", "show").Header.Get("Location")
	a := s.Get("root", to)
	if a.Status != http.StatusOK || !strings.Contains(a.Body, "admin/q=web&amp;wall=1/true") || len(a.All("nav")) > 0 {
		t.Fatalf("%s is answered with %d: %s", to, a.Status, a.Body)
	}
	if got := webtest.Attr(a.One("a.leave"), "href"); got != "/things?q=web" {
		t.Errorf("it leads back to %q", got)
	}
	next := webtest.Attr(a.One("body"), "data-turn")
	if a := s.Get("root", next); !strings.Contains(a.Body, "admin/q=db&amp;wall=1/true") {
		t.Errorf("%s: %s", next, a.Body)
	}
	if a := s.Get("all", to); a.Status != http.StatusNotFound {
		t.Errorf("a view that they do not see: %d", a.Status)
	}
	if a := s.Get("root", "/private?wall=1"); a.Status != http.StatusBadRequest {
		t.Errorf("a page that no screen may show: %d", a.Status)
	}
}

func TestEmbedIsOffByDefault(t *testing.T) {
	s := start(t)
	for user, path := range map[string]string{"root": "/things?embed=1", "": link(t, s, "root", "embed", "1")} {
		a := s.Get(user, path)
		if a.Status != http.StatusForbidden || !strings.Contains(a.Body, "embed_parents") || !strings.Contains(a.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || a.Header.Get("X-Frame-Options") != "DENY" || strings.Contains(a.Body, "web1") {
			t.Errorf("%s: %d %q", path, a.Status, a.Header)
		}
	}
}
