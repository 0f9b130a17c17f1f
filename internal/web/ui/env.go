// Package ui holds the parts pages are made of: templ components with the
// markup and classes of the design, and the small functions they need. It
// knows no page, no query and no route.
package ui

import (
	"context"
	"net/url"
	"time"

	"github.com/a-h/templ"

	"belvedere/internal/web/words"
)

// Environment is what components know about the request they are drawn for.
type Environment struct {
	Prefix string         // "" or "/belvedere"
	Now    time.Time      // one clock for the whole page
	Zone   *time.Location // the person's; nil: the server's
	Sprite string         // path of the icons with hash, without prefix
	Path   string         // path of the request, without prefix
	Query  url.Values     // query of the request
	Remote string         // the client's IP address
	Words  *words.Words   // the person's language; nil: English
	// LinkSchemes are schemes of links that cores may give besides the usual.
	LinkSchemes []string
	// Clock12 writes times of day as 3:04 PM.
	Clock12 bool
	// Week is the day with which weeks begin for the person; nil: Monday.
	Week *time.Weekday
	// Still leaves out what changes by itself, such as ages: the browser fills
	// it in. Blocks of live updates are drawn so, which makes equal data equal
	// text.
	Still bool
	// Act says why whoever looks may not act on what is at a site, "" when they
	// may. nil: the page offers no actions at all, as on walls.
	Act func(ctx context.Context, site string) string
	// Shelved is where parts that were drawn before are found again, see [Keep].
	Shelved Shelved
}

// Acts reports whether the page offers to act on what it shows.
func Acts(ctx context.Context) bool { return Env(ctx).Act != nil }

// MayNot returns why whoever looks may not act on what is at a site, "" when
// they may.
func MayNot(ctx context.Context, site string) string {
	if act := Env(ctx).Act; act != nil {
		return Said(ctx, act(ctx, site))
	}
	return ""
}

type envKey struct{}

// WithEnv returns a context that carries e to all components drawn with it.
func WithEnv(ctx context.Context, e *Environment) context.Context {
	return context.WithValue(ctx, envKey{}, e)
}

// Env returns the environment of ctx, an empty one at the present time when
// there is none (tests of single components). The result must not be changed.
func Env(ctx context.Context) *Environment {
	if e, ok := ctx.Value(envKey{}).(*Environment); ok {
		return e
	}
	return &Environment{Now: time.Now()}
}

// Now returns the time at which the page is drawn.
func Now(ctx context.Context) time.Time { return Env(ctx).Now }

// Href returns path, which begins with "/", with the prefix.
func Href(ctx context.Context, path string) templ.SafeURL {
	return templ.SafeURL(Env(ctx).Prefix + path)
}

// ObjectPath returns the address of a host's page, or a service's when service
// is not empty, without prefix.
func ObjectPath(site, host, service string) string {
	if service == "" {
		return "/host/" + url.PathEscape(site) + "/" + url.PathEscape(host)
	}
	return "/service/" + url.PathEscape(site) + "/" + url.PathEscape(host) + "/" + url.PathEscape(service)
}

// ConfigPath returns the address of what is known of a contact, contact group,
// command or time period (the table of its kind) at a site, without prefix.
func ConfigPath(kind, site, name string) string {
	return "/config/" + kind + "/" + url.PathEscape(site) + "/" + url.PathEscape(name)
}

// MapPath returns the address of the map of parents and children around a host,
// without prefix.
func MapPath(site, host string) string {
	return "/map?" + url.Values{"site": {site}, "host": {host}}.Encode()
}
