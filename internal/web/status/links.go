package status

import (
	"context"
	"net/url"
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

// Link returns raw when it is an absolute http or https address, or one to write
// a mail to, and may be offered as a link, else "". Plugins and configurations may hold anything,
// "javascript:" included.
func Link(raw string) string {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return ""
	}
	switch scheme := strings.ToLower(u.Scheme); {
	case u.Host != "" && (scheme == "http" || scheme == "https"), scheme == "mailto" && strings.Contains(u.Opaque, "@"):
		return u.String()
	}
	return ""
}

// Seconds writes a measured time that cores give in seconds: "31 ms",
// "10.0 s".
func Seconds(ctx context.Context, s float64) string {
	return ui.Duration(ctx, time.Duration(s*float64(time.Second)))
}
