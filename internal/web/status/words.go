package status

import (
	"context"

	"belvedere/internal/web/ui"
)

// HostWord returns the state of a row of table hosts as cores say it, for
// texts: "DOWN".
func HostWord(c Cells, row int) string {
	return ui.HostState(c.Int("state", row), c.Bool("has_been_checked", row), false).Word
}

// ServiceWord is HostWord for table services.
func ServiceWord(c Cells, row int) string {
	return ui.ServiceState(c.Int("state", row), c.Bool("has_been_checked", row), false).Word
}

// AttachedWord is HostWord for the tables comments and downtimes: the state of
// what a row is on.
func AttachedWord(c Cells, row int) string {
	if c.Text("service_description", row) != "" {
		return ui.ServiceState(c.Int("service_state", row), c.Bool("service_has_been_checked", row), false).Word
	}
	return ui.HostState(c.Int("host_state", row), c.Bool("host_has_been_checked", row), false).Word
}

// AttachedPath returns the address of the page of what a row of comments or
// downtimes is on, without prefix.
func AttachedPath(c Cells, row int) string {
	return ui.ObjectPath(c.Text("peer_key", row), c.Text("host_name", row), c.Text("service_description", row))
}

// Name returns whoever has the problem, or what was done about it where that
// is not known.
func (o Owner) Name(ctx context.Context) string {
	if o.Who == "" && o.Kind != "" {
		return o.word(ctx)
	}
	return o.Who
}
