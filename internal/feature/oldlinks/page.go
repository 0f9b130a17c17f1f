package oldlinks

import (
	"net/http"
	"slices"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
)

// Options are what the room needs.
type Options struct {
	// Pages are the paths of the pages that there are: "/hosts". An address that
	// leads to none of them gets a hint.
	Pages []string
}

type handler struct{ Options }

// roots are the paths under which other programs are installed.
func roots() []string {
	return []string{"thruk", "nagios", "nagios3", "nagios4", "naemon", "icinga", "cgi-bin"}
}

// Feature returns the room.
func Feature(o Options) web.Feature {
	h := handler{o}
	f := web.Feature{Name: "oldlinks", Elsewhere: below}
	for _, root := range roots() {
		f.Routes = append(f.Routes,
			web.Route{Pattern: "GET /" + root, Right: web.SignedIn, Handler: h.old},
			web.Route{Pattern: "GET /" + root + "/{rest...}", Right: web.SignedIn, Handler: h.old})
	}
	for _, root := range icingaRoots() {
		f.Routes = append(f.Routes,
			web.Route{Pattern: "GET /" + root, Right: web.SignedIn, Handler: h.icinga},
			web.Route{Pattern: "GET /" + root + "/{rest...}", Right: web.SignedIn, Handler: h.icinga})
	}
	return f
}

// below returns the address within the instance of a distribution (OMD), whose
// name comes first: "/prod/thruk/cgi-bin/tac.cgi"; "" for other addresses.
func below(path string) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if root, _, _ := strings.Cut(rest, "/"); slices.Contains(roots(), root) {
		return "/" + rest
	}
	return ""
}

// old serves an address of Thruk or of the CGI programs.
func (h handler) old(w http.ResponseWriter, r *http.Request) error {
	return h.lead(w, r, translate(r.PathValue("rest"), r.URL.Query()))
}

// icinga serves an address of Icinga Web.
func (h handler) icinga(w http.ResponseWriter, r *http.Request) error {
	return h.lead(w, r, translateIcinga(r.PathValue("rest"), r.URL.Query()))
}

// lead answers with the page that shows the same, or with a hint.
func (h handler) lead(w http.ResponseWriter, r *http.Request, t target) error {
	if t.page != "" && !h.there(t.page) {
		t.lost, t.page = nil, ""
	}
	var to string
	if t.host != "" && (t.page == "" || !t.about) {
		var err error
		if to, err = object(r, t); err != nil {
			return err
		}
		if to != "" && !t.about {
			return web.Redirect(w, r, to, "")
		}
	}
	if t.page != "" && len(t.lost) == 0 {
		return web.Redirect(w, r, t.address(), "")
	}
	status := http.StatusOK
	if t.page == "" {
		status = http.StatusNotFound
	}
	ctx := r.Context()
	return web.Render(w, r, web.Page{Title: ui.T(ctx, "An address of another program"), Status: status, Body: hint(t, r.URL.Path, to)})
}

// there reports whether there is the page.
func (h handler) there(page string) bool {
	if page == "/" {
		return true
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(page, "/"), "/")
	for _, p := range h.Pages {
		if p == "/"+first || strings.HasPrefix(p, "/"+first+"/") {
			return true
		}
	}
	return false
}

// object returns the page of the host or service that is meant: that of the site
// which the address names, or the only one of that name; "" when whoever asks
// may see none, or several.
func object(r *http.Request, t target) (string, error) {
	query := lql.Get("hosts", "peer_key", "peer_name").Where(lql.Eq("name", t.host))
	if t.svc != "" {
		query = lql.Get("services", "peer_key", "peer_name").Where(lql.Eq("host_name", t.host), lql.Eq("description", t.svc))
	}
	query.Limit = sitesMost
	res, err := web.AllData(r).Query(r.Context(), query)
	if err != nil {
		return "", err
	}
	var there []string
	for i := range res.Rows {
		key := res.Text(i, "peer_key")
		if t.site != "" && (key == t.site || res.Text(i, "peer_name") == t.site) {
			return ui.ObjectPath(key, t.host, t.svc), nil
		}
		there = append(there, key)
	}
	if len(there) != 1 {
		return "", nil
	}
	return ui.ObjectPath(there[0], t.host, t.svc), nil
}

// sitesMost bounds at how many sites an object is looked for.
const sitesMost = 100
