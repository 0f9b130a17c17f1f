package processes

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"belvedere/internal/web"
	"belvedere/internal/web/list"
	"belvedere/internal/web/ui"
)

// tables are those whose changes change the pages.
func tables() []string { return []string{"status", "sites", "hosts", "services"} }

// Feature returns the room.
func Feature() web.Feature {
	return web.Feature{
		Name: "processes",
		Menu: []web.MenuItem{{
			Name: "processes", Label: "Processes", Icon: "process", Path: "/processes", Group: 1, Order: 30, Right: web.SignedIn, Key: "c",
		}},
		Routes: append(list.WholeRoutes(files, web.SignedIn, whole),
			web.Route{Pattern: "GET /processes", Right: web.SignedIn, Handler: all, Screen: true},
			web.Route{Pattern: "GET /processes/{site}", Right: web.SignedIn, Handler: one, Screen: true}),
	}
}

// all serves GET /processes.
func all(w http.ResponseWriter, r *http.Request) error {
	p, err := load(r.Context(), web.Data(r), "", ui.Now(r.Context()))
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{
		Title:  ui.T(r.Context(), "Processes"),
		Active: "processes",
		Body:   listBody(p),
		Blocks: map[string]templ.Component{"list": listRows(p)},
		Parts:  p.parts,
	})
}

// one serves GET /processes/{site}: one core.
func one(w http.ResponseWriter, r *http.Request) error {
	p, err := load(r.Context(), web.AllData(r), r.PathValue("site"), ui.Now(r.Context()))
	if err != nil {
		return err
	}
	if len(p.processes) == 0 {
		return web.NotFound("There is no such site", "It may have been removed, or you may not see it. Look at the list of sites.")
	}
	c := p.processes[0]
	return web.Render(w, r, web.Page{
		Title:  c.name,
		Active: "processes",
		Body:   oneBody(c),
		Blocks: map[string]templ.Component{"process": panels(c)},
		Parts:  p.parts,
	})
}

// A toggle is one switch of a core.
type toggle struct {
	column string
	label  func(ctx context.Context) string
	matter bool // off is worth a mark
}

// switches are all of them.
func switches() []toggle {
	return []toggle{
		{"enable_notifications", func(ctx context.Context) string { return ui.T(ctx, "Notifications") }, true},
		{"execute_host_checks", func(ctx context.Context) string { return ui.T(ctx, "Active checks of hosts") }, true},
		{"execute_service_checks", func(ctx context.Context) string { return ui.T(ctx, "Active checks of services") }, true},
		{"accept_passive_host_checks", func(ctx context.Context) string { return ui.T(ctx, "Passive checks of hosts") }, true},
		{"accept_passive_service_checks", func(ctx context.Context) string { return ui.T(ctx, "Passive checks of services") }, true},
		{"enable_event_handlers", func(ctx context.Context) string { return ui.T(ctx, "Event handlers") }, true},
		{"enable_flap_detection", func(ctx context.Context) string { return ui.T(ctx, "Flap detection") }, false},
		{"check_external_commands", func(ctx context.Context) string { return ui.T(ctx, "External commands") }, true},
		{"process_performance_data", func(ctx context.Context) string { return ui.T(ctx, "Performance data") }, false},
		{"check_host_freshness", func(ctx context.Context) string { return ui.T(ctx, "Freshness of hosts") }, false},
		{"check_service_freshness", func(ctx context.Context) string { return ui.T(ctx, "Freshness of services") }, false},
		{"obsess_over_hosts", func(ctx context.Context) string { return ui.T(ctx, "Obsess over hosts") }, false},
		{"obsess_over_services", func(ctx context.Context) string { return ui.T(ctx, "Obsess over services") }, false},
	}
}

// A pace is something a core does so many times a second.
type pace struct {
	rate, total string
	label       func(ctx context.Context) string
}

// rates are all of them.
func rates() []pace {
	return []pace{
		{"host_checks_rate", "host_checks", func(ctx context.Context) string { return ui.T(ctx, "Checks of hosts") }},
		{"service_checks_rate", "service_checks", func(ctx context.Context) string { return ui.T(ctx, "Checks of services") }},
		{"forks_rate", "forks", func(ctx context.Context) string { return ui.T(ctx, "Processes started") }},
		{"log_messages_rate", "log_messages", func(ctx context.Context) string { return ui.T(ctx, "Log lines") }},
		{"neb_callbacks_rate", "neb_callbacks", func(ctx context.Context) string { return ui.T(ctx, "Calls of modules") }},
		{"connections_rate", "connections", func(ctx context.Context) string { return ui.T(ctx, "Livestatus connections") }},
		{"requests_rate", "requests", func(ctx context.Context) string { return ui.T(ctx, "Livestatus requests") }},
		{"external_commands_rate", "external_commands", func(ctx context.Context) string { return ui.T(ctx, "External commands") }},
	}
}

// off names the switches that are off and matter.
func (p process) off(ctx context.Context) []string {
	off := []string{}
	for _, s := range switches() {
		if s.matter && p.has(s.column) && p.int(s.column) == 0 {
			off = append(off, s.label(ctx))
		}
	}
	return off
}

// perSecond writes a rate: "12.4/s".
func perSecond(ctx context.Context, f float64) string { return ui.Decimal(ctx, f, 1) + "/s" }

// path returns the address of the page of a core.
func (p process) path() string { return "/processes/" + url.PathEscape(p.key) }

// lateness returns the class of a latency: more than a minute late is a mark.
func lateness(seconds float64) string {
	if seconds > 60 {
		return "warn"
	}
	return ""
}

// How the lists of hosts and services say what is counted here.
const (
	checkedActively  = "not is:checks-off"
	checkedPassively = "is:checks-off not is:passive-off"
	notChecked       = "is:checks-off is:passive-off"
)

// listOf returns the address of a list of the site, narrowed.
func (p process) listOf(n int, q string) string {
	name := []string{"hosts", "services"}[n]
	return "/" + name + "?" + url.Values{"q": {strings.TrimSpace(q + " site:\"" + p.key + "\"")}}.Encode()
}
