package config

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	memoryLeast    = 64 << 20
	tokenLeast     = 16
	readTokenLeast = 32
	nameMost       = 100 // characters
	idleLeast      = 5 * time.Minute
	rateMost       = 10_000
	holdMost       = 24 * time.Hour
	auditLeast     = 24 * time.Hour
	auditMost      = 36500 * 24 * time.Hour
	intervalLeast  = time.Second
	intervalMost   = time.Hour
)

var (
	userName     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)
	passwordHash = regexp.MustCompile(`^\$argon2id\$v=19\$m=[1-9][0-9]{0,6},t=[1-9][0-9]?,p=[1-9][0-9]?\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$`)
)

// check says what is wrong with values that have the right type.
func (l *loader) check() {
	c := &l.cfg
	l.checkListen(c.Listen)
	if c.Data == "" {
		l.addAt("data", "the data folder is empty", "name a folder that may be written")
	}
	l.checkPair("tls", c.TLS.Cert, c.TLS.Key)
	l.checkPublicURL()
	l.checkDatabase()
	l.checkEmbedParents()
	l.checkLinkSchemes()
	if c.MemoryLimit != 0 && c.MemoryLimit < memoryLeast {
		l.addAt("memory_limit", "this is too little memory", fmt.Sprintf("use at least %dMiB, or 0 for no limit", memoryLeast>>20))
	}
	if n := len(c.MetricsToken); n > 0 && n < tokenLeast {
		l.addAt("metrics_token", "the token is too short", fmt.Sprintf("use at least %d random characters", tokenLeast))
	}
	l.checkTokens()
	l.checkChoice("log.level", c.Log.Level, "debug", "info", "warn", "error")
	l.checkChoice("log.format", c.Log.Format, "text", "json")
	if c.Sessions.Idle < idleLeast {
		l.addAt("sessions.idle", "people would be signed out while they read", "use at least 5m")
	}
	if c.Sessions.Max < c.Sessions.Idle {
		l.addAt("sessions.max", "this is shorter than sessions.idle", "use at least as long")
	}
	l.checkCommands()
	l.checkAgents()
	if c.AuditKeep < auditLeast || c.AuditKeep > auditMost {
		l.addAt("audit_keep", "the audit cannot be kept for that time", "use 1d to 36500d")
	}
	l.checkSites()
	l.checkUsers()
	l.checkLivestatus()
}

