// Package oldlinks is the room of addresses that other programs had: those of
// Thruk and of the CGI programs of Nagios, Icinga and Naemon. Bookmarks,
// notes and links of other tools lead to the page that shows the same, or to
// one that says what is there instead. It changes nothing.
package oldlinks

import (
	"net/url"
	"path"
	"strings"

	"belvedere/internal/search"
)

// A target is where an old address leads.
type target struct {
	page   string // path, "" nowhere
	terms  []search.Expr
	params url.Values // besides q
	host   string     // the page of a host is meant
	svc    string     // or of one of its services
	site   string     // at the site of this key or name, "" any
	about  bool       // the page is not that of the host or service, but about it
	lost   []string   // what of the address has no match here
}

// address returns the address without prefix.
func (t target) address() string {
	v := url.Values{}
	for k, values := range t.params {
		v[k] = values
	}
	if q := search.And(t.terms...).String(); q != "" {
		v.Set("q", q)
	}
	if len(v) == 0 {
		return t.page
	}
	return t.page + "?" + v.Encode()
}

// readable returns parameters in which what is no text is marked.
func readable(q url.Values) url.Values {
	out := make(url.Values, len(q))
	for name, values := range q {
		for _, v := range values {
			out.Add(name, strings.ReplaceAll(strings.ToValidUTF8(v, "\uFFFD"), "\x00", "\uFFFD"))
		}
	}
	return out
}

// translate maps an old address; rest is the path behind "/thruk/" or the like.
// The zero page means that nothing here is like it.
func translate(rest string, q url.Values) target {
	q = readable(q)
	switch name := strings.ToLower(path.Base("/" + rest)); name {
	case "/", "thruk", "cgi-bin", "main.cgi", "main.html", "index.html", "index.php", "login.cgi", "side.html", "menu.html", "main.php", "side.php":
		return target{page: "/"}
	case "frame.html":
		return framed(q.Get("link"))
	case "tac.cgi":
		return target{page: "/overview"}
	case "status.cgi":
		return status(q)
	case "extinfo.cgi":
		return extinfo(q)
	case "outages.cgi":
		return target{page: "/outages"}
	case "statusmap.cgi", "map.php":
		return target{page: "/map"}
	case "config.cgi":
		return configured(q.Get("type"))
	case "showlog.cgi", "history.cgi", "notifications.cgi", "summary.cgi":
		return aboutObject("/log", q)
	case "avail.cgi", "trends.cgi", "histogram.cgi", "reports2.cgi":
		return aboutObject("/reports", q)
	case "cmd.cgi":
		return commanded(q)
	case "panorama.cgi":
		return target{page: "/dashboards"}
	case "minemap.cgi":
		q.Set("style", "minemap")
		return status(q)
	case "mobile.cgi":
		return target{page: "/problems"}
	case "recurring_downtimes.cgi":
		return target{page: "/recurring"}
	case "user.cgi":
		return target{page: "/profile"}
	case "conf.cgi":
		return map[string]target{"backends": {page: "/sites"}, "users": {page: "/people"}}[q.Get("sub")]
	}
	return target{}
}

// aboutObject returns the page, of which q says what host or service it is about.
func aboutObject(page string, q url.Values) target {
	t := target{page: page, terms: named(q), site: q.Get("backend"), about: true}
	if host := q.Get("host"); host != "all" {
		t.host, t.svc = host, q.Get("service")
	}
	return t
}

// commanded maps the form of a command, to which mails of the core lead: what it
// was to be given for has the same commands.
func commanded(q url.Values) target {
	if q.Get("host") == "" {
		return target{}
	}
	q = url.Values{"type": {"1"}, "host": {q.Get("host")}, "service": {q.Get("service")}, "backend": {q.Get("backend")}}
	if q.Get("service") != "" {
		q.Set("type", "2")
	}
	return extinfo(q)
}

// configured maps the type of Thruk's configuration page.
func configured(kind string) target {
	switch kind {
	case "hosts", "services", "contacts", "contactgroups", "commands", "timeperiods":
		return target{page: "/config/" + kind}
	case "hostgroups":
		return target{page: "/groups"}
	case "servicegroups":
		return target{page: "/groups", params: url.Values{"kind": {"service"}}}
	}
	return target{page: "/config"}
}

