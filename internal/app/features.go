package app

import (
	"context"
	"strings"

	"belvedere/internal/access"
	"belvedere/internal/command"
	"belvedere/internal/feature/act"
	"belvedere/internal/feature/audit"
	"belvedere/internal/feature/comments"
	"belvedere/internal/feature/configuration"
	"belvedere/internal/feature/downtimes"
	"belvedere/internal/feature/grafana"
	"belvedere/internal/feature/groups"
	"belvedere/internal/feature/host"
	"belvedere/internal/feature/hosts"
	"belvedere/internal/feature/hygiene"
	"belvedere/internal/feature/oldlinks"
	"belvedere/internal/feature/outages"
	"belvedere/internal/feature/overview"
	"belvedere/internal/feature/people"
	"belvedere/internal/feature/problems"
	"belvedere/internal/feature/processes"
	"belvedere/internal/feature/profile"
	"belvedere/internal/feature/recurring"
	"belvedere/internal/feature/screens"
	"belvedere/internal/feature/search"
	"belvedere/internal/feature/service"
	"belvedere/internal/feature/services"
	"belvedere/internal/feature/sites"
	"belvedere/internal/feature/topology"
	"belvedere/internal/feature/views"
	"belvedere/internal/schema"
	"belvedere/internal/web"
)

// features are the rooms. Deleting a room is deleting its folder and a line
// here.
func (a *App) features() []web.Feature {
	rooms := []web.Feature{
		problems.Feature(),
		overview.Feature(),
		hosts.Feature(),
		services.Feature(),
		groups.Feature(),
		outages.Feature(),
		topology.Feature(),
		host.Feature(host.Options{Orders: a.db}),
		service.Feature(service.Options{Orders: a.db}),
		downtimes.Feature(),
		recurring.Feature(recurring.Options{Rules: a.rules}),
		comments.Feature(),
		processes.Feature(),
		hygiene.Feature(),
		configuration.Feature(),
		search.Feature(),
		grafana.Feature(),
		views.Feature(views.Options{Store: a.db}),
		screens.Feature(screens.Options{Auth: a.auth}),
		sites.Feature(sites.Options{Manager: a.sites}),
		people.Feature(people.Options{Auth: a.auth}),
		profile.Feature(profile.Options{Auth: a.auth}),
		act.Feature(act.Options{Desk: a.desk, Store: a.db, Hold: a.opt.Config.Commands.Hold}),
		audit.Feature(audit.Options{Log: a.db}),
	}
	return append(rooms, oldlinks.Feature(oldlinks.Options{Pages: pagesOf(rooms)}))
}

// pagesOf returns the paths of the pages that rooms have.
func pagesOf(rooms []web.Feature) []string {
	var out []string
	for _, f := range rooms {
		for _, r := range f.Routes {
			if path, ok := strings.CutPrefix(r.Pattern, "GET "); ok {
				out = append(out, path)
			}
		}
	}
	return out
}

// mayAct says why people of a role who see what a viewer sees may not act at a
// site, "" when they may.
func (a *App) mayAct(ctx context.Context, role access.Role, v access.Viewer, site string) string {
	why, err := a.desk.May(ctx, command.Actor{Role: role, Viewer: v}, schema.Ordinary, site)
	if err != nil {
		a.log.Warn("rights to act cannot be read", "site", site, "error", err)
		return "It cannot be found out now whether you may do this."
	}
	return why
}
