package problems

import (
	"context"
	"net/http"
	"slices"

	"belvedere/internal/lql"
	"belvedere/internal/triage"
	"belvedere/internal/web"
	"belvedere/internal/web/export"
	"belvedere/internal/web/list"
	"belvedere/internal/web/ui"
)

// inOneGo is how many rows of a file are read at a time.
const inOneGo = 10_000

// A lined is one row of a file: a problem, and the head it stands below.
type lined struct {
	problem int // index in the survey
	group   string
}

// whole reads the view that the address asks for: all its problems in the order
// and the groups of the page, also those that are folded there. What somebody
// has already and stands below the unhandled ones is a view of its own.
func whole(r *http.Request) (x list.Whole, err error) {
	req, err := parse(r)
	if err != nil {
		return x, err
	}
	ctx := r.Context()
	if err := req.asked.Wrong(ctx); err != nil {
		return x, err
	}
	q := web.Data(r)
	s, err := triage.Take(ctx, q, req.want())
	if err != nil {
		return x, err
	}
	v := newView(req, pictureOf(s))
	items, byStanding, err := v.pick(ctx, q, req)
	if err != nil {
		return x, err
	}
	var rows []lined
	for _, sec := range req.sections(s, items, byStanding) {
		if sec.handled {
			continue
		}
		head := v.heading(ctx, sec)
		for _, i := range sec.Items {
			rows = append(rows, lined{i, head})
		}
	}
	x = list.Whole{Name: "problems", Title: ui.T(ctx, "Problems"), Path: "/problems", Rows: len(rows)}
	x.Table = export.Table{Title: x.Title, Zone: list.Zone(ctx), Columns: columns(ctx, req)}
	x.Table.Rows = func(yield func(export.Row, error) bool) {
		for part := range slices.Chunk(rows, inOneGo) {
			if !v.write(ctx, q, part, web.BaseURL(r), yield) {
				return
			}
		}
	}
	return x, nil
}

// heading names the head that a section's problems stand below.
func (v view) heading(ctx context.Context, x section) string {
	if head := v.title(ctx, x); x.Kind != triage.SameCheck {
		return head
	}
	return x.Name
}

// grouped reports whether problems stand below heads that say more than their
// columns.
func (w request) grouped() bool { return w.group != triage.NoGrouping && w.group != triage.ByHost }

// columns are those of a file.
func columns(ctx context.Context, w request) []export.Column {
	out := []export.Column{
		{Key: "state", Label: ui.T(ctx, "State")},
		{Key: "host_name", Label: ui.T(ctx, "Host")},
		{Key: "description", Label: ui.T(ctx, "Service")},
		{Key: "peer_name", Label: ui.T(ctx, "Site")},
		{Key: "since", Label: ui.T(ctx, "Since"), Kind: export.Time},
		{Key: "attempt", Label: ui.T(ctx, "Attempt")},
		{Key: "plugin_output", Label: ui.T(ctx, "Output")},
		{Key: "acknowledged", Label: ui.T(ctx, "Acknowledged"), Kind: export.Bool},
		{Key: "in_downtime", Label: ui.T(ctx, "In downtime"), Kind: export.Bool},
		{Key: "owner", Label: ui.T(ctx, "Owner")},
		{Key: "owner_note", Label: ui.T(ctx, "Note")},
		{Key: "because_of", Label: ui.T(ctx, "Because of")},
		{Key: "hidden_hosts", Label: ui.T(ctx, "Hosts behind it"), Kind: export.Number},
		{Key: "hidden_services", Label: ui.T(ctx, "Services behind it"), Kind: export.Number},
	}
	if w.grouped() {
		out = append([]export.Column{{Key: "group", Label: ui.T(ctx, "Group")}}, out...)
	}
	return out
}

// write yields some rows of a file, false when that was the end.
func (v view) write(ctx context.Context, q lql.Querier, part []lined, base string, yield func(export.Row, error) bool) bool {
	keys := make([]triage.Key, len(part))
	for n, l := range part {
		keys[n] = v.survey.Problems[l.problem].Key
	}
	found, err := fetch(ctx, q, keys, ui.Now(ctx))
	if err != nil {
		yield(export.Row{}, err)
		return false
	}
	for _, l := range part {
		o, ok := rowOf(v.survey, found, l.problem)
		if !ok {
			continue // it recovered a moment ago
		}
		cause := ""
		if o.cause != nil {
			cause = o.cause.Host + " " + word(o.cause)
		}
		cells := []any{o.State.Word, o.Host, o.Service, o.SiteName, o.Since, o.Attempt, o.Cells.Text("plugin_output", o.Index), o.Acked, o.Downtime,
			o.Owner.Name(ctx), o.Owner.Text, cause, int64(o.problem.HiddenHosts), int64(o.problem.HiddenServices)}
		if v.grouped() {
			cells = append([]any{l.group}, cells...)
		}
		if !yield(export.Row{Link: base + o.Path(), Cells: cells}, nil) {
			return false
		}
	}
	return true
}

// offer is what the view can be had as.
func (v view) offer(ctx context.Context) list.Offer {
	o := list.OfferWhole(ctx, "/problems", problemsOf(ctx, v.picture.problems))
	o.Slim = true
	return o
}
