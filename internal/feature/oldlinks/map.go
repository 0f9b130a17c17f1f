// Package oldlinks is the room of addresses that other programs had: those of
// Thruk and of the CGI programs of Nagios, Icinga and Naemon. Bookmarks,
// notes and links of other tools lead to the page that shows the same, or to
// one that says what is there instead. It changes nothing.
package oldlinks

import (
	"net/url"
	"path"
	"strconv"
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
	case "/", "thruk", "cgi-bin", "main.cgi", "main.html", "index.html", "index.php", "login.cgi", "side.html", "menu.html":
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
	case "statusmap.cgi":
		return target{page: "/map"}
	case "config.cgi":
		return target{page: "/config"}
	case "showlog.cgi", "history.cgi", "notifications.cgi", "summary.cgi":
		return target{page: "/log", terms: named(q)}
	case "avail.cgi", "trends.cgi", "reports2.cgi":
		return target{page: "/reports"}
	case "bp.cgi":
		return target{page: "/processes"}
	case "panorama.cgi":
		return target{page: "/dashboards"}
	case "minemap.cgi":
		q.Set("style", "minemap")
		return status(q)
	case "mobile.cgi":
		return target{page: "/problems"}
	case "recurring_downtimes.cgi":
		return target{page: "/recurring"}
	}
	return target{}
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
	for _, field := range []string{"host", "service", "hostgroup", "servicegroup"} {
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
	t.states(q, hosts)
	t.boxes(q, hosts)
	if old := q.Get("q") + q.Get("dfl_q"); old != "" {
		t.lost = append(t.lost, "q")
	}
	if strings.EqualFold(q.Get("navbarsearch"), "1") && t.page == "/groups" {
		t.page = "/services"
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

// bits are the meanings of a sum of bits, from the lowest.
func bits(value string, meanings ...string) []string {
	n, err := strconv.Atoi(value)
	if err != nil || n <= 0 {
		return nil
	}
	var out []string
	all := true
	for i, m := range meanings {
		if n&(1<<i) != 0 {
			out = append(out, m)
		} else {
			all = false
		}
	}
	if all {
		return nil
	}
	return out
}

// states adds the terms for the sums of states and properties outside of a
// filter form.
func (t *target) states(q url.Values, hosts bool) {
	t.terms = append(t.terms, t.masks(func(name string) string { return q.Get(name) }, hosts)...)
}

// masks returns the terms for sums of states and properties; get reads one by
// its name.
func (t *target) masks(get func(string) string, hosts bool) []search.Expr {
	var out []search.Expr
	if s := bits(get("hoststatustypes"), "pending", "up", "down", "unreachable"); s != nil {
		field := "hoststate"
		if hosts {
			field = "state"
		}
		out = append(out, search.Is(field, s...))
	}
	if s := bits(get("servicestatustypes"), "pending", "ok", "warn", "unknown", "crit"); s != nil && !hosts {
		out = append(out, search.Is("state", s...))
	}
	name := "serviceprops"
	if hosts {
		name = "hostprops"
	} else if v := get("hostprops"); v != "" && v != "0" {
		t.lost = append(t.lost, "hostprops")
	}
	return append(out, t.props(get(name))...)
}

// words are the properties that come in pairs, the bit that sets one and the
// bit that excludes it, from the lowest; "" has no word here.
func words() [][2]string {
	return [][2]string{
		{"downtime", ""}, {"acknowledged", ""}, {"checks-off", ""}, {"event-handler-off", ""}, {"", ""}, {"flapping", ""},
		{"notifications-off", ""}, {"passive-off", ""}, {"passive", "active"}, {"hard", "soft"},
		{"", "outside-check-period"}, {"", "outside-notification-period"}, {"modified", ""},
	}
}

// props returns the terms for a sum of properties, all of which must hold.
func (t *target) props(value string) []search.Expr {
	n, err := strconv.Atoi(value)
	if err != nil || n <= 0 {
		return nil
	}
	var out []search.Expr
	for i, w := range words() {
		set, unset := n&(1<<(2*i)) != 0, n&(1<<(2*i+1)) != 0
		yes, no := w[0], w[1]
		switch {
		case set && yes != "":
			out = append(out, search.Is("is", yes))
		case set && no != "":
			out = append(out, search.Without(search.Is("is", no)))
		case unset && no != "":
			out = append(out, search.Is("is", no))
		case unset && yes != "":
			out = append(out, search.Without(search.Is("is", yes)))
		case set || unset:
			t.lost = append(t.lost, "props "+strconv.Itoa(n))
		}
	}
	return out
}

// fields are the types of a row of Thruk's filter form, with the field of the
// query bar.
func fields() map[string]string {
	return map[string]string{"host": "host", "service": "service", "hostgroup": "hostgroup", "servicegroup": "servicegroup", "contact": "contact",
		"plugin output": "output", "comment": "", "address": "address", "parent": "parent", "check period": "", "site": "site", "search": "text"}
}

// boxes adds the terms of Thruk's filter form: rows of one box hold together,
// one of the boxes must.
func (t *target) boxes(q url.Values, hosts bool) {
	prefixes := []string{"dfl_", ""}
	if t.page == "/problems" {
		prefixes = []string{"svc_"}
	}
	var any []search.Expr
	for _, prefix := range prefixes {
		for n := range 9 {
			box := prefix + "s" + strconv.Itoa(n) + "_"
			terms := t.masks(func(name string) string { return q.Get(box + name) }, hosts)
			ops, values := q[box+"op"], q[box+"value"]
			for i, kind := range q[box+"type"] {
				op, value := "=", ""
				if i < len(ops) {
					op = ops[i]
				}
				if i < len(values) {
					value = values[i]
				}
				if e, ok := row(kind, op, value); ok {
					terms = append(terms, e)
				} else if value != "" {
					t.lost = append(t.lost, kind)
				}
			}
			if len(terms) > 0 {
				any = append(any, search.And(terms...))
			}
		}
	}
	if len(any) > 0 {
		t.terms = append(t.terms, search.Or(any[0], any[1:]...))
	}
}

// row returns the term of one row of the form.
func row(kind, op, value string) (e search.Expr, ok bool) {
	field := fields()[strings.ToLower(kind)]
	if field == "" || value == "" || value == "all" {
		return e, false
	}
	if field == "text" {
		return search.Expr{Kind: search.Text, Values: []search.Value{search.Word(value)}}, true
	}
	switch op {
	case "=", "":
		return matching(field, value), true
	case "!=":
		return search.Without(matching(field, value)), true
	case "~":
		return search.Expr{Kind: search.Term, Field: field, Op: search.Has, Values: []search.Value{search.Word(value)}}, plainText(value)
	case "!~":
		return search.Without(search.Expr{Kind: search.Term, Field: field, Op: search.Has, Values: []search.Value{search.Word(value)}}), plainText(value)
	}
	return e, false
}

// plainText reports whether a regular expression is just a text.
func plainText(s string) bool { return !strings.ContainsAny(s, `\.+*?()|[]{}^$`) }

// extinfo maps the parameters of extinfo.cgi.
func extinfo(q url.Values) target {
	host, svc := q.Get("host"), q.Get("service")
	switch q.Get("type") {
	case "1":
		if host != "" {
			return target{page: "/hosts", terms: named(q), host: host}
		}
		return target{page: "/hosts"}
	case "2":
		if host != "" && svc != "" {
			return target{page: "/services", terms: named(q), host: host, svc: svc}
		}
		return target{page: "/services", terms: named(q)}
	case "3":
		return target{page: "/comments"}
	case "5", "8":
		if to, ok := oneGroup(q); ok {
			return target{page: to}
		}
		return target{page: "/groups"}
	case "6":
		return target{page: "/downtimes"}
	case "7":
		return target{page: "/services", params: url.Values{"sort": {"next_check"}, "columns": {"state,host,service,site,last_check,next_check,check_command"}}}
	case "dtree":
		return target{page: "/map"}
	case "", "0", "4":
		return target{page: "/sites"}
	}
	return target{}
}
