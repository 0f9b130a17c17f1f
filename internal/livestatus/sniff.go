package livestatus

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
)

// sniff tells what sent head, which is not a Livestatus answer, or returns nil
// if it looks like nothing known. where is the address, local our own end's.
func sniff(head []byte, where, local string) *Error {
	line := firstLine(head)
	upper := strings.ToUpper(line)
	switch {
	case helperText(line):
		return xinetdError(line)
	case strings.HasPrefix(upper, "HTTP/") && bytes.Contains(head, []byte("\r\nServer: Icinga/")):
		return &Error{Kind: KindHTTP, icinga: true,
			Cause: fmt.Sprintf("The API of an Icinga 2 answers on %s, not Livestatus.", where),
			Fix:   fmt.Sprintf("It is the better way: use icinga2://user@%s, with user and password of an ApiUser (docs/cores/icinga2.md).", where)}
	case strings.Contains(upper, "SPEAKING PLAIN HTTP TO AN SSL"), bytes.Contains(bytes.ToUpper(head), []byte("HTTP REQUEST WAS SENT TO HTTPS PORT")),
		bytes.Contains(head, []byte("HTTP request to an HTTPS server")), strings.HasPrefix(upper, "HTTP/"),
		strings.HasPrefix(line, "<"), strings.HasPrefix(upper, "<!DOCTYPE"):
		return &Error{Kind: KindHTTP,
			Cause: fmt.Sprintf("A web server answers on %s, not Livestatus.", where),
			Fix:   "Give the port of Livestatus (usually 6557, for Icinga 2 6558), not that of Thruk, the core's web pages or an API."}
	case strings.HasPrefix(line, "SSH-"):
		return &Error{Kind: KindSSH,
			Cause: fmt.Sprintf("An SSH server answers on %s, not Livestatus (%s).", where, clip(line)),
			Fix:   "Give the port of Livestatus, usually 6557; 22 is that of SSH."}
	case len(head) >= 3 && head[0] >= 0x14 && head[0] <= 0x17 && head[1] == 3 && head[2] <= 4:
		return &Error{Kind: KindTLS,
			Cause: fmt.Sprintf("%s speaks TLS, but the address says to talk without.", where),
			Fix:   fmt.Sprintf("Use tls://%s.", where)}
	case strings.HasPrefix(line, "220 "), strings.HasPrefix(line, "220-"), strings.HasPrefix(line, "* OK"), strings.HasPrefix(line, "+OK"),
		strings.HasPrefix(line, "RFB "), strings.HasPrefix(line, "-ERR"), strings.HasPrefix(line, "500 "), strings.HasPrefix(line, "502 "), binary(head):
		return bannerError(line, head, where)
	}
	return nil
}

// helperText reports whether line is what unixcat, socat or nc, started by
// xinetd or systemd for each connection, say when the core's socket fails them.
func helperText(line string) bool {
	return strings.HasPrefix(line, "No UN") || strings.Contains(line, "No UNIX socket") || strings.HasPrefix(line, "Couldn't connect to UNIX-socket") ||
		strings.Contains(line, " socat[") && strings.Contains(line, " E ") || strings.HasPrefix(line, "nc: ") || strings.HasPrefix(line, "unixcat")
}

// xinetdError explains what such a helper leaves in the stream.
func xinetdError(line string) *Error {
	socket := "its socket"
	if _, rest, ok := strings.Cut(line, `"/`); ok {
		path, _, _ := strings.Cut(rest, `"`)
		socket = "/" + path
	} else if _, rest, ok := strings.Cut(line, " /"); ok {
		path, _, _ := strings.Cut(rest, " ")
		socket = "/" + strings.TrimRight(path, ":.,")
	}
	return &Error{Kind: KindXinetd,
		Cause: fmt.Sprintf("The port answers, but the core behind it does not: the helper that xinetd starts cannot use %s.", clip(socket)),
		Fix:   "The core is stopped, restarting, or has not loaded its Livestatus module. If it runs, compare the path in /etc/xinetd.d/livestatus with the one in the core's configuration, and see whether the user in it may use the socket."}
}

// bannerError is for services that are none of those known by name.
func bannerError(line string, head []byte, where string) *Error {
	what := fmt.Sprintf("It says %q.", clip(line))
	if binary(head) {
		what = fmt.Sprintf("Its first bytes are % x.", head[:min(len(head), 8)])
	}
	return &Error{Kind: KindBanner,
		Cause: fmt.Sprintf("Another service answers on %s, not Livestatus. %s", where, what),
		Fix:   "Give the port of Livestatus, usually 6557 (Icinga 2: 6558); 5666 is NRPE, 5665 the Icinga 2 API."}
}

// firstLine returns the first line of text from a core, safe to show.
func firstLine(b []byte) string {
	b = bytes.TrimLeft(b[:min(len(b), 2000)], "\r\n \t")
	if i := bytes.IndexAny(b, "\r\n"); i >= 0 {
		b = b[:i]
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, string(b)))
}

// clip shortens a line from a core for a sentence.
func clip(s string) string {
	r := []rune(s)
	if len(r) <= 200 {
		return s
	}
	return string(r[:199]) + "…"
}

// binary reports whether b is no text.
func binary(b []byte) bool {
	for _, c := range b[:min(len(b), 64)] {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return true
		}
	}
	return false
}