// framed maps the link that Thruk's frame shows.
func framed(link string) target {
	u, err := url.Parse(link)
	if err != nil || link == "" {
		return target{page: "/"}
	}
	if strings.HasSuffix(u.Path, "frame.html") {
		return target{page: "/"}
	}
	return translate(u.Path, u.Query())
}

// named returns the terms for the host and service that an address names.
func named(q url.Values) []search.Expr {
	var out []search.Expr
	for _, field := range []string{"host", "service", "hostgroup", "servicegroup", "contact"} {
		if v := q.Get(field); v != "" && v != "all" {
			out = append(out, matching(field, v))
		}
	}
	return out
}

// matching returns the term for a name, in which a star stands for anything.
func matching(field, value string) search.Expr {
	e := search.Eq(field, value)
	if strings.Contains(value, "*") {
		e.Values = []search.Value{{Parts: strings.Split(value, "*")}}
	}
	return e
}

// status maps the parameters of status.cgi.
func status(q url.Values) target {
	t := target{page: "/services"}
	style := strings.ToLower(q.Get("style"))
	group := false
	for _, g := range []string{"hostgroup", "servicegroup"} {
		group = group || q.Get(g) != ""
	}
	hosts := false
	switch {
	case style == "hostdetail":
		t.page, hosts = "/hosts", true
	case style == "combined":
		t.page = "/problems"
	case strings.Contains(style, "overview"), strings.Contains(style, "grid"), strings.Contains(style, "summary"), style == "" && group, style == "minemap":
		t.page = "/groups"
	case style == "perfmap", style == "core_scheduling", style == "bothtypes":
		t.lost = append(t.lost, "style")
	}
	if t.page == "/groups" {
		if to, ok := oneGroup(q); ok {
			return target{page: to}
		}
		t.params = url.Values{}
		if q.Get("servicegroup") != "" || strings.HasPrefix(style, "service") {
			t.params.Set("kind", "service")
		}
		for old, view := range map[string]string{"overview": "overview", "grid": "grid", "minemap": "matrix"} {
			if strings.Contains(style, old) {
				t.params.Set("view", view)
			}
		}
	} else {
		t.terms = named(q)
	}
	if t.page == "/problems" {
		t.combined(q)
		return t
	}
	t.terms = append(t.terms, t.masks(func(name string) string { return q.Get(name) }, hosts)...)
	t.boxes(q, hosts, "dfl_", "")
	for _, name := range []string{"q", "dfl_q"} {
		t.written(q.Get(name))
	}
	if name := q.Get("host"); q.Get("navbarsearch") == "1" && name != "" && name != "all" && !strings.Contains(name, "*") {
		return target{page: "/services", terms: []search.Expr{{Kind: search.Text, Values: []search.Value{search.Word(name)}}}}
	}
	return t
}

// oneGroup returns the page of the one group that is meant.
func oneGroup(q url.Values) (string, bool) {
	for _, g := range []string{"hostgroup", "servicegroup"} {
		if v := q.Get(g); v != "" && v != "all" && !strings.Contains(v, "*") {
			return "/" + g + "/" + url.PathEscape(v), true
		}
	}
	return "", false
}

// extinfo maps the parameters of extinfo.cgi.
func extinfo(q url.Values) target {
	host, svc := q.Get("host"), q.Get("service")
	switch q.Get("type") {
	case "1":
		if host != "" {
			return target{page: "/hosts", terms: named(q), host: host, site: q.Get("backend")}
		}
		return target{page: "/hosts"}
	case "2":
		if host != "" && svc != "" {
			return target{page: "/services", terms: named(q), host: host, svc: svc, site: q.Get("backend")}
		}
		return target{page: "/services", terms: named(q)}
	case "3":
		return target{page: "/comments", terms: named(q)}
	case "5", "8":
		if to, ok := oneGroup(q); ok {
			return target{page: to}
		}
		return target{page: "/groups"}
	case "6":
		if q.Has("recurring") {
			return target{page: "/recurring"}
		}
		return target{page: "/downtimes", terms: named(q)}
	case "7":
		return target{page: "/services", params: url.Values{"sort": {"next_check"}, "columns": {"state,host,service,site,last_check,next_check,check_command"}}}
	case "dtree":
		return target{page: "/map"}
	case "", "0", "4":
		return target{page: "/processes"}
	}
	return target{}
}
