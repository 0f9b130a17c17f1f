package views

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/webtest"
)

// start serves the room beside a page /things with 7 rows.
func start(t *testing.T) *webtest.Site {
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{"sites": {{"key": "a", "name": "Site a"}}}}
	return webtest.New(t, w, func(_ *auth.Service, d *db.DB) []web.Feature {
		things := func(w http.ResponseWriter, r *http.Request) error {
			views, err := web.Views(r)
			if err != nil {
				return err
			}
			return web.Render(w, r, web.Page{Title: "Things", Body: formBody(formView{}, "Things: "+r.URL.RawQuery+" "+strings.Repeat("x", len(views)))})
		}
		return []web.Feature{Feature(Options{Store: d}), {Name: "things", Routes: []web.Route{{Pattern: "GET /things", Right: web.SignedIn, Handler: things}}}}
	})
}

func menu(a webtest.Answer) []string { return a.Texts("[data-block=pinned] a") }

func TestSaveOpenDelete(t *testing.T) {
	s := start(t)
	form := s.Get("root", "/views/new?at="+"/things?q%3Dweb%26sort%3D-state%26after%3Dxyz")
	if at := webtest.Attr(form.One("input[name=at]"), "value"); at != "/things?q=web&sort=-state" {
		t.Errorf("the form saves %q", at)
	}
	a := s.Post("root", "/views", "at", "/things?q=web&sort=-state", "name", " Web <servers> ", "shared", "all", "pinned", "on", "start", "on")
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/things?q=web&sort=-state" {
		t.Fatalf("status %d, to %q", a.Status, a.Header.Get("Location"))
	}
	page := s.Get("root", "/things?sort=-state&q=web&limit=")
	inPalette := slices.ContainsFunc(page.All("[data-palette-pages] li"), func(li *html.Node) bool {
		return webtest.Attr(li, "data-label") == "Web <servers>" && webtest.Attr(li, "data-note") == "saved view"
	})
	if !inPalette {
		t.Error("the palette does not say what the view is")
	}
	if got := menu(page); !slices.Equal(got, []string{"Web <servers>"}) || len(page.All("[data-block=pinned] a[aria-current=page]")) != 1 {
		t.Errorf("the menu has %q", got)
	}
	if got := s.Get("root", "/").Header.Get("Location"); got != "/things?q=web&sort=-state" {
		t.Errorf("the first page is %q", got)
	}
	if got := s.Get("all", "/").Header.Get("Location"); got != "/problems" {
		t.Errorf("another's first page is %q", got)
	}
	if got := menu(s.Get("all", "/things")); len(got) != 0 {
		t.Errorf("another's menu has %q", got)
	}
	list := s.Get("all", "/views")
	if got := list.Texts("tbody th"); !slices.Equal(got, []string{"Web <servers>"}) {
		t.Errorf("another sees %q", got)
	}
	id := strings.TrimPrefix(webtest.Attr(list.One("tbody tr"), "id"), "view|")
	if got := s.Get("all", "/views/"+id).Header.Get("Location"); got != "/things?q=web&sort=-state" {
		t.Errorf("the address of the view leads to %q", got)
	}
	s.Post("all", "/views/"+id+"/pin")
	if got := menu(s.Get("all", "/things")); !slices.Equal(got, []string{"Web <servers>"}) {
		t.Errorf("after pinning the menu has %q", got)
	}
	if a := s.Post("all", "/views/"+id+"/delete"); a.Status != http.StatusForbidden {
		t.Errorf("another deletes it: %d", a.Status)
	}
	if a := s.Post("root", "/views/"+id, "name", "Mine", "shared", ""); a.Status != http.StatusSeeOther {
		t.Errorf("changing it is answered with %d", a.Status)
	}
	if got := menu(s.Get("all", "/things")); len(got) != 0 {
		t.Errorf("what is no longer shared is in another's menu: %q", got)
	}
	if a := s.Get("all", "/views/"+id); a.Status != http.StatusNotFound {
		t.Errorf("what is not shared is answered with %d", a.Status)
	}
	s.Post("root", "/views/"+id+"/delete")
	if got := s.Get("root", "/views").Texts("tbody th"); len(got) != 0 {
		t.Errorf("after deleting there are %q", got)
	}
	log, err := s.DB.AuditLog(t.Context(), db.AuditQuery{Action: "view."})
	if err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, e := range log {
		actions = append(actions, e.Action+" "+e.Who)
	}
	if !slices.Equal(actions, []string{"view.change root", "view.add root"}) {
		t.Errorf("the record has %q", actions) // deleting what nobody else sees is nobody's business
	}
}

func TestViewersKeepTheirsToThemselves(t *testing.T) {
	s := start(t)
	s.Post("all", "/views", "at", "/things", "name", "One", "shared", "all")
	s.Post("all", "/views", "at", "/things?a=1", "name", "Two")
	if got := s.Get("root", "/views").Texts("tbody th"); len(got) != 0 {
		t.Errorf("root sees %q", got)
	}
	list := s.Get("all", "/views")
	id := strings.TrimPrefix(webtest.Attr(list.All("tbody tr")[1], "id"), "view|")
	s.Post("all", "/views/"+id+"/up")
	if got := s.Get("all", "/views").Texts("tbody th"); !slices.Equal(got, []string{"Two", "One"}) {
		t.Errorf("moved up they are %q", got)
	}
	s.Post("all", "/views/"+id+"/start")
	if got := s.Get("all", "/").Header.Get("Location"); got != "/things?a=1" {
		t.Errorf("the first page is %q", got)
	}
	s.Post("all", "/views/start")
	if a := s.Post("root", "/views/start/viewer", "page", "/things?role=1"); a.Status != http.StatusSeeOther {
		t.Errorf("the first page of a role is answered with %d", a.Status)
	}
	if got := s.Get("all", "/").Header.Get("Location"); got != "/things?role=1" {
		t.Errorf("the first page of the role is %q", got)
	}
	if a := s.Post("all", "/views/start/viewer", "page", "/things"); a.Status != http.StatusForbidden {
		t.Errorf("a viewer sets it: %d", a.Status)
	}
}

func TestBadForms(t *testing.T) {
	s := start(t)
	for _, at := range []string{"", "https://evil.example/", "//evil.example/x", "things", "/", "/x\\y"} {
		if a := s.Post("root", "/views", "at", at, "name", "x"); a.Status != http.StatusBadRequest {
			t.Errorf("%q is answered with %d", at, a.Status)
		}
		if a := s.Post("root", "/views/start/admin", "page", at); at != "" && a.Status != http.StatusBadRequest {
			t.Errorf("%q as first page is answered with %d", at, a.Status)
		}
	}
	a := s.Post("root", "/views", "at", "/things", "name", " ")
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "1 to 80 characters") {
		t.Errorf("no name: status %d", a.Status)
	}
	for _, path := range []string{"/views/x", "/views/999", "/views/0/edit"} {
		if a := s.Get("root", path); a.Status != http.StatusNotFound {
			t.Errorf("%s is answered with %d", path, a.Status)
		}
	}
	if a := s.Post("root", "/views/1/explode"); a.Status != http.StatusNotFound {
		t.Errorf("an unknown action is answered with %d", a.Status)
	}
}
