package recurring

import (
	"context"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"belvedere/internal/recur"
	"belvedere/internal/web/ui"
)

// example is a filter.
const example = "hostgroup:linux site:Berlin"

func scopeOptions(ctx context.Context) (out []ui.Option) {
	for _, k := range recur.Scopes() {
		out = append(out, ui.Option{Value: k, Label: scopeLabel(ctx, k)})
	}
	return out
}

func reachOptions(ctx context.Context) (out []ui.Option) {
	for _, k := range recur.Reaches() {
		out = append(out, ui.Option{Value: k, Label: reachLabel(ctx, k)})
	}
	return out
}

func kindOptions(ctx context.Context) (out []ui.Option) {
	for _, k := range recur.Kinds() {
		out = append(out, ui.Option{Value: k, Label: kindLabel(ctx, k)})
	}
	return out
}

// siteOptions are the sites to choose from; all of them only for groups.
func siteOptions(ctx context.Context, v formView) []ui.Option {
	out := []ui.Option{{Value: "", Label: ui.T(ctx, "all sites (groups only)"), Selected: v.Site == ""}}
	known := v.Site == ""
	for _, s := range v.Sites {
		out = append(out, ui.Option{Value: s.Key, Label: ui.Visible(s.Name), Selected: s.Key == v.Site})
		known = known || s.Key == v.Site
	}
	if !known {
		out = append(out, ui.Option{Value: v.Site, Label: ui.Visible(v.Site), Selected: true})
	}
	return out
}

func nthOptions(ctx context.Context, v formView) (out []ui.Option) {
	for _, n := range []int{1, 2, 3, 4, 5, -1} {
		out = append(out, ui.Option{Value: strconv.Itoa(n), Label: ordinal(ctx, n), Selected: v.Nth == strconv.Itoa(n)})
	}
	return out
}

func weekdayOptions(ctx context.Context, v formView) (out []ui.Option) {
	for _, d := range weekdaysOf(ctx) {
		out = append(out, ui.Option{Value: strconv.Itoa(d), Label: weekday(ctx, d), Selected: v.Weekday == strconv.Itoa(d)})
	}
	return out
}

// capital begins a sentence.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// leftOut lists the days that are left out.
func leftOut(s recur.Spec) string { return strings.Join(s.Except, ", ") }

// bannerClass is the tone of a banner about a rule.
func bannerClass(s sign) string {
	if s.class == "" {
		return "plan"
	}
	return s.class
}

// some names a few of the objects that a rule matches.
func some(p recur.Preview) string {
	var names []string
	for _, t := range p.Found.Targets {
		name := ui.Visible(t.Host)
		if t.Service != "" {
			name += " / " + ui.Visible(t.Service)
		}
		if names = append(names, name); len(names) == 3 {
			break
		}
	}
	if len(p.Found.Targets) > len(names) {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// elsewhere reports whether the person's clock shows another time.
func elsewhere(ctx context.Context, o recur.Occurrence) bool {
	_, theirs := o.Start.Zone()
	_, own := o.Start.In(ui.Zone(ctx)).Zone()
	return theirs != own
}
