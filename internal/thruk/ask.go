package thruk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// answerMost bounds one answer of a core as Thruk wraps it, in bytes: all of it
// is in memory at a time.
const answerMost = 1 << 30

// ask hands a Livestatus request to the core of a backend and returns its
// answer. gone: the request may have reached Thruk.
func (c *Client) ask(ctx context.Context, name string, request []byte) (answer []byte, gone bool, err error) {
	type options struct {
		Action     string   `json:"action"`
		Sub        string   `json:"sub"`
		RemoteName string   `json:"remote_name"`
		Backends   []string `json:"backends"`
		Args       []string `json:"args"`
	}
	data, err := json.Marshal(struct {
		Credential string  `json:"credential"`
		Options    options `json:"options"`
	}{c.key, options{"raw", "_raw_query", name, []string{name}, []string{strings.TrimSpace(string(request)) + "\n"}}})
	if err != nil {
		return nil, false, fmt.Errorf("thruk: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/cgi-bin/remote.cgi", strings.NewReader(url.Values{"data": {string(data)}}.Encode()))
	if err != nil {
		return nil, false, fmt.Errorf("thruk: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	// A Thruk with an LMD of its own then has that answer.
	r.Header.Set("Accept", "application/livestatus")
	most := int64(answerMost)
	if c.o.MaxBytes > 0 {
		most = min(most, 2*int64(c.o.MaxBytes))
	}
	body, gone, err := c.do(r, most)
	if err != nil {
		return nil, gone, err
	}
	answer, err = unwrap(body)
	if e, ok := errors.AsType[*replyError](err); ok {
		return nil, true, c.said(e, name)
	}
	if err != nil {
		err = c.noThruk(body, err)
	}
	return answer, true, err
}

// tell hands a command to the core of a backend.
func (c *Client) tell(ctx context.Context, key string, cmd lql.Command) error {
	name, err := c.nameOf(key)
	if err != nil {
		return err
	}
	answer, gone, err := c.ask(ctx, name, cmd.AppendText(nil))
	switch e, ok := errors.AsType[*livestatus.Error](err); {
	case err == nil:
		return objection(answer)
	case ok && gone && !certain(e):
		u := *e
		u.Uncertain = true
		u.Cause += " The command may or may not have been taken."
		u.Fix = "Look whether it had its effect before sending it again."
		return &u
	}
	return err
}

// certain reports whether a command that led to e was surely not taken.
func certain(e *livestatus.Error) bool {
	switch e.Kind {
	case livestatus.KindLogin, livestatus.KindRights, livestatus.KindUnreachable:
		return true
	case livestatus.KindHTTP, livestatus.KindStatus:
		return e.Code >= 300 && e.Code < 500
	}
	return false
}

// objection is what a core has against a command: nothing is consent.
func objection(answer []byte) error {
	said := line(string(answer))
	code, text, ok := strings.Cut(said, ": ")
	switch {
	case said == "" || strings.HasPrefix(said, "200"):
		return nil
	case ok && len(code) == 3 && strings.Trim(code, "0123456789") == "":
		said = text
	}
	return &livestatus.Error{Kind: livestatus.KindStatus, Code: http.StatusBadRequest, Cause: fmt.Sprintf("The core does not take the command: %s.", strings.TrimSuffix(said, ".")), Fix: "See the core's log."}
}

// do sends a request and returns the answer if that is a success. gone: the
// request may have reached Thruk.
func (c *Client) do(r *http.Request, most int64) (body []byte, gone bool, err error) {
	if c.bad != nil {
		return nil, false, c.bad
	}
	var wrote atomic.Bool
	ctx, cancel := context.WithCancelCause(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }}))
	defer cancel(nil)
	defer context.AfterFunc(c.ctx, func() { cancel(errClosed) })()
	r = r.WithContext(ctx)
	r.Header.Set("X-Thruk-Auth-Key", c.key)
	r.Header.Set("User-Agent", "belvedere")
	res, err := c.http.Do(r)
	if err != nil {
		return nil, wrote.Load(), c.unreached(ctx, err)
	}
	defer res.Body.Close()
	body, err = io.ReadAll(io.LimitReader(res.Body, most+1))
	switch {
	case err != nil:
		return nil, true, c.unreached(ctx, err)
	case int64(len(body)) > most:
		return nil, true, &livestatus.Error{Kind: livestatus.KindTooLarge, Cause: fmt.Sprintf("An answer of Thruk is larger than the bound of %d bytes.", most), Fix: "Ask for less at a time, or connect the core directly."}
	case res.StatusCode != http.StatusOK:
		return nil, true, c.refused(res, body)
	}
	return body, true, nil
}

var errClosed = errors.New("thruk: the client was closed")

// unreached is the error of a request that got no answer.
func (c *Client) unreached(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*livestatus.Error](err); ok {
		return e
	}
	var ne net.Error
	switch {
	case ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return &livestatus.Error{Kind: livestatus.KindCanceled, Err: err, Cause: "The request was ended from our side."}
	case ctx.Err() != nil, errors.As(err, &ne) && ne.Timeout():
		return &livestatus.Error{Kind: livestatus.KindSilent, Err: err, Cause: "Thruk did not answer in time.",
			Fix: "It, its web server or the core behind it is overloaded or hangs: look at thruk.log and at the load of its machine."}
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if strings.Contains(err.Error(), "malformed HTTP") {
		return &livestatus.Error{Kind: livestatus.KindBanner, Err: err, Cause: fmt.Sprintf("What answers on port %s does not speak HTTP.", c.o.Port), Fix: "Give the address of Thruk as a browser has it."}
	}
	return &livestatus.Error{Kind: livestatus.KindHangup, Err: err, Cause: "The web server of Thruk ended the connection: " + strings.TrimSuffix(err.Error(), ".") + ".",
		Fix: "It was probably reloaded; see its error log otherwise."}
}

