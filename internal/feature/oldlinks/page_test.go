package oldlinks

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/search"
	"belvedere/internal/web"
	"belvedere/internal/web/webtest"
)

func TestTranslate(t *testing.T) {
	for _, tt := range []struct{ old, page, q string }{
		{"cgi-bin/tac.cgi", "/overview", ""},
		{"", "/", ""},
		{"cgi-bin/status.cgi?host=all", "/services", ""},
		{"cgi-bin/status.cgi?host=db-wien-01", "/services", "host=db-wien-01"},
		{"cgi-bin/status.cgi?host=db-*&style=detail", "/services", "host=db-*"},
		{"cgi-bin/status.cgi?host=all&servicestatustypes=28&serviceprops=10&type=detail", "/services", "state:warn,unknown,crit -is:downtime -is:acknowledged"},
		{"cgi-bin/status.cgi?hostgroup=all&style=hostdetail&hoststatustypes=12", "/hosts", "state:down,unreachable"},
		{"cgi-bin/status.cgi?host=all&hoststatustypes=3&servicestatustypes=16", "/services", "hoststate:pending,up state:crit"},
		{"cgi-bin/status.cgi?hostgroup=web%20farm", "/hostgroup/web%20farm", ""},
		{"cgi-bin/status.cgi?servicegroup=all&style=summary", "/groups", ""},
		{"cgi-bin/status.cgi?servicegroup=disks&style=detail", "/services", "servicegroup=disks"},
		{"cgi-bin/status.cgi?style=combined&hst_s0_hoststatustypes=4", "/problems", ""},
		{"cgi-bin/status.cgi?dfl_s0_type=hostgroup&dfl_s0_op=%3D&dfl_s0_value=web&dfl_s1_type=service&dfl_s1_op=~&dfl_s1_value=http", "/services", "hostgroup=web or service:http"},
		// Thruk's menu: all problems, and those that nobody has taken care of.
		{"cgi-bin/status.cgi?style=combined&hst_s0_hoststatustypes=4&hst_s0_servicestatustypes=31&hst_s0_hostprops=10&hst_s0_serviceprops=0&svc_s0_hoststatustypes=3&svc_s0_servicestatustypes=28&svc_s0_hostprops=10&svc_s0_serviceprops=10&svc_s0_hostprop=2&svc_s0_hostprop=8&title=All+Unhandled+Problems", "/problems", ""},
		{"cgi-bin/status.cgi?style=combined&hst_s0_hoststatustypes=12&svc_s0_servicestatustypes=16&svc_s0_serviceprops=10", "/problems", "state:down,unreachable,crit"},
		{"cgi-bin/status.cgi?style=combined&svc_s0_type=hostgroup&svc_s0_op=%3D&svc_s0_value=web&svc_s0_serviceprops=10", "/problems", "hostgroup=web"},
		{"cgi-bin/status.cgi?host=all&servicestatustypes=28&hoststatustypes=15&hostprops=10", "/services", "state:warn,unknown,crit host_scheduled_downtime_depth=0 host_acknowledged=0"},
		{"cgi-bin/status.cgi?serviceprops=256", "/services", "-is:flap-detection-off"},
		{"cgi-bin/status.cgi?style=hostdetail&hostprops=256", "/hosts", "is:flap-detection-off"},
		{"cgi-bin/status.cgi?contact=anna", "/services", "contact=anna"},
		{"cgi-bin/status.cgi?q=" + url.QueryEscape(`host_name = "web" and plugin_output ~ "time.?out"`), "/services", `host=web output~time.?out`},
		{"cgi-bin/status.cgi?s0_type=service&s0_op=~&s0_value=a.b", "/services", "service~a.b"},
		{"cgi-bin/status.cgi?dfl_s0_type=hostgroup&dfl_s0_op=~&dfl_s0_value=web", "/services", "hostgroup~web"},
		{"cgi-bin/status.cgi?dfl_s0_type=custom+variable&dfl_s0_val_pre=OWNER&dfl_s0_op=%3D&dfl_s0_value=anna", "/services", "_OWNER=anna"},
		{"cgi-bin/status.cgi?dfl_s0_t=duration&dfl_s0_o=%3E%3D&dfl_s0_v=1h&dfl_s0_sst=16", "/services", "state:crit age>=1h"},
		{"cgi-bin/status.cgi?navbarsearch=1&host=web", "/services", "web"},
		{"cgi-bin/extinfo.cgi?type=6&recurring", "/recurring", ""},
		{"cgi-bin/extinfo.cgi?type=6&host=web", "/downtimes", "host=web"},
		{"cgi-bin/config.cgi?type=timeperiods", "/config/timeperiods", ""},
		{"cgi-bin/config.cgi", "/config", ""},
		{"cgi-bin/extinfo.cgi?type=0", "/processes", ""},
		{"cgi-bin/bp.cgi", "", ""}, // a business process is no process of a core
		{"cgi-bin/user.cgi", "/profile", ""},
		{"cgi-bin/conf.cgi?sub=backends", "/sites", ""},
		{"cgi-bin/extinfo.cgi?type=3", "/comments", ""},
		{"cgi-bin/extinfo.cgi?type=6", "/downtimes", ""},
		{"cgi-bin/extinfo.cgi?type=1&host=web", "/hosts", "host=web"},
		{"cgi-bin/extinfo.cgi?type=2&host=web&service=Disk+%2F", "/services", `host=web service="Disk /"`},
		{"frame.html?link=%2Fthruk%2Fcgi-bin%2Fextinfo.cgi%3Ftype%3D6", "/downtimes", ""},
		{"cgi-bin/showlog.cgi?host=web", "/log", "host=web"},
		{"cgi-bin/history.cgi?host=all", "/log", ""},
		{"cgi-bin/cmd.cgi?cmd_typ=33", "", ""},
		{"cgi-bin/cmd.cgi?cmd_typ=33&host=web", "/hosts", "host=web"},
		{"cgi-bin/cmd.cgi?cmd_typ=34&host=web&service=Load", "/services", "host=web service=Load"},
		{"r/hosts", "", ""},
	} {
		u, err := url.Parse(tt.old)
		if err != nil {
			t.Fatal(err)
		}
		got := translate(u.Path, u.Query())
		table := map[string]string{"/hosts": "hosts", "/comments": "comments", "/downtimes": "downtimes"}[tt.page]
		if _, err := search.And(got.terms...).Filter(cmp.Or(table, "services"), time.Now()); err != nil {
			t.Errorf("%s: %v", tt.old, err)
		}
		if q := search.And(got.terms...).String(); got.page != tt.page || q != tt.q || len(got.lost) > 0 {
			t.Errorf("%s: page %q, q %q, lost %q; want %q, %q", tt.old, got.page, q, got.lost, tt.page, tt.q)
		}
	}
	for _, old := range []string{"status.cgi?q=%28name", "status.cgi?serviceprops=67108864", "status.cgi?s0_type=action+menu&s0_op=~&s0_value=a.b", "status.cgi?style=perfmap"} {
		u, _ := url.Parse(old)
		if got := translate(u.Path, u.Query()); len(got.lost) == 0 {
			t.Errorf("%s: what is lost is not said", old)
		}
	}
}