func (l *loader) checkTokens() {
	for i, t := range l.cfg.Tokens {
		path := fmt.Sprintf("tokens.%d", i)
		switch same := func(o Token) bool { return o.Token == t.Token }; {
		case len(t.Token) < readTokenLeast || strings.ContainsFunc(t.Token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
			l.addAt(path, "this is no token", fmt.Sprintf("use at least %d random letters and digits: openssl rand -hex 32", readTokenLeast))
		case slices.ContainsFunc(l.cfg.Tokens[:i], same):
			l.addAt(path+".token", "this token is there twice", "use one for each program")
		}
		if !userName.MatchString(t.As) {
			l.addAt(path, "nobody is named whose rights count for this token", "add as: with the user name of a person")
		}
	}
}

func (l *loader) checkCommands() {
	c := &l.cfg.Commands
	for class, roles := range map[string][]string{"ordinary": c.Ordinary, "configuring": c.Configuring, "dangerous": c.Dangerous} {
		for i, role := range roles {
			l.checkChoice(fmt.Sprintf("commands.%s.%d", class, i), role, "admin", "operator", "viewer")
		}
	}
	if c.Rate < 1 || c.Rate > rateMost {
		l.addAt("commands.rate", "this is no rate a core takes", fmt.Sprintf("use 1 to %d commands a second", rateMost))
	}
	if c.Hold < time.Second || c.Hold > holdMost {
		l.addAt("commands.hold", "an order cannot wait that long", "use 1s to 24h")
	}
	if c.SeenWithin < time.Second || c.SeenWithin > time.Hour {
		l.addAt("commands.seen_within", "this is no time in which an effect shows", "use 1s to 1h")
	}
	if _, err := regexp.Compile(c.Ticket); err != nil {
		l.addAt("commands.ticket", fmt.Sprintf("%q is no regular expression", c.Ticket), "write one like [A-Z]+-[0-9]+")
	}
	if c.WarnAbove < 1 {
		l.addAt("commands.warn_above", "this is no number of objects", "use 1 or more")
	}
}

func (l *loader) checkAgents() {
	c := l.cfg.Agents
	if c.Listen != "" {
		if _, _, err := splitHostPort(c.Listen, true); err != nil {
			l.addAt("agents.listen", fmt.Sprintf("%q is not an address to listen on", c.Listen), "write it like 0.0.0.0:6560, or :6560 for all addresses")
		}
	}
	if c.Address == "" {
		return
	}
	if host, _, err := splitHostPort(c.Address, false); err != nil || host == "" {
		l.addAt("agents.address", fmt.Sprintf("%q is not an address that agents can dial", c.Address), "write host:port, as the monitoring servers see this machine")
	} else if c.Listen == "" {
		l.addAt("agents.address", "agents cannot come here: nothing listens", "add listen: :6560")
	}
}

func (l *loader) checkChoice(path, value string, choices ...string) {
	if !slices.Contains(choices, value) {
		l.addAt(path, fmt.Sprintf("%q is not possible here", value), "use one of "+strings.Join(choices, ", "))
	}
}

func (l *loader) checkListen(list []string) {
	if len(list) == 0 {
		l.addAt("listen", "there is no address to listen on", "write listen: 127.0.0.1:8080")
	}
	for i, s := range list {
		path := fmt.Sprintf("listen.%d", i)
		if slices.Contains(list[:i], s) {
			l.addAt(path, fmt.Sprintf("%q is there twice", s), "remove one")
		} else if _, _, err := SplitListen(s); err != nil {
			l.addAt(path, err.Msg, err.Hint)
		}
	}
}

// SplitListen turns one web address of [Config.Listen] into what [net.Listen]
// takes. The error is nil, or says what an address looks like.
func SplitListen(s string) (network, address string, bad *Error) {
	wrong := &Error{File: "listen", Msg: fmt.Sprintf("%q is not an address to listen on", s), Hint: "write host:port, like 127.0.0.1:8080 or [::1]:8080, or the path of a unix socket"}
	if path, ok := strings.CutPrefix(s, "unix://"); ok {
		s = path
	}
	if strings.Contains(s, "/") {
		if strings.Contains(s, "://") || !utf8.ValidString(s) {
			return "", "", wrong
		}
		return "unix", s, nil
	}
	if _, _, err := splitHostPort(s, true); err != nil {
		return "", "", wrong
	}
	return "tcp", s, nil
}

// splitHostPort wants a port from 0 or 1 to 65535, and a host that can be one.
func splitHostPort(s string, zero bool) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, errSyntax
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 0 || port == 0 && !zero || port > 65535 || text[0] == '+' {
		return "", 0, errSyntax
	}
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return host, port, nil
	}
	if strings.ContainsFunc(host, func(r rune) bool {
		return !(unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '.' || r == '_')
	}) {
		return "", 0, errSyntax
	}
	return host, port, nil
}

// checkPair wants a certificate with its key, or none of them.
func (l *loader) checkPair(path, cert, key string) {
	if (cert == "") != (key == "") {
		l.addAt(path, "a certificate needs its key", "set both cert and key, or none")
	}
	c, certRead := l.checkFile(path+".cert", cert)
	k, keyRead := l.checkFile(path+".key", key)
	if !certRead || !keyRead {
		return
	}
	if _, err := tls.X509KeyPair(c, k); err != nil {
		l.addAt(path+".cert", oneLine(strings.TrimPrefix(err.Error(), "tls: ")), "cert is a PEM file with the certificate and its chain, key one with the key that belongs to it")
	}
}

// checkAuthority wants a file with at least one certificate.
func (l *loader) checkAuthority(path, name string) {
	if text, ok := l.checkFile(path, name); ok && !x509.NewCertPool().AppendCertsFromPEM(text) {
		l.addAt(path, fmt.Sprintf("%s has no certificate in it", name), "name a PEM file with the certificate of the authority")
	}
}

