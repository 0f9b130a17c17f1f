package livestatus

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// DefaultPort is the TCP port of an address without one, by convention.
const DefaultPort = "6557"

// AgentPort is the TCP port on which agents and servers meet, by convention.
const AgentPort = "6560"

// sshPort is the port of an ssh address without one.
const sshPort = "22"

// IcingaPort is the TCP port of an icinga2:// address without one.
const IcingaPort = "5665"

// An Address says where a core listens and how to get there. Scheme is "tcp",
// "tls", "unix", "ssh", "agent", "icinga2" (the REST API of an Icinga 2, over
// TLS), "https" or "http" (a Thruk); Host and Port belong to all but "unix",
// Path to "unix", "ssh" and a Thruk, where it is what its pages begin with. An
// agent has Host and Port where it is reached, or its name as Host when it
// comes to us. The zero Address is not usable.
type Address struct {
	Scheme string
	User   string // for ssh
	Host   string // name or IP address, IPv6 without brackets
	Port   string // decimal
	Path   string // absolute; for ssh on the other machine
	TLS    TLSOptions
	SSH    SSHOptions
}

// SSHOptions say how we show an SSH server who we are and how we know it. The
// zero value uses the keys of the ssh-agent and those usual for the user of
// this program. All are names of files.
type SSHOptions struct {
	Key            string // our private key
	PassphraseFile string // its passphrase
	KnownHosts     string // host keys, besides those that were accepted here
}

// TLSOptions says how a tls:// core is trusted and how we show who we are.
// The zero value checks the certificate against the system's authorities.
type TLSOptions struct {
	CA                 string // PEM file of authorities, "": the system's
	Cert, Key          string // PEM files of our own certificate
	ServerName         string // name to expect in the certificate, "": the address's host
	Fingerprint        string // SHA-256 of the server's certificate in hex, colons allowed: replaces the check against CA
	InsecureSkipVerify bool   // accept any certificate
	// User signs in at an icinga2:// address, with Password or what the file
	// PasswordFile holds; for a Thruk these hold its key. None is ever shown.
	User, Password, PasswordFile string
	// TokenFile holds the token that another Belvedere wants, in one line; "":
	// none is sent.
	TokenFile string
}