// fixPath is what to do where something else than a Thruk answers.
const fixPath = "Give the address of Thruk as a browser has it: https://host/thruk, for a site of OMD https://host/site/thruk."

// newKey is what to do about a key that is not taken.
const newKey = "Make a new API key on the profile page of Thruk (api_keys_enabled in its configuration)."

// refused makes an error of an answer that is no success.
func (c *Client) refused(res *http.Response, body []byte) error {
	said := pageText(body)
	e := &livestatus.Error{Kind: livestatus.KindHTTP, Code: res.StatusCode, Fix: fixPath}
	switch code := res.StatusCode; {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		e.Kind = livestatus.KindLogin
		e.Cause = fmt.Sprintf("Thruk, or the web server before it, does not take the key (%d%s).", code, behind(said))
		e.Fix = "Make a new API key on the profile page of Thruk. If the web server asks for a password itself, it must let requests with the header X-Thruk-Auth-Key through."
	case code == http.StatusNotFound || code == http.StatusGone:
		e.Cause = fmt.Sprintf("There is no Thruk with a REST API at %s (%d): it is elsewhere, or older than 2.24.", c.o.Address, code)
	case code >= 300 && code < 400:
		to := res.Header.Get("Location")
		e.Cause = fmt.Sprintf("The web server sends us on to %s.", line(to))
		if strings.Contains(to, "login.cgi") || strings.Contains(to, "login") {
			e.Kind = livestatus.KindLogin
			e.Cause = "Thruk asks for a login: the key is not known to it."
			e.Fix = newKey
		}
	case code == http.StatusBadRequest && c.o.Scheme == "http" && plainWords.Match(body):
		e.Kind = livestatus.KindTLS
		e.Cause = fmt.Sprintf("Port %s speaks HTTPS, but the address says http.", c.o.Port)
		e.Fix = "Begin the address with https://."
	case code == http.StatusBadGateway || code == http.StatusServiceUnavailable || code == http.StatusGatewayTimeout:
		e.Kind = livestatus.KindStatus
		e.Cause = fmt.Sprintf("The web server answers, but Thruk behind it does not (%d%s).", code, behind(said))
		e.Fix = "Start it: systemctl start thruk, or omd start SITE. It says why in thruk.log."
	default:
		e.Kind = livestatus.KindStatus
		e.Cause = fmt.Sprintf("Thruk answers with an error (%d%s).", code, behind(said))
		e.Fix = "See thruk.log there."
	}
	return e
}

// noThruk is the error of an answer that no Thruk gives.
func (c *Client) noThruk(body []byte, err error) error {
	e := &livestatus.Error{Kind: livestatus.KindHTTP, Err: err, Cause: fmt.Sprintf("What answers at %s is no Thruk%s.", c.o.Address, behind(pageText(body))), Fix: fixPath}
	if strings.Contains(string(body[:min(len(body), 64<<10)]), "login.cgi") {
		e.Kind, e.Cause = livestatus.KindLogin, "Thruk asks for a login: the key is not known to it."
		e.Fix = newKey
	}
	return e
}

// said explains what Thruk has against a request.
func (c *Client) said(r *replyError, name string) error {
	e := &livestatus.Error{Kind: livestatus.KindStatus, Code: http.StatusBadGateway, Err: r, Fix: "See thruk.log there."}
	said := strings.TrimSuffix(perlPlace.ReplaceAllString(r.text, ""), ".")
	has := func(word string) bool { return strings.Contains(strings.ToLower(said), word) }
	switch {
	case has("authorization failed"):
		e.Kind, e.Cause = livestatus.KindLogin, "Thruk does not take the key: "+said+"."
		e.Fix = newKey
	case has("permission denied"), has("no permission"):
		e.Kind, e.Cause = livestatus.KindRights, "Thruk does not allow that with this key: "+said+"."
		e.Fix = "Use the key of somebody with the roles authorized_for_all_hosts and authorized_for_all_services, and those for commands if they are wanted."
	case has("no such backend"):
		e.Kind, e.Cause = livestatus.KindRights, fmt.Sprintf("Thruk has no site %s any more.", name)
	case has("failed to connect"), has("connection refused"), has("no such file"):
		e.Kind, e.Cause = livestatus.KindUnreachable, fmt.Sprintf("Thruk cannot reach the core %s: %s.", name, said)
		e.Fix = "Look on the page of sites of Thruk, and at the core."
	default:
		e.Cause = fmt.Sprintf("Thruk says of the core %s: %s.", name, said)
	}
	return e
}

// plainWords are how web servers refuse what is not encrypted.
var plainWords = regexp.MustCompile(`(?i)https|ssl`)

// perlPlace is where in Perl something went wrong.
var perlPlace = regexp.MustCompile(` at \S+ line \d+\.?$`)

// behind puts what was said behind a number or a name.
func behind(said string) string {
	if said == "" {
		return ""
	}
	return ": " + said
}