func TestTranslateIcinga(t *testing.T) {
	for old, want := range map[string]string{
		"":          "/",
		"dashboard": "/",
		"monitoring/list/services?service_state=2&sort=service_severity": "/services?q=state%3Acrit",
		"monitoring/list/services?service_problem=1&service_handled=0":   "/services?q=-is%3Ahandled+is%3Aproblem",
		"monitoring/list/services?host_name=web&host_state=1":            "/services?q=host%3Dweb+hoststate%3Adown",
		"monitoring/list/hosts?host_state=1&limit=50":                    "/hosts?q=state%3Adown",
		"monitoring/list/servicegrid":                                    "/groups?view=matrix",
		"monitoring/list/downtimes":                                      "/downtimes",
		"monitoring/host/show?host=web":                                  "/hosts?q=host%3Dweb",
		"monitoring/service/show?host=web&service=Disk%20%2F":            "/services?q=host%3Dweb+service%3D%22Disk+%2F%22",
		"icingadb/hosts?host.state.soft_state=1":                         "/hosts?q=state%3Adown",
		"icingadb/services?service.state.is_problem=y&host.name!=db":     "/services?q=-host%3Ddb+is%3Aproblem",
		"icingadb/services?service.state.is_acknowledged=n":              "/services?q=-is%3Aacknowledged",
		"icingadb/services?host.name~*web*&page=2":                       "/services?q=host%3D%2Aweb%2A",
		"icingadb/services?hostgroup.name=linux":                         "/services?q=hostgroup%3Dlinux",
		"icingadb/host?name=web":                                         "/hosts?q=host%3Dweb",
		"icingadb/service?name=Load&host.name=web":                       "/services?q=host%3Dweb+service%3DLoad",
		"icingadb/hostgroup?name=linux%20farm":                           "/hostgroup/linux%20farm",
		"icingadb/servicegroups":                                         "/groups?kind=service",
		"icingadb/comment?name=a":                                        "/comments",
		"icingadb/history":                                               "/log",
		"icingadb/tactical":                                              "/overview",
		"director/hosts":                                                 "",
	} {
		u, err := url.Parse(old)
		if err != nil {
			t.Fatal(err)
		}
		got := translateIcinga(u.Path, u.Query())
		if got.address() != want || len(got.lost) > 0 {
			t.Errorf("%s leads to %q, lost %q; want %q", old, got.address(), got.lost, want)
		}
		if got.page != "/log" {
			if _, err := search.And(got.terms...).Filter(map[bool]string{true: "hosts", false: "services"}[got.page == "/hosts"], time.Now()); err != nil {
				t.Errorf("%s: %v", old, err)
			}
		}
	}
	for _, old := range []string{"icingadb/services?(service.name=a|service.name=b)", "icingadb/hosts?service.state.is_problem=y", "monitoring/list/services?service_state=7", "icingadb/services?service.vars.x=1"} {
		u, _ := url.Parse(old)
		if got := translateIcinga(u.Path, u.Query()); len(got.lost) == 0 {
			t.Errorf("%s: what is lost is not said: %q", old, got.address())
		}
	}
}

