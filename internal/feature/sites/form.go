package sites

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/site"
	"belvedere/internal/web/ui"
)

// A form is what a person entered about a site, with what is wrong with it.
type form struct {
	Name, Section, Addresses  string // Addresses: one per line
	CA, Cert, Key, ServerName string
	Fingerprint, TokenFile    string
	Accept                    string // SSH host key that a test may accept
	User, Password            string // the password is never shown again
	Interval                  string // seconds, "" the default
	Errors                    map[string]string
}

// The fields of the form that can be wrong.
const (
	fieldName      = "name"
	fieldAddresses = "addresses"
	fieldInterval  = "interval"
	fieldSection   = "section"
	fieldPrint     = "fingerprint"
	fieldToken     = "token_file"
)

// Bounds of what is entered.
const (
	maxName      = 100
	maxSection   = 200
	maxAddresses = 10
	maxInterval  = 3600 // seconds
)

// readForm takes what was entered. "trust" is the certificate or SSH host key
// that a test saw and the person trusts.
func readForm(v url.Values) form {
	get := func(name string) string { return strings.TrimSpace(v.Get(name)) }
	f := form{
		Name: get(fieldName), Section: get(fieldSection), Addresses: get(fieldAddresses),
		CA: get("ca"), Cert: get("cert"), Key: get("key"), ServerName: get("server_name"),
		Fingerprint: get(fieldPrint), TokenFile: get(fieldToken), User: get("user"), Password: v.Get("password"), Interval: get(fieldInterval), Errors: map[string]string{},
	}
	if t := get("trust"); livestatus.IsHostKey(t) {
		f.Accept = t
	} else if t != "" {
		f.Fingerprint = t
	}
	return f
}

// formOf is the form of an existing site.
func formOf(s site.Spec) form {
	f := form{
		Name: s.Name, Section: s.Section, Addresses: strings.Join(s.Addresses, "\n"),
		CA: s.TLS.CA, Cert: s.TLS.Cert, Key: s.TLS.Key, ServerName: s.TLS.ServerName, Fingerprint: s.TLS.Fingerprint, User: s.TLS.User, TokenFile: s.TLS.TokenFile,
	}
	if s.Interval > 0 {
		f.Interval = strconv.FormatFloat(s.Interval.Seconds(), 'f', -1, 64)
	}
	return f
}

// spec returns what the form describes; ok is false when Errors says what is
// wrong. A test needs no name.
//
// A token file is only kept: what the web names would be read with the rights of
// the server and sent to where the web says. old is the site as it is.
func (f *form) spec(ctx context.Context, old site.Spec, test bool) (s site.Spec, ok bool) {
	s = site.Spec{Key: old.Key, Name: f.Name, Section: strings.Trim(f.Section, "/ ")}
	s.TLS = livestatus.TLSOptions{CA: f.CA, Cert: f.Cert, Key: f.Key, ServerName: f.ServerName, Fingerprint: f.Fingerprint,
		User: f.User, Password: f.Password, TokenFile: f.TokenFile}
	if test {
		s.Accept = f.Accept
	}
	switch {
	case f.Name == "" && !test:
		f.Errors[fieldName] = ui.T(ctx, "Give the site the name people know it by.")
	case len(f.Name) > maxName || strings.ContainsFunc(f.Name, control):
		f.Errors[fieldName] = ui.T(ctx, "name must be at most %d bytes, on one line.", maxName)
	}
	if len(f.Section) > maxSection || strings.ContainsFunc(f.Section, control) {
		f.Errors[fieldSection] = ui.T(ctx, "section must be at most %d bytes, on one line.", maxSection)
	}
	if p := strings.ReplaceAll(f.Fingerprint, ":", ""); p != "" && (len(p) != 64 || strings.Trim(strings.ToLower(p), "0123456789abcdef") != "") {
		f.Errors[fieldPrint] = ui.T(ctx, "fingerprint must be 64 hexadecimal digits, colons allowed.")
	}
	for _, line := range strings.Split(f.Addresses, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			s.Addresses = append(s.Addresses, line)
		}
	}
	f.checkAddresses(ctx, s.Addresses)
	if namesToken(s, old) {
		f.Errors[fieldToken] = ui.T(ctx, "A token file is named on the command line (belvedere site add --token-file) or in the configuration; here it is only kept, with the addresses it had.")
	}
	if f.Interval != "" {
		n, err := strconv.ParseFloat(f.Interval, 64)
		if err != nil || n < 0 || n > maxInterval {
			f.Errors[fieldInterval] = ui.T(ctx, "interval must be a number of seconds from 0 to %d.", maxInterval)
		}
		s.Interval = time.Duration(n * float64(time.Second))
	}
	return s, len(f.Errors) == 0
}

// namesToken reports whether s has a token file that old does not send to the
// same addresses.
func namesToken(s, old site.Spec) bool {
	for _, text := range s.Addresses {
		a, err := livestatus.ParseAddress(text)
		named := s.TLS.TokenFile != "" || err == nil && a.TLS.TokenFile != ""
		if named && (s.TLS.TokenFile != old.TLS.TokenFile || !slices.Contains(old.Addresses, text)) {
			return true
		}
	}
	return false
}

func (f *form) checkAddresses(ctx context.Context, addresses []string) {
	switch {
	case len(addresses) == 0:
		f.Errors[fieldAddresses] = ui.T(ctx, "Where does it listen? For example tcp://10.1.2.3:6557 or unix:///var/cache/naemon/live.")
		return
	case len(addresses) > maxAddresses:
		f.Errors[fieldAddresses] = ui.T(ctx, "addresses must be at most %d.", maxAddresses)
		return
	}
	for _, a := range addresses {
		_, err := livestatus.ParseAddress(a)
		var bad *livestatus.AddressError
		if errors.As(err, &bad) {
			f.Errors[fieldAddresses] = fmt.Sprintf("%q: %s. %s", a, ui.Said(ctx, bad.Msg), ui.Said(ctx, bad.Hint))
			return
		}
	}
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// hasTLS reports whether any field of the certificates is set.
func (f form) hasTLS() bool {
	return f.CA+f.Cert+f.Key+f.ServerName+f.Fingerprint+f.User+f.TokenFile+f.Errors[fieldPrint] != ""
}