// Secret returns the password, from its file if it has one, without line end.
// The error is an [*Error].
func (o *TLSOptions) Secret() (string, error) {
	if o.PasswordFile == "" {
		return o.Password, nil
	}
	b, err := readSmall(o.PasswordFile, 4096)
	if err != nil {
		return "", &Error{Kind: KindAddress, Err: err, Cause: fmt.Sprintf("The file of the password %s cannot be read: %s.", o.PasswordFile, plain(err)), Fix: "Check path and permissions."}
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// Or returns o with what it leaves empty taken from p. What stands in for one
// another is taken together: the password with its file, the certificate with
// its key, and what the server's certificate is checked against.
func (o TLSOptions) Or(p TLSOptions) TLSOptions {
	if o.CA == "" && o.Fingerprint == "" && !o.InsecureSkipVerify {
		o.CA, o.Fingerprint, o.InsecureSkipVerify = p.CA, p.Fingerprint, p.InsecureSkipVerify
	}
	if o.Cert == "" && o.Key == "" {
		o.Cert, o.Key = p.Cert, p.Key
	}
	o.ServerName, o.User, o.TokenFile = cmp.Or(o.ServerName, p.ServerName), cmp.Or(o.User, p.User), cmp.Or(o.TokenFile, p.TokenFile)
	if o.Password == "" && o.PasswordFile == "" {
		o.Password, o.PasswordFile = p.Password, p.PasswordFile
	}
	return o
}

// Secure reports whether TLS is spoken at the address.
func (a Address) Secure() bool {
	return a.Scheme == "tls" || a.Scheme == "icinga2" || a.Scheme == "https"
}

// Thruk reports whether a Thruk is at the address.
func (a Address) Thruk() bool { return a.Scheme == "https" || a.Scheme == "http" }

// webPorts are those of addresses of a Thruk without one.
var webPorts = map[string]string{"https": "443", "http": "80"}

// An AddressError says what is wrong with the text of an address.
type AddressError struct {
	Text string
	Msg  string // no capital, no full stop
	Hint string // what would be right
}

func (e *AddressError) Error() string {
	return fmt.Sprintf("livestatus: address %q: %s", e.Text, e.Msg)
}

const addressForms = "Use tcp://host:6557, tls://host:6557, ssh://user@host/path/to/socket, unix:///path/to/socket, agent://host:6560, icinga2://user@host:5665 or https://host/thruk."

// ParseAddress reads tcp://host:port, tls://host:port, unix:///path,
// ssh://user@host:port/path, icinga2://user@host:port, https://host:port/thruk
// and http, a bare host:port and a bare /path. A tls, icinga2 or https address
// may carry ca, cert, key, server_name, fingerprint and token_file as query
// parameters, an ssh address key, passphrase_file and known_hosts. A missing port
// is [DefaultPort], for ssh 22, for icinga2 [IcingaPort], for a Thruk that of
// HTTP. Errors are [*AddressError].
func ParseAddress(s string) (Address, error) {
	text := strings.TrimSpace(s)
	bad := func(msg, hint string) (Address, error) {
		return Address{}, &AddressError{Text: s, Msg: msg, Hint: hint}
	}
	if text == "" {
		return bad("it is empty", addressForms)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		return bad("it contains a control character", addressForms)
	}
	scheme, rest, found := strings.Cut(text, "://")
	switch {
	case !found && strings.HasPrefix(text, "/"):
		return unixAddress(s, text)
	case !found && strings.HasPrefix(text, "unix:"):
		return unixAddress(s, strings.TrimPrefix(text, "unix:"))
	case !found:
		return hostAddress(s, "tcp", text)
	}
	switch strings.ToLower(scheme) {
	case "tcp", "livestatus":
		return hostAddress(s, "tcp", rest)
	case "tls", "livestatus+tls":
		return hostAddress(s, "tls", rest)
	case "unix":
		return unixAddress(s, rest)
	case "ssh":
		return sshAddress(s, rest)
	case "icinga2":
		return icingaAddress(s, rest)
	case "agent":
		return agentAddress(s, rest)
	case "https", "http":
		return thrukAddress(s, strings.ToLower(scheme), rest)
	}
	return bad(fmt.Sprintf("scheme %q is unknown", scheme), addressForms)
}

func unixAddress(s, p string) (Address, error) {
	if p == "" || p[0] != '/' {
		return Address{}, &AddressError{Text: s, Msg: "the path of a socket starts with /", Hint: "Use unix:///path/to/socket, with three slashes."}
	}
	p = path.Clean(p)
	// The limit of the operating system's socket addresses.
	if len(p) > 107 {
		return Address{}, &AddressError{Text: s, Msg: "the path is longer than the 107 bytes a socket may have", Hint: "Make a symbolic link with a shorter path."}
	}
	return Address{Scheme: "unix", Path: p}, nil
}

func sshAddress(s, rest string) (Address, error) {
	const form = "Use ssh://user@host/path/to/socket, with :port behind the host where it is not 22."
	bad := func(msg, hint string) (Address, error) {
		return Address{}, &AddressError{Text: s, Msg: msg, Hint: hint}
	}
	rest, query, _ := strings.Cut(rest, "?")
	at := strings.IndexByte(rest, '/')
	if at < 0 {
		return bad("the path of the socket on the other machine is missing", form)
	}
	socket, err := unixAddress(s, rest[at:])
	if err != nil {
		return Address{}, err
	}
	user, where, found := strings.Cut(rest[:at], "@")
	switch {
	case !found || user == "":
		return bad("the user on the other machine is missing", form)
	case strings.Contains(user, ":"):
		return bad("an address holds no password", "Let the server accept a key: add its public half to ~/.ssh/authorized_keys of that user.")
	case strings.ContainsAny(user, " %\\\"'") || user[0] == '-':
		return bad("this is not the name of a user", form)
	}
	host, port, err := splitHostPort(where, sshPort)
	if err != nil {
		return bad(err.Error(), form)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strings.ContainsAny(host, "/#@ ") {
		return bad("host and port are not well formed", form)
	}
	a := Address{Scheme: "ssh", User: user, Host: host, Port: port, Path: socket.Path}
	if msg := a.SSH.parse(query); msg != "" {
		return bad(msg, "Known are key, passphrase_file and known_hosts, each with the path of a file on this machine.")
	}
	return a, nil
}

func (o *SSHOptions) parse(query string) (msg string) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "the parameters are not well formed"
	}
	for name, v := range values {
		value := v[len(v)-1]
		if !path.IsAbs(value) {
			return fmt.Sprintf("parameter %q is not the absolute path of a file", name)
		}
		switch name {
		case "key":
			o.Key = value
		case "passphrase_file":
			o.PassphraseFile = value
		case "known_hosts":
			o.KnownHosts = value
		default:
			return fmt.Sprintf("parameter %q is unknown", name)
		}
	}
	return ""
}

// icingaAddress reads what follows icinga2://.
func icingaAddress(s, rest string) (Address, error) {
	const form = "Use icinga2://user@host:5665; the password is given beside the address."
	user := ""
	if i := strings.IndexByte(rest, '@'); i >= 0 && !strings.ContainsAny(rest[:i], "/?#") {
		name, err := url.PathUnescape(rest[:i])
		switch {
		case err != nil || name == "":
			return Address{}, &AddressError{Text: "icinga2://…", Msg: "the user before the @ is not readable", Hint: form}
		case strings.Contains(name, ":"):
			// Not even the error repeats it.
			return Address{}, &AddressError{Text: "icinga2://…", Msg: "a password does not belong into an address, which is shown and logged", Hint: form}
		}
		user, rest = name, rest[i+1:]
	}
	a, err := hostAddress(s, "icinga2", rest)
	a.TLS.User = user
	return a, err
}

// thrukAddress reads what follows https:// or http://. The path is that of
// Thruk's pages, with or without those that programs ask.
func thrukAddress(s, scheme, rest string) (Address, error) {
	const form = "Use https://host/thruk, for a site of OMD https://host/site/thruk; the key is given beside the address."
	rest, query, asked := strings.Cut(rest, "?")
	where, base, _ := strings.Cut(rest, "/")
	if strings.Contains(where, "@") {
		// Not even the error repeats it: a password may stand there.
		return Address{}, &AddressError{Text: scheme + "://…", Msg: "a Thruk is asked with a key, not with a user in the address", Hint: form}
	}
	if strings.ContainsAny(base, "#%\\\"<> ") {
		return Address{}, &AddressError{Text: s, Msg: "the path of Thruk is not well formed", Hint: form}
	}
	if asked {
		where += "?" + query
	}
	a, err := hostAddress(s, scheme, where)
	if err != nil {
		return Address{}, err
	}
	if a.Path = thrukBase(base); a.Path == "/" {
		a.Path = "/thruk"
	}
	return a, nil
}

// thrukBase is the path of Thruk's pages without those that programs ask.
func thrukBase(p string) string {
	p = path.Clean("/" + p)
	for again := true; again; {
		again = false
		for _, page := range [...]string{"/remote.cgi", "/cgi-bin", "/v1", "/r"} {
			if before, ok := strings.CutSuffix(p, page); ok {
				p, again = path.Clean("/"+before), true
			}
		}
	}
	return p
}

func hostAddress(s, scheme, rest string) (Address, error) {
	bad := func(msg, hint string) (Address, error) {
		return Address{}, &AddressError{Text: s, Msg: msg, Hint: hint}
	}
	usual := cmp.Or(webPorts[scheme], DefaultPort)
	if scheme == "icinga2" {
		usual = IcingaPort
	}
	rest, query, _ := strings.Cut(rest, "?")
	rest = strings.TrimSuffix(rest, "/")
	if strings.ContainsAny(rest, "/#@ ") {
		return bad("only a host and a port are allowed", fmt.Sprintf("Use %s://host:%s.", scheme, usual))
	}
	host, port, err := splitHostPort(rest, usual)
	if err != nil {
		return bad(err.Error(), fmt.Sprintf("Use %s://host:%s; an IPv6 address stands in brackets.", scheme, usual))
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return bad(fmt.Sprintf("port %q is not a number from 1 to 65535", port), fmt.Sprintf("Livestatus usually listens on %s, that of Icinga 2 on 6558, its API on %s.", DefaultPort, IcingaPort))
	}
	a := Address{Scheme: scheme, Host: host, Port: port}
	if query == "" {
		return a, nil
	}
	if !a.Secure() {
		return bad("parameters are for tls://, icinga2:// and https:// only", fmt.Sprintf("Use %s://%s.", scheme, rest))
	}
	if msg := a.TLS.parse(query); msg != "" {
		return bad(msg, "Known are ca, cert, key, server_name, fingerprint, token_file and insecure=1.")
	}
	return a, nil
}

// agentAddress reads host:port, or the name of an agent that comes to us.
func agentAddress(s, rest string) (Address, error) {
	if !strings.Contains(rest, ":") {
		if rest == "" || strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return Address{}, &AddressError{Text: s, Msg: "this is not the name of an agent", Hint: "Use agent://host:6560 for an agent that is reached from here; one that comes here gets its address when it joins."}
		}
		return Address{Scheme: "agent", Host: rest}, nil
	}
	if strings.HasSuffix(rest, "]") {
		rest += ":" + AgentPort
	}
	return hostAddress(s, "agent", rest)
}

