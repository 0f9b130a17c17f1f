package web

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
)

// publicURL is where people reach the server.
type publicURL struct {
	prefix string // "" or "/belvedere"
	origin string // "https://monitoring.example.org", "" when unknown
	https  bool
}

// parsePublic splits the configured public URL.
func parsePublic(s string) (publicURL, error) {
	if s == "" {
		return publicURL{}, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return publicURL{}, fmt.Errorf("web: public_url %q: write it like https://monitoring.example.org/belvedere", s)
	}
	return publicURL{prefix: cleanPrefix(u.EscapedPath()), origin: u.Scheme + "://" + u.Host, https: u.Scheme == "https"}, nil
}

// cleanPrefix returns p with one slash before and none behind, "" for the root
// and for what is no plain path.
func cleanPrefix(p string) string {
	p = strings.Trim(p, "/")
	if p == "" {
		return ""
	}
	for _, c := range p {
		if !(c == '/' || c == '-' || c == '_' || c == '.' || c == '~' || c == '%' || isAlnum(c)) {
			return ""
		}
	}
	if strings.Contains(p, "//") || strings.Contains(p, "..") {
		return ""
	}
	return "/" + p
}

func isAlnum(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// origin is what the server knows about the way a request came.
type origin struct {
	prefix string
	remote string // IP address of the client
	https  bool
}

// trace works out the way of r: X-Forwarded-* headers count only when they
// come from a trusted proxy. It changes r's Host to the one the client asked.
func (s *Server) trace(r *http.Request) origin {
	o := origin{prefix: s.public.prefix, remote: peer(r), https: r.TLS != nil || s.public.https}
	if !s.trusted(o.remote) {
		return o
	}
	o.remote = s.client(r, o.remote)
	if p := lastOf(r.Header, "X-Forwarded-Proto"); p != "" {
		o.https = p == "https"
	}
	if h := lastOf(r.Header, "X-Forwarded-Host"); validHost(h) {
		r.Host = h
	}
	if s.public.origin == "" {
		if p := lastOf(r.Header, "X-Forwarded-Prefix"); p != "" {
			o.prefix = cleanPrefix(p)
		}
	}
	return o
}

// BaseURL returns the address under which whoever sent r reaches the server,
// with the prefix and without a slash at its end.
func BaseURL(r *http.Request) string {
	s := from(r)
	if s.server != nil && s.server.public.origin != "" {
		return s.server.public.origin + s.origin.prefix
	}
	scheme := "http://"
	if s.origin.https {
		scheme = "https://"
	}
	return scheme + r.Host + s.origin.prefix
}

// peer returns the address at the other end of the connection; a unix socket
// counts as loopback.
func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "127.0.0.1"
	}
	return host
}

// trusted reports whether ip is one of the configured proxies.
func (s *Server) trusted(ip string) bool {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	a = a.Unmap().WithZone("")
	for _, p := range s.opt.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// client returns the rightmost address of X-Forwarded-For that is not one of
// our proxies, peer when there is none.
func (s *Server) client(r *http.Request, peer string) string {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		a, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		peer = a.Unmap().String()
		if !s.trusted(peer) {
			break
		}
	}
	return peer
}

// lastOf returns the last value of a comma-separated header: the one our own
// proxy added.
func lastOf(h http.Header, name string) string {
	vs := h.Values(name)
	if len(vs) == 0 {
		return ""
	}
	v := vs[len(vs)-1]
	if i := strings.LastIndexByte(v, ','); i >= 0 {
		v = v[i+1:]
	}
	return strings.TrimSpace(v)
}

// validHost reports whether h can be a Host header.
func validHost(h string) bool {
	if h == "" || len(h) > 255 {
		return false
	}
	for _, c := range h {
		if !(isAlnum(c) || strings.ContainsRune(".-:[]_", c)) {
			return false
		}
	}
	return true
}

// stripPrefix returns r with its path below the prefix. Proxies may send paths
// with or without it.
func stripPrefix(r *http.Request, prefix string) *http.Request {
	if prefix == "" {
		return r
	}
	p := r.URL.Path
	if p != prefix && !strings.HasPrefix(p, prefix+"/") {
		return r
	}
	r2 := new(http.Request)
	*r2 = *r
	u := *r.URL
	u.Path = orRoot(strings.TrimPrefix(p, prefix))
	u.RawPath = strings.TrimPrefix(r.URL.RawPath, prefix)
	r2.URL = &u
	return r2
}

// cleanPath returns an escaped path without empty and dotted elements. ServeMux
// would lead there, too, but knows of no prefix.
func cleanPath(p string) string {
	clean := path.Clean("/" + p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}

func withQuery(p, query string) string {
	if query == "" {
		return p
	}
	return p + "?" + query
}

func orRoot(p string) string {
	if p == "" {
		return "/"
	}
	return p
}