// checkFile reads a file; ok is false if there is none or it cannot be read.
func (l *loader) checkFile(path, name string) (text []byte, ok bool) {
	if name == "" {
		return nil, false
	}
	if st, err := os.Stat(name); err == nil && !st.Mode().IsRegular() {
		l.addAt(path, fmt.Sprintf("%s is not a file", name), "name a PEM file")
		return nil, false
	}
	text, err := readFile(name)
	if err != nil {
		l.addAt(path, fmt.Sprintf("%s cannot be read: %v", name, err), "check the path and the permissions of the user that runs belvedere")
		return nil, false
	}
	return text, true
}

func (l *loader) checkPublicURL() {
	s := l.cfg.PublicURL
	if s == "" {
		return
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(s, "#") {
		l.addAt("public_url", fmt.Sprintf("%q is not an address of this server", s), "write it like https://monitoring.example.org/belvedere")
		return
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "443")
	}
	if _, _, err := splitHostPort(host, false); err != nil || u.Hostname() == "" || strings.Contains(u.Path, "//") || strings.Contains(u.Path, "/..") {
		l.addAt("public_url", fmt.Sprintf("%q is not an address of this server", s), "write it like https://monitoring.example.org/belvedere")
		return
	}
	l.cfg.PublicURL = strings.TrimRight(s, "/")
}

func (l *loader) checkDatabase() {
	s := l.cfg.Database
	switch {
	case s == "":
	case strings.HasPrefix(s, "postgres://"), strings.HasPrefix(s, "postgresql://"):
		l.addAt("database", "PostgreSQL is not supported yet", "leave it empty: the store is then SQLite in the data folder")
	default:
		l.addAt("database", "this is not a database that is supported", "leave it empty: the store is then SQLite in the data folder")
	}
}

func (l *loader) checkSites() {
	seen := map[string]string{}
	for i := range l.cfg.Sites {
		s, path := &l.cfg.Sites[i], fmt.Sprintf("sites.%d", i)
		l.checkName(path+".name", s.Name, "site", seen)
		if msg := badSection(s.Section); msg != "" {
			l.addAt(path+".section", msg, "write it like Europe/Germany")
		}
		l.checkAddresses(s, path)
		l.checkPair(path+".tls", s.TLS.Cert, s.TLS.Key)
		l.checkAuthority(path+".tls.ca", s.TLS.CA)
		l.checkFingerprint(path+".tls.fingerprint", &s.TLS.Fingerprint)
		if s.TLS != (SiteTLS{}) && !slices.ContainsFunc(s.Addresses, usesTLS) {
			l.addAt(path+".tls", "no address of this site uses TLS", "write the address as tls://host:6557, or remove tls")
		}
		l.checkLogin(path, s)
		if s.Interval != 0 && (s.Interval < intervalLeast || s.Interval > intervalMost) {
			l.addAt(path+".interval", "the interval is out of bounds", "use 1s to 1h, or leave it out")
		}
	}
}

// checkName wants a name that is there, printable and unique.
func (l *loader) checkName(path, name, what string, seen map[string]string) {
	switch {
	case name == "":
		l.addAt(path, fmt.Sprintf("this %s has no name", what), "add name: …")
		return
	case utf8.RuneCountInString(name) > nameMost || strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl) || !utf8.ValidString(name):
		l.addAt(path, fmt.Sprintf("the name of this %s is too long, or has spaces around it or control characters", what), fmt.Sprintf("use at most %d characters", nameMost))
		return
	}
	fold := strings.ToLower(name)
	if before, ok := seen[fold]; ok {
		p := l.places[before]
		l.addAt(path, fmt.Sprintf("there is a %s %q already at %s:%d", what, name, p.file, p.line), "names must differ in more than upper and lower case")
		return
	}
	seen[fold] = path
}

func badSection(s string) string {
	if s == "" {
		return ""
	}
	for part := range strings.SplitSeq(s, "/") {
		if strings.TrimSpace(part) != part || part == "" {
			return "a part of the section is empty or has spaces around it"
		}
	}
	if utf8.RuneCountInString(s) > 3*nameMost || strings.ContainsFunc(s, unicode.IsControl) {
		return "the section is too long or has control characters"
	}
	return ""
}

