package config

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

const connectionsMost = 10_000

func (l *loader) checkLivestatus() {
	var seen []string
	for i := range l.cfg.Livestatus {
		path := fmt.Sprintf("livestatus.%d", i)
		text := l.cfg.Livestatus[i].Listen
		if text == "" {
			l.addAt(path, "this listener has no address", "add listen: tcp://127.0.0.1:6557 or unix:///run/belvedere/live")
			continue
		}
		parsed, err := parseLivestatus(text)
		if e, ok := err.(*Error); ok {
			l.addAt(path+".listen", e.Msg, e.Hint)
			continue
		}
		if slices.Contains(seen, parsed.Address) {
			l.addAt(path+".listen", fmt.Sprintf("%q is there twice", text), "remove one")
		}
		seen = append(seen, parsed.Address)
		c := &l.cfg.Livestatus[i]
		c.Network, c.Address, c.Secure = parsed.Network, parsed.Address, parsed.Secure
		l.checkGiver(path, *c)
		l.checkReach(path, *c)
	}
}

// checkGiver wants a person behind every command.
func (l *loader) checkGiver(path string, c Livestatus) {
	switch {
	case c.As != "" && !userName.MatchString(c.As):
		l.addAt(path+".as", fmt.Sprintf("%q cannot be a user name", c.As), "write the user name of a person, as on the page of people")
	case c.Commands && c.As == "" && c.ClientCA == "" && !slices.ContainsFunc(c.Tokens, func(t LivestatusToken) bool { return t.As != "" }):
		l.addAt(path+".commands", "nobody is named in whose name commands are given here", "add as: with the user name of a person, whose rights then count for queries too, or client_ca")
	case c.CommandErrors && !c.Commands:
		l.addAt(path+".command_errors", "this listener takes no commands", "add commands: true, or remove command_errors")
	}
}

// checkReach wants it known who reaches a listener, and how.
func (l *loader) checkReach(path string, c Livestatus) {
	switch {
	case !c.Secure && len(c.Tokens) > 0:
		l.addAt(path+".tokens", "a token would travel in clear text here", "write the address like tls://0.0.0.0:6557")
	case c.ClientCA != "" && len(c.Tokens) > 0:
		l.addAt(path+".tokens", "there are tokens and client certificates", "use one of them, or a second listener")
	case !c.Secure && (c.TLS != TLS{} || c.ClientCA != ""):
		l.addAt(path+".listen", "there are certificates, but this address is not encrypted", "write it like tls://0.0.0.0:6557")
	case c.Secure && (c.TLS == TLS{}) && l.cfg.TLS.Cert == "":
		l.addAt(path+".listen", "there is no certificate for this address", "add tls: with cert and key here, or for the web")
	case c.Network == "unix" && len(c.Allow) > 0:
		l.addAt(path+".allow", "who reaches a socket has no network", "say by group: who may, or remove allow")
	case c.Network != "unix" && c.Group != "":
		l.addAt(path+".group", "this address is no socket file", "remove group")
	case c.Group != "":
		l.checkGroup(path+".group", c.Group)
	}
	l.checkLivestatusTokens(path, c.Tokens)
	l.checkPair(path+".tls", c.TLS.Cert, c.TLS.Key)
	l.checkAuthority(path+".client_ca", c.ClientCA)
	l.checkChoice(path+".unknown_columns", cmp.Or(c.UnknownColumns, "error"), "error", "empty", "null")
	if c.Connections < 0 || c.Connections > connectionsMost {
		l.addAt(path+".connections", "so many connections cannot be served", fmt.Sprintf("use 1 to %d, or 0 for 100", connectionsMost))
	}
	for i, name := range c.Sites {
		if strings.TrimSpace(name) == "" {
			l.addAt(fmt.Sprintf("%s.sites.%d", path, i), "this site has no name", "write the name of a site")
		}
	}
	host, _, err := splitHostPort(c.Address, true)
	if c.Network == "unix" || err != nil || loopback(host) {
		return
	}
	switch {
	case len(c.Allow) == 0 && c.ClientCA == "" && len(c.Tokens) == 0:
		l.addAt(path+".listen", fmt.Sprintf("%q would answer everybody who reaches it, because Livestatus has no sign-in", c.Listen),
			"add allow: with the networks of the clients, or client_ca or tokens on a tls:// address; or listen on loopback or a unix socket")
	case c.Commands && c.ClientCA == "" && len(c.Tokens) == 0 && !c.CommandsWithoutCertificate:
		l.addAt(path+".commands", "anybody in the allowed networks could give commands here", "add client_ca or tokens on a tls:// address, or commands_without_certificate: true if you mean it")
	}
}

