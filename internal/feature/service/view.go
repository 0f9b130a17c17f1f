package service

import (
	"net/url"

	"belvedere/internal/web/object"
	"belvedere/internal/web/status"
)

// A view is what the templates draw.
type view struct {
	object.Object
	parents []status.Row
	twins   []status.Row
}

// newView arranges a picture for the templates.
func newView(p *picture) view {
	return view{Object: p.object, parents: p.parents, twins: p.twins}
}

// handledBy says what explains the service's problem, "" when nothing does.
func (v view) handledBy() string {
	if v.State.Problem() && v.HostProblem {
		return "the host is " + v.HostState.Word
	}
	return ""
}

// groupPath returns the address of the list of a service group's services.
func groupPath(group string) string {
	return "/services?" + url.Values{"servicegroup": {group}}.Encode()
}

// sitePath returns the address of the list of a site's services.
func (v view) sitePath() string { return "/services?" + url.Values{"site": {v.Site}}.Encode() }

// samePath returns the address of the list of services of this name.
func (v view) samePath() string { return "/services?" + url.Values{"q": {v.Service}}.Encode() }