func (l *loader) checkAddresses(s *Site, path string) {
	if len(s.Addresses) == 0 {
		l.addAt(path, fmt.Sprintf("the site %q has no address", s.Name), "add address: tcp://host:6557")
	}
	for i, a := range s.Addresses {
		at := fmt.Sprintf("%s.addresses.%d", path, i)
		if slices.Contains(s.Addresses[:i], a) {
			l.addAt(at, fmt.Sprintf("%q is there twice", a), "remove one")
		} else if msg := badAddress(a); msg != "" {
			l.addAt(at, msg, "write it like tcp://host:6557, tls://host:6557 or unix:///var/cache/naemon/live")
		}
	}
}

// badAddress looks at the shape only: what an address means in detail is known
// to those who connect.
func badAddress(a string) string {
	scheme, rest, ok := strings.Cut(a, "://")
	switch {
	case a == "":
		return "the address is empty"
	case !utf8.ValidString(a) || strings.ContainsFunc(a, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }):
		return fmt.Sprintf("the address %q has spaces or control characters", a)
	case !ok && strings.HasPrefix(a, "/"):
		return ""
	case !ok:
		if host, _, err := splitHostPort(a, false); err != nil || host == "" {
			return fmt.Sprintf("%q is not an address", a)
		}
		return ""
	case scheme == "unix":
		if !strings.HasPrefix(rest, "/") {
			return fmt.Sprintf("the path in %q does not begin with a slash", a)
		}
	case scheme == "ssh":
		user, where, _ := strings.Cut(rest, "@")
		host, path, _ := strings.Cut(where, "/")
		if user == "" || host == "" || path == "" {
			return fmt.Sprintf("%q has no user, no host or no path", a)
		}
	case scheme == "icinga2":
		user, host, signed := strings.Cut(rest, "@")
		if !signed {
			user, host = "", rest
		}
		if strings.Contains(user, ":") {
			return "a password does not belong into an address, which is shown and logged"
		}
		if h, _, err := splitHostPort(host, false); err != nil || h == "" {
			return fmt.Sprintf("%q has no host, no port, or something after them", a)
		}
	case scheme == "https", scheme == "http":
		host, _, _ := strings.Cut(rest, "/")
		if strings.Contains(host, "@") {
			return "a Thruk is asked with a key, which is given as password and not in the address"
		}
		if host, _, _ = strings.Cut(host, "?"); host != "" && !strings.Contains(host, ":") || strings.HasSuffix(host, "]") {
			host += ":443"
		}
		if h, _, err := splitHostPort(host, false); err != nil || h == "" {
			return fmt.Sprintf("%q has no host, or no port behind the colon", a)
		}
	case scheme == "tcp", scheme == "tls":
		if host, _, err := splitHostPort(rest, false); err != nil || host == "" {
			return fmt.Sprintf("%q has no host, no port, or something after them", a)
		}
	default:
		return fmt.Sprintf("an address that begins with %q cannot be read by this version", scheme+"://")
	}
	return ""
}

func usesTLS(a string) bool {
	return strings.HasPrefix(a, "tls://") || strings.HasPrefix(a, "icinga2://") || strings.HasPrefix(a, "https://")
}

// signsIn reports whether a password is asked for at an address, at that of a
// Thruk as its key.
func signsIn(a string) bool {
	return strings.HasPrefix(a, "icinga2://") || strings.HasPrefix(a, "https://") || strings.HasPrefix(a, "http://")
}

// checkLogin wants user and password only where somebody asks for them.
func (l *loader) checkLogin(path string, s *Site) {
	switch {
	case s.Password != "" && s.PasswordFile != "":
		l.addAt(path+".password_file", "there is a password already", "leave out password or password_file")
	case s.User+s.Password+s.PasswordFile != "" && !slices.ContainsFunc(s.Addresses, signsIn):
		l.addAt(path, "no address of this site asks for a user or a key", "write the address as icinga2://host:5665 or https://host/thruk, or remove user and password")
	}
}

