package app

import (
	"strings"

	"belvedere/internal/feature/audit"
	"belvedere/internal/feature/comments"
	"belvedere/internal/feature/configuration"
	"belvedere/internal/feature/downtimes"
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
	"belvedere/internal/feature/screens"
	"belvedere/internal/feature/search"
	"belvedere/internal/feature/service"
	"belvedere/internal/feature/services"
	"belvedere/internal/feature/sites"
	"belvedere/internal/feature/topology"
	"belvedere/internal/feature/views"
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
		host.Feature(),
		service.Feature(),
		downtimes.Feature(),
		comments.Feature(),
		processes.Feature(),
		hygiene.Feature(),
		configuration.Feature(),
		search.Feature(),
		views.Feature(views.Options{Store: a.db}),
		screens.Feature(screens.Options{Auth: a.auth}),
		sites.Feature(sites.Options{Manager: a.sites}),
		people.Feature(people.Options{Auth: a.auth}),
		profile.Feature(profile.Options{Auth: a.auth}),
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
