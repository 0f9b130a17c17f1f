package object

import (
	"context"
	"fmt"
	"net/http"

	"belvedere/internal/lql"
	"belvedere/internal/search"
	"belvedere/internal/web"
	"belvedere/internal/web/export"
	"belvedere/internal/web/list"
	"belvedere/internal/web/ui"
)

// copies are the forms in which an object can be copied.
func copies() []string { return []string{"text", "markdown", "link", "curl", "livestatus"} }

// offer is what the object can be copied as.
func (o Object) offer() list.Offer {
	return list.Offer{Forms: copies(), One: true, Text: func(form string) string { return o.Path() + "/copy?as=" + form }}
}

// ServeCopy serves GET of the object as a text to copy; active is the entry of
// the menu.
func ServeCopy(w http.ResponseWriter, r *http.Request, o Object, active string) error {
	ctx := r.Context()
	form, err := web.OneOf(r, "as", copies()...)
	if err != nil {
		return err
	}
	t := list.Text{Active: active, Title: o.offer().Title(ctx, ui.Visible(o.Name()), form), Back: []ui.Crumb{{Label: o.Name(), Path: o.Path()}}}
	switch form {
	case "link":
		t.Text = web.BaseURL(r) + o.Path() + "\n"
	case "curl":
		t.Text, t.Note = list.Curl(r, o.exportPath()), list.CurlNote(ctx)
	case "livestatus":
		t.Text, t.Note = string(o.query().AppendText(nil)), list.LivestatusNote(ctx)
	default:
		if t.Text, err = o.written(ctx, form, web.BaseURL(r)+o.Path()); err != nil {
			return fmt.Errorf("object: copy: %w", err)
		}
	}
	return list.ShowText(w, r, t)
}

// exportPath returns the address of the object as a file, without prefix.
func (o Object) exportPath() string {
	terms := []search.Expr{search.Eq("host", o.Host), search.Eq("site", o.Site)}
	if o.Service != "" {
		terms = append(terms, search.Eq("service", o.Service))
	}
	return search.Path("/"+o.Table+"/export", terms...) + "&format=json"
}

// query asks for what one wants to know first of the object.
func (o Object) query() *lql.Query {
	usual := []string{"state", "state_type", "plugin_output", "long_plugin_output", "perf_data", "last_check", "last_state_change", "acknowledged", "scheduled_downtime_depth"}
	q := lql.Get("hosts", append([]string{"name"}, usual...)...).Where(lql.Eq("peer_key", o.Site), lql.Eq("name", o.Host))
	if o.Service != "" {
		q = lql.Get("services", append([]string{"host_name", "description"}, usual...)...).
			Where(lql.Eq("peer_key", o.Site), lql.Eq("host_name", o.Host), lql.Eq("description", o.Service))
	}
	q.ColumnHeaders = lql.On
	return q
}

// written returns the object as a table of facts with the address of its page
// below: what belongs into a ticket or a mail.
func (o Object) written(ctx context.Context, form, address string) (string, error) {
	what := ui.T(ctx, "Host")
	if o.Service != "" {
		what = ui.T(ctx, "Service")
	}
	t := export.Table{Title: o.Name(), Zone: list.Zone(ctx), Columns: []export.Column{{Key: "fact", Label: what}, {Key: "value", Label: o.Name()}}}
	t.Rows = func(yield func(export.Row, error) bool) {
		for _, f := range o.facts(ctx) {
			if f[1] != "" && !yield(export.Row{Cells: []any{f[0], f[1]}}, nil) {
				return
			}
		}
	}
	text, err := list.Written(form, t)
	if form == "markdown" {
		address = "<" + address + ">"
	}
	return text + "\n" + address + "\n", err
}

// facts are what to tell about the object, with their labels.
func (o Object) facts(ctx context.Context) [][2]string {
	state := o.State.Word
	if o.State.Problem() {
		kind := ui.T(ctx, "hard, attempt")
		if o.Soft {
			kind = ui.T(ctx, "soft, attempt")
		}
		state += ", " + kind + " " + o.Attempt
	}
	at := func(unix int64) string {
		if unix <= 0 {
			return ""
		}
		return ui.Exact(ctx, unix)
	}
	out := [][2]string{{ui.T(ctx, "State"), state}, {ui.T(ctx, "Since"), at(o.Since.Unix())}}
	if o.Service != "" {
		out = append(out, [2]string{ui.T(ctx, "State of the host"), o.HostState.Word})
	}
	out = append(out,
		[2]string{ui.T(ctx, "Output"), o.Output},
		[2]string{ui.T(ctx, "Site"), o.SiteName},
		[2]string{ui.T(ctx, "Address"), o.Address},
		[2]string{ui.T(ctx, "Last check"), at(o.Int("last_check"))},
		[2]string{ui.T(ctx, "Owner"), o.Owner.Name(ctx)},
		[2]string{ui.T(ctx, "Note"), o.Owner.Text},
		[2]string{ui.T(ctx, "Notes"), o.notes()})
	for _, l := range o.Links {
		out = append(out, [2]string{l.page(ctx), l.URL})
	}
	return out
}