func TestGroupViews(t *testing.T) {
	for old, want := range map[string]string{
		"status.cgi?hostgroup=all&style=overview":    "/groups?view=overview",
		"status.cgi?hostgroup=all&style=summary":     "/groups",
		"status.cgi?servicegroup=all&style=grid":     "/groups?kind=service&view=grid",
		"minemap.cgi":                                "/groups?view=matrix",
		"minemap.cgi?hostgroup=web":                  "/hostgroup/web",
		"mobile.cgi":                                 "/problems",
		"recurring_downtimes.cgi?host=web&service=x": "/recurring",
	} {
		u, err := url.Parse(old)
		if err != nil {
			t.Fatal(err)
		}
		if got := translate(u.Path, u.Query()).address(); got != want {
			t.Errorf("%s leads to %s, want %s", old, got, want)
		}
	}
}

func TestPages(t *testing.T) {
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a"), webtest.Fresh("b")}, Tables: map[string][]webtest.Row{
		"sites": {{"key": "a", "name": "Site a"}},
		"hosts": {webtest.Host("a", "web", webtest.Row{"contacts": []string{}}), webtest.Host("a", "db", nil), webtest.Host("b", "db", nil)}},
	}
	s := webtest.New(t, w, func(*auth.Service, *db.DB) []web.Feature {
		return []web.Feature{Feature(Options{Pages: []string{"/hosts", "/services", "/comments"}})}
	})
	for old, want := range map[string]string{
		"/thruk/cgi-bin/extinfo.cgi?type=1&host=web":              "/host/a/web",
		"/nagios/cgi-bin/extinfo.cgi?type=1&host=db":              "/hosts?q=host%3Ddb", // two sites have it
		"/thruk/cgi-bin/extinfo.cgi?type=1&host=db&backend=b":     "/host/b/db",
		"/thruk/cgi-bin/extinfo.cgi?type=1&host=db&backend=40863": "/hosts?q=host%3Ddb",
		"/naemon/cgi-bin/status.cgi?host=nosuch":                  "/services?q=host%3Dnosuch",
		"/cgi-bin/icinga/extinfo.cgi?type=3":                      "/comments",
		"/thruk":                                                  "/",
		"/thruk/cgi-bin/cmd.cgi?cmd_typ=33&host=web":              "/host/a/web",
		"/icingaweb2": "/",
		"/icingaweb2/monitoring/host/show?host=web":  "/host/a/web",
		"/thruk/cgi-bin/status.cgi?style=hostdetail": "/hosts",
		"/thruk/cgi-bin/extinfo.cgi?type=7":          "/services?columns=state%2Chost%2Cservice%2Csite%2Clast_check%2Cnext_check%2Ccheck_command&sort=next_check",
	} {
		if a := s.Get("all", old); a.Status != http.StatusSeeOther || a.Header.Get("Location") != want {
			t.Errorf("%s: status %d, to %q, want %q", old, a.Status, a.Header.Get("Location"), want)
		}
	}
	if a := s.Get("anna", "/thruk/cgi-bin/extinfo.cgi?type=1&host=web"); a.Header.Get("Location") != "/hosts?q=host%3Dweb" {
		t.Errorf("anna is led to %q: she may not know where that host is", a.Header.Get("Location"))
	}
	a := s.Get("all", "/thruk/cgi-bin/status.cgi?q=%28name&host=web")
	if a.Status != http.StatusOK || webtest.Attr(a.One(".empty a.pri"), "href") != "/services?q=host%3Dweb" {
		t.Errorf("what is lost is answered with %d", a.Status)
	}
	if a = s.Get("all", "/thruk/cgi-bin/history.cgi?host=web"); a.Status != http.StatusNotFound || webtest.Attr(a.One(".empty a.pri"), "href") != "/host/a/web" {
		t.Errorf("the log of a host does not lead to the host: status %d", a.Status)
	}
	if a = s.Get("anna", "/thruk/cgi-bin/history.cgi?host=web"); len(a.All(".empty a.pri")) != 0 {
		t.Error("anna is told where that host is")
	}
	for old, want := range map[string]string{
		"/prod/thruk/cgi-bin/extinfo.cgi?type=1&host=a%20b": "/thruk/cgi-bin/extinfo.cgi?type=1&host=a%20b",
		"/prod/nagios":          "/nagios",
		"/prod/thruk/a%20b%3Fc": "/thruk/a%20b%3Fc",
	} {
		if a := s.Get("all", old); a.Status != http.StatusSeeOther || a.Header.Get("Location") != want {
			t.Errorf("%s: status %d, to %q, want %q", old, a.Status, a.Header.Get("Location"), want)
		}
	}
	for _, nowhere := range []string{"/prod/thrukk/x", "/thrukk", "/prod/x/thruk/y", "/prod"} {
		if a := s.Get("all", nowhere); a.Status != http.StatusNotFound {
			t.Errorf("%s: status %d", nowhere, a.Status)
		}
	}
	for _, old := range []string{"/thruk/cgi-bin/cmd.cgi?cmd_typ=1", "/nagios/cgi-bin/statusjson.cgi", "/thruk/cgi-bin/tac.cgi"} { // no overview here
		if a := s.Get("all", old); a.Status != http.StatusNotFound || len(a.All(".empty a")) < 3 {
			t.Errorf("%s: status %d without a hint", old, a.Status)
		}
	}
}

func FuzzTranslate(f *testing.F) {
	f.Add("cgi-bin/status.cgi", "host=a*&servicestatustypes=28&dfl_s0_type=host&dfl_s0_value=x%22y")
	f.Add("frame.html", "link=frame.html%3Flink%3Dframe.html")
	f.Fuzz(func(t *testing.T, rest, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		to := translate(rest, q).address()
		if to == "" || strings.HasPrefix(to, "?") {
			return
		}
		u, err := url.Parse(to)
		if err != nil || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
			t.Fatalf("%q?%q leads to %q: %v", rest, query, to, err)
		}
		if text := u.Query().Get("q"); text != "" {
			if _, err := search.Parse(text); err != nil {
				t.Fatalf("%q?%q becomes %q: %v", rest, query, text, err)
			}
		}
	})
}
