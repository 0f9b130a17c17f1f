package status

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"belvedere/internal/web/ui"
)

// RowID returns the id of the element that shows one host (service "") or
// service: site|host|service with each part percent-encoded, so that it holds
// no space and equal ids mean equal objects.
func RowID(site, host, service string) string {
	id := url.PathEscape(site) + "|" + url.PathEscape(host)
	if service != "" {
		id += "|" + url.PathEscape(service)
	}
	return id
}

// Link returns raw when it may be offered as a link, else "": an absolute http or
// https address, one to write a mail to, or one of a scheme that the
// configuration of this server allows. Plugins and configurations of cores may
// hold anything, "javascript:" included.
func Link(ctx context.Context, raw string) string {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return ""
	}
	switch scheme := strings.ToLower(u.Scheme); {
	case scheme == "http", scheme == "https":
		if u.Host != "" {
			return u.String()
		}
	case scheme == "mailto":
		if strings.Contains(u.Opaque, "@") {
			return u.String()
		}
	case slices.Contains(ui.Env(ctx).LinkSchemes, scheme) && (u.Host != "" || u.Opaque != ""):
		return u.String()
	}
	return ""
}

// Seconds writes a measured time that cores give in seconds: "31 ms",
// "10.0 s".
func Seconds(ctx context.Context, s float64) string {
	return ui.Duration(ctx, time.Duration(s*float64(time.Second)))
}
