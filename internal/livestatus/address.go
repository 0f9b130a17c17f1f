package livestatus

import (
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

// An Address says where a core listens and how to get there. Scheme is "tcp",
// "tls", "unix" or "agent"; Host and Port belong to the first two, Path to the
// third. An agent has Host and Port where it is reached, or its name as Host
// when it comes to us. The zero Address is not usable.
type Address struct {
	Scheme string
	Host   string // name or IP address, IPv6 without brackets
	Port   string // decimal
	Path   string // absolute
	TLS    TLSOptions
}

// TLSOptions says how a tls:// core is trusted and how we show who we are.
// The zero value checks the certificate against the system's authorities.
type TLSOptions struct {
	CA                 string // PEM file of authorities, "": the system's
	Cert, Key          string // PEM files of our own certificate
	ServerName         string // name to expect in the certificate, "": the address's host
	Fingerprint        string // SHA-256 of the server's certificate in hex, colons allowed: replaces the check against CA
	InsecureSkipVerify bool   // accept any certificate
}

// An AddressError says what is wrong with the text of an address.
type AddressError struct {
	Text string
	Msg  string // no capital, no full stop
	Hint string // what would be right
}

func (e *AddressError) Error() string {
	return fmt.Sprintf("livestatus: address %q: %s", e.Text, e.Msg)
}

const addressForms = "Use tcp://host:6557, tls://host:6557, unix:///path/to/socket or agent://host:6560."

// ParseAddress reads tcp://host:port, tls://host:port, unix:///path, a bare
// host:port and a bare /path. A tls address may carry ca, cert, key,
// server_name and fingerprint as query parameters. A missing port is
// [DefaultPort]. Errors are [*AddressError].
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
		return bad("ssh is not in this version", "Forward the socket yourself (ssh -L /run/core.sock:/var/cache/naemon/live host) and use unix:///run/core.sock.")
	case "icinga2":
		return bad("the Icinga 2 API is not in this version", "Enable Icinga 2's livestatus feature and use tcp://host:6558 or unix:///run/icinga2/cmd/livestatus.")
	case "agent":
		return agentAddress(s, rest)
	case "https", "http":
		return bad(strings.ToLower(scheme)+" is not in this version", "Thruk and REST addresses come later. "+addressForms)
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

func hostAddress(s, scheme, rest string) (Address, error) {
	bad := func(msg, hint string) (Address, error) {
		return Address{}, &AddressError{Text: s, Msg: msg, Hint: hint}
	}
	rest, query, _ := strings.Cut(rest, "?")
	rest = strings.TrimSuffix(rest, "/")
	if strings.ContainsAny(rest, "/#@ ") {
		return bad("only a host and a port are allowed", fmt.Sprintf("Use %s://host:%s.", scheme, DefaultPort))
	}
	host, port, err := splitHostPort(rest)
	if err != nil {
		return bad(err.Error(), fmt.Sprintf("Use %s://host:%s; an IPv6 address stands in brackets.", scheme, DefaultPort))
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return bad(fmt.Sprintf("port %q is not a number from 1 to 65535", port), fmt.Sprintf("Livestatus usually listens on %s, Icinga 2 on 6558.", DefaultPort))
	}
	a := Address{Scheme: scheme, Host: host, Port: port}
	if query == "" {
		return a, nil
	}
	if scheme != "tls" {
		return bad("parameters are for tls:// only", fmt.Sprintf("Use %s://%s.", scheme, rest))
	}
	if msg := a.TLS.parse(query); msg != "" {
		return bad(msg, "Known are ca, cert, key, server_name, fingerprint and insecure=1.")
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

func splitHostPort(s string) (host, port string, err error) {
	switch {
	case s == "":
		return "", "", errors.New("the host is missing")
	case strings.HasPrefix(s, "["):
		in, after, ok := strings.Cut(s[1:], "]")
		if !ok || net.ParseIP(zoneless(in)) == nil {
			return "", "", errors.New("the brackets do not hold an IPv6 address")
		}
		if after == "" {
			return in, DefaultPort, nil
		}
		if after[0] != ':' {
			return "", "", errors.New("behind the bracket comes a colon and the port")
		}
		return in, after[1:], nil
	case strings.Count(s, ":") > 1:
		if net.ParseIP(zoneless(s)) != nil {
			return s, DefaultPort, nil
		}
		return "", "", errors.New("there is more than one colon")
	}
	host, port, ok := strings.Cut(s, ":")
	if !ok {
		port = DefaultPort
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
		case "insecure":
			o.InsecureSkipVerify = value == "1" || value == "true"
		default:
			return fmt.Sprintf("parameter %q is unknown", name)
		}
	}
	return ""
}

// String returns the address in its canonical form, without TLS options. It
// holds no secret and [ParseAddress] reads it back.
func (a Address) String() string {
	switch a.Scheme {
	case "unix":
		return "unix://" + a.Path
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