// checkFingerprint takes hexadecimal with or without colons and keeps it
// without.
func (l *loader) checkFingerprint(path string, s *string) {
	if *s == "" {
		return
	}
	bare := strings.ToLower(strings.ReplaceAll(*s, ":", ""))
	if b, err := hex.DecodeString(bare); err != nil || len(b) != 32 {
		l.addAt(path, "this is not a SHA-256 fingerprint", "it has 64 hexadecimal digits; belvedere site test prints it")
		return
	}
	*s = bare
}

func (l *loader) checkUsers() {
	seen := map[string]string{}
	for i := range l.cfg.Users {
		u, path := &l.cfg.Users[i], fmt.Sprintf("users.%d", i)
		l.checkName(path+".name", u.Name, "user", seen)
		if u.Name != "" && !userName.MatchString(u.Name) {
			l.addAt(path+".name", fmt.Sprintf("%q cannot be a user name", u.Name), "use letters, digits and . _ - @, up to 64, with a letter or digit first")
		}
		if utf8.RuneCountInString(u.DisplayName) > nameMost || strings.ContainsFunc(u.DisplayName, unicode.IsControl) {
			l.addAt(path+".display_name", "the display name is too long or has control characters", fmt.Sprintf("use at most %d characters", nameMost))
		}
		if u.Role == "" {
			u.Role = "viewer"
		}
		l.checkChoice(path+".role", u.Role, "admin", "operator", "viewer")
		switch {
		case u.PasswordHash == "":
			l.addAt(path, fmt.Sprintf("the user %q has no password_hash", u.Name), "make one with: belvedere user hash")
		case !passwordHash.MatchString(u.PasswordHash):
			l.addAt(path+".password_hash", "this is not an argon2id hash", "make one with: belvedere user hash")
		}
		l.checkContact(path+".contact", u.Contact)
		for _, site := range slices.Sorted(maps.Keys(u.Contacts)) {
			if site == "" {
				l.addAt(path+".contacts", "a contact has no site", "write the site's name before the colon")
			}
			l.checkContact(path+".contacts."+site, u.Contacts[site])
		}
	}
}

func (l *loader) checkContact(path, name string) {
	if utf8.RuneCountInString(name) > 2*nameMost || strings.TrimSpace(name) != name || strings.ContainsRune(name, ';') || strings.ContainsFunc(name, unicode.IsControl) {
		l.addAt(path, fmt.Sprintf("%q cannot be the name of a contact", name), "use the name as the core's configuration has it")
	}
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// embedParent is scheme, host and port as a Content-Security-Policy takes them:
// nothing that could end the directive.
var embedParent = regexp.MustCompile(`^https?://(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$`)

// checkEmbedParents wants scheme and host of each.
func (l *loader) checkEmbedParents() {
	for i, p := range l.cfg.EmbedParents {
		if !embedParent.MatchString(p) {
			l.addAt(fmt.Sprintf("embed_parents.%d", i), fmt.Sprintf("%q is not the address of a server", p),
				"write scheme and host without a path, like https://intranet.example.org or https://*.example.org")
		}
	}
}

// linkScheme is a scheme as RFC 3986 has it, without the colon.
var linkScheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]{0,30}$`)

// harmful are the schemes that run what a link holds in the browser, or read
// what is on the person's machine.
var harmful = []string{"javascript", "data", "file", "vbscript", "blob", "filesystem", "about", "view-source"}

// checkLinkSchemes writes the schemes in lower case and refuses harmful ones.
func (l *loader) checkLinkSchemes() {
	for i, scheme := range l.cfg.LinkSchemes {
		scheme = strings.ToLower(scheme)
		l.cfg.LinkSchemes[i] = scheme
		switch at := fmt.Sprintf("link_schemes.%d", i); {
		case slices.Contains(harmful, scheme):
			l.addAt(at, fmt.Sprintf("links of the scheme %s are never offered", scheme),
				"remove it: whoever writes notes at a core could run programs in the browsers of those who read them, or read their files")
		case !linkScheme.MatchString(scheme):
			l.addAt(at, fmt.Sprintf("%q is not a scheme of links", scheme), "write what stands before the colon of an address, like ssh, rdp or vnc")
		}
	}
}