func splitHostPort(s, usual string) (host, port string, err error) {
	switch {
	case s == "":
		return "", "", errors.New("the host is missing")
	case strings.HasPrefix(s, "["):
		in, after, ok := strings.Cut(s[1:], "]")
		if !ok || net.ParseIP(zoneless(in)) == nil {
			return "", "", errors.New("the brackets do not hold an IPv6 address")
		}
		if after == "" {
			return in, usual, nil
		}
		if after[0] != ':' {
			return "", "", errors.New("behind the bracket comes a colon and the port")
		}
		return in, after[1:], nil
	case strings.Count(s, ":") > 1:
		if net.ParseIP(zoneless(s)) != nil {
			return s, usual, nil
		}
		return "", "", errors.New("there is more than one colon")
	}
	host, port, ok := strings.Cut(s, ":")
	if !ok {
		port = usual
	}
	if host == "" {
		return "", "", errors.New("the host is missing")
	}
	return host, port, nil
}

func zoneless(s string) string {
	ip, _, _ := strings.Cut(s, "%")
	return ip
}

func (o *TLSOptions) parse(query string) (msg string) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "the parameters are not well formed"
	}
	for name, v := range values {
		value := v[len(v)-1]
		switch name {
		case "ca":
			o.CA = value
		case "cert":
			o.Cert = value
		case "key":
			o.Key = value
		case "server_name":
			o.ServerName = value
		case "fingerprint":
			o.Fingerprint = value
		case "token_file":
			o.TokenFile = value
		case "insecure":
			o.InsecureSkipVerify = value == "1" || value == "true"
		default:
			return fmt.Sprintf("parameter %q is unknown", name)
		}
	}
	return ""
}

// String returns the address in its canonical form, without options. It holds
// no secret and [ParseAddress] reads it back.
func (a Address) String() string {
	switch a.Scheme {
	case "unix":
		return "unix://" + a.Path
	case "ssh":
		host := net.JoinHostPort(a.Host, a.Port)
		if a.Port == sshPort {
			host = strings.TrimSuffix(host, ":"+sshPort)
		}
		return "ssh://" + a.User + "@" + host + a.Path
	case "https", "http":
		return a.Scheme + "://" + strings.TrimSuffix(net.JoinHostPort(a.Host, a.Port), ":"+webPorts[a.Scheme]) + a.Path
	case "":
		return ""
	}
	return a.Scheme + "://" + a.network()
}

// network returns host and port as package net takes them, the name alone of an
// agent that comes to us.
func (a Address) network() string {
	if a.Port == "" {
		return a.Host
	}
	return net.JoinHostPort(a.Host, a.Port)
}