// checkGroup wants a group that this machine has.
func (l *loader) checkGroup(path, name string) {
	if _, err := user.LookupGroup(name); err != nil {
		l.addAt(path, fmt.Sprintf("there is no group %q on this machine", name), "create it with groupadd, or write the group whose members may use the socket, as in /etc/group")
	}
}

// checkLivestatusTokens wants a name and a hash for each token, and keeps the
// hash in lower case.
func (l *loader) checkLivestatusTokens(path string, tokens []LivestatusToken) {
	for i := range tokens {
		t, at := &tokens[i], fmt.Sprintf("%s.tokens.%d", path, i)
		t.Hash = strings.ToLower(t.Hash)
		b, err := hex.DecodeString(t.Hash)
		switch {
		case strings.TrimSpace(t.Name) == "":
			l.addAt(at, "this token has no name", "add name: with who has it")
		case err != nil || len(b) != 32:
			l.addAt(at, fmt.Sprintf("the token of %q has no hash, or one that is no SHA-256", t.Name), "add hash: with its 64 hexadecimal digits: printf %s TOKEN | sha256sum")
		case slices.ContainsFunc(tokens[:i], func(o LivestatusToken) bool { return o.Hash == t.Hash }):
			l.addAt(at+".hash", "this token is there twice", "use one for each client")
		case t.As != "" && !userName.MatchString(t.As):
			l.addAt(at+".as", fmt.Sprintf("%q cannot be a user name", t.As), "write the user name of a person, as on the page of people")
		}
	}
}

// ListenLivestatus parses one address of a Livestatus listener as the command
// line takes it: "tcp://127.0.0.1:6557", "unix:///run/belvedere/live", or these
// without a scheme. Only loopback and unix sockets are allowed there, because
// Livestatus asks nobody who they are. The error is an [*Error] without a
// place.
func ListenLivestatus(listen string) (Livestatus, error) {
	l, err := parseLivestatus(listen)
	if err != nil || l.Network == "unix" {
		return l, err
	}
	if l.Secure {
		return l, &Error{File: "livestatus", Msg: fmt.Sprintf("%q needs a certificate", listen), Hint: "write this listener in the configuration file"}
	}
	if host, _, err := splitHostPort(l.Address, true); err != nil || !loopback(host) {
		return l, &Error{
			File: "livestatus",
			Msg:  fmt.Sprintf("%q would answer everybody who reaches it, because Livestatus has no sign-in and no encryption", listen),
			Hint: "listen on loopback or a unix socket, or write this listener in the configuration file, with allow: or client_ca:",
		}
	}
	return l, nil
}

// parseLivestatus reads the address of a listener.
func parseLivestatus(listen string) (Livestatus, error) {
	const form = "write it like tcp://127.0.0.1:6557, tls://0.0.0.0:6557 or unix:///run/belvedere/live"
	l := Livestatus{Listen: listen}
	scheme, rest, ok := strings.Cut(listen, "://")
	if !ok {
		scheme, rest = "tcp", listen
		if strings.HasPrefix(listen, "/") {
			scheme = "unix"
		}
	}
	switch scheme {
	case "unix":
		if !filepath.IsAbs(rest) || strings.ContainsFunc(rest, unicode.IsControl) {
			return l, &Error{File: "livestatus", Msg: fmt.Sprintf("%q is not an address to listen on", listen), Hint: form}
		}
		l.Network, l.Address = "unix", filepath.Clean(rest)
		return l, nil
	case "tcp", "tls":
		if _, _, err := splitHostPort(rest, true); err != nil {
			return l, &Error{File: "livestatus", Msg: fmt.Sprintf("%q is not an address to listen on", listen), Hint: form}
		}
		l.Network, l.Address, l.Secure = "tcp", rest, scheme == "tls"
		return l, nil
	}
	return l, &Error{File: "livestatus", Msg: fmt.Sprintf("nobody can listen on %q", listen), Hint: form}
}
