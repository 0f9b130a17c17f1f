package config

import (
	"fmt"
	"os"
	"strings"
)

// Warnings returns what is allowed but unwise, a sentence each without full
// stop.
func (c Config) Warnings() []string {
	w := append([]string(nil), c.notes...)
	proxied := strings.HasPrefix(c.PublicURL, "https://") && len(c.TrustedProxies) > 0
	for _, s := range c.Listen {
		network, _, err := SplitListen(s)
		if err != nil || network == "unix" || c.TLS.Cert != "" || proxied {
			continue
		}
		if host, _, err := splitHostPort(s, true); err == nil && !loopback(host) {
			w = append(w, fmt.Sprintf("%s is reachable from other machines in clear text: passwords can be read on the way (set tls, or public_url and trusted_proxies for a proxy with HTTPS, or listen on 127.0.0.1)", s))
		}
	}
	if c.PublicURL != "" && len(c.TrustedProxies) == 0 && c.TLS.Cert == "" {
		w = append(w, "public_url is set but trusted_proxies is empty: everybody seems to come from the proxy's address, and share its limit of failed sign-ins")
	}
	for _, p := range c.TrustedProxies {
		if p.Bits() == 0 {
			w = append(w, fmt.Sprintf("trusted_proxies has %s: anybody can claim to be any address", p))
		}
	}
	for _, l := range c.Livestatus {
		if l.Network == "tcp" && !l.Secure {
			if host, _, err := splitHostPort(l.Address, true); err == nil && !loopback(host) {
				w = append(w, fmt.Sprintf("%s answers other machines in clear text: what is monitored can be read on the way (use tls://)", l.Listen))
			}
		}
		if l.Commands && l.Network == "tcp" && l.ClientCA == "" && l.As != "" && len(l.Allow) == 0 {
			w = append(w, fmt.Sprintf("every user of this machine can give commands as %s over %s (a unix socket is only for its group)", l.As, l.Listen))
		}
	}
	for _, name := range c.Files {
		if st, err := os.Stat(name); err == nil && st.Mode().Perm()&0o004 != 0 && (len(c.Users) > 0 || c.MetricsToken != "") {
			w = append(w, fmt.Sprintf("%s can be read by every user of this machine, and holds secrets (chmod o-r)", name))
		}
	}
	return w
}
