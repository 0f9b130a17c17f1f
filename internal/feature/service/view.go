package service

import (
	"context"

	"belvedere/internal/search"
	"belvedere/internal/web/object"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// A view is what the templates draw.
type view struct {
	object.Object
	parents []status.Row
	beside  []status.Row
	more    int
	twins   []status.Row
}

// newView arranges a picture for the templates.
func newView(p *picture) view {
	return view{Object: p.object, parents: p.parents, beside: p.beside, more: p.more, twins: p.twins}
}

// handledBy says what explains the service's problem, "" when nothing does.
func (v view) handledBy(ctx context.Context) string {
	if v.State.Problem() && v.HostProblem {
		return ui.T(ctx, "the host is %s", v.HostState.Word)
	}
	return ""
}

// groupPath returns the address of the list of a service group's services.
func groupPath(group string) string {
	return search.Path("/services", search.Eq("servicegroup", group))
}

// hostServicesPath returns the address of the list of the host's services.
func (v view) hostServicesPath() string {
	return search.Path("/services", search.Eq("host", v.Host), search.Eq("site", v.Site))
}

// sitePath returns the address of the list of a site's services.
func (v view) sitePath() string { return search.Path("/services", search.Eq("site", v.Site)) }

// samePath returns the address of the list of services of this name.
func (v view) samePath() string { return search.Path("/services", search.Eq("service", v.Service)) }
