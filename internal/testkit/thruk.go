package testkit

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// thrukWait is how long a Thruk waits for a core: one that is told to keep the
// connection open does not end its answer.
const thrukWait = 10 * time.Second

// A ThrukSite is one of a Thruk's backends.
type ThrukSite struct {
	Key, Name, Section string
	Network, Address   string // of a core's Livestatus, as package net has it
	Type               string // "": livestatus
}

// A ThrukKey is an API key and what its owner may do.
type ThrukKey struct {
	User  string
	Roles []string
}

// A Thruk answers as Thruk 3 does what other programs ask of it over HTTP: the
// lists of its REST API that say what it is, whose the key is and which backends
// there are, and Livestatus requests for one of these at remote.cgi. The zero
// Thruk has no sites and takes no key. Its methods are safe for concurrent use.
type Thruk struct {
	Prefix string // of its pages; "": /thruk

	mu    sync.Mutex
	sites []ThrukSite
	keys  map[string]ThrukKey
	asked []string // Livestatus requests, newest last
}

// Set changes the sites and the keys.
func (t *Thruk) Set(sites []ThrukSite, keys map[string]ThrukKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sites, t.keys = slices.Clone(sites), keys
}

// Asked returns the Livestatus requests that came so far.
func (t *Thruk) Asked() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.asked)
}

// thrukVersion is which one is imitated.
const thrukVersion = "3.20"

// ServeHTTP implements [http.Handler].
func (t *Thruk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	prefix := t.Prefix
	if prefix == "" {
		prefix = "/thruk"
	}
	path, ours := strings.CutPrefix(r.URL.Path, prefix)
	if !ours {
		http.NotFound(w, r)
		return
	}
	if path == "/cgi-bin/remote.cgi" {
		t.remote(w, r)
		return
	}
	path, rest := strings.CutPrefix(path, "/r")
	if !rest {
		http.Redirect(w, r, prefix+"/cgi-bin/login.cgi?thruk", http.StatusFound)
		return
	}
	who, ok := t.key(r.Header.Get("X-Thruk-Auth-Key"))
	if !ok {
		thrukJSON(w, http.StatusForbidden, map[string]any{"failed": true, "code": 403, "message": "wrong authentication key", "description": ""})
		return
	}
	switch strings.TrimPrefix(path, "/v1") {
	case "/thruk":
		thrukJSON(w, 200, map[string]any{"rest_version": 1, "thruk_version": thrukVersion, "thruk_release_date": "January 1, 2025", "localtime": float64(time.Now().UnixMilli()) / 1000})
	case "/thruk/whoami":
		thrukJSON(w, 200, map[string]any{"id": who.User, "roles": who.Roles, "groups": []string{}, "locked": false})
	case "/sites":
		thrukJSON(w, 200, t.list())
	default:
		thrukJSON(w, http.StatusNotFound, map[string]any{"failed": true, "code": 404, "message": "unknown rest path: " + path})
	}
}

func thrukJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // the client is gone
}

func (t *Thruk) key(text string) (ThrukKey, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, ok := t.keys[text]
	return k, ok
}

// list is /sites: each backend is asked whether it answers.
func (t *Thruk) list() []map[string]any {
	t.mu.Lock()
	sites := slices.Clone(t.sites)
	t.mu.Unlock()
	out := []map[string]any{}
	for _, s := range sites {
		kind, status, fault := s.Type, 0, ""
		if kind == "" {
			kind = "livestatus"
			if _, err := s.ask("GET status\n"); err != nil {
				status, fault = 1, "ERROR: "+err.Error()
			}
		}
		section := s.Section
		if section == "" {
			section = "Default"
		}
		out = append(out, map[string]any{"id": s.Key, "name": s.Name, "section": section, "type": kind, "addr": s.Address, "status": status, "last_error": fault,
			"connected": 1 - status, "federation_key": []string{s.Key}, "federation_name": []string{s.Name}, "federation_addr": []string{s.Address}, "federation_type": []string{kind}})
	}
	return out
}

// ask sends a request to the core as Thruk does, with a line end behind it, and
// reads until the core ends the connection.
func (s ThrukSite) ask(request string) ([]byte, error) {
	c, err := net.Dial(s.Network, s.Address)
	if err != nil {
		return nil, fmt.Errorf("failed to connect - failed to open socket %s: %w", s.Address, err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(thrukWait)); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, request+"\n"); err != nil {
		return nil, err
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok && strings.HasPrefix(request, "COMMAND") {
		if err := half.CloseWrite(); err != nil {
			return nil, err
		}
	}
	return io.ReadAll(c)
}

// remote is remote.cgi with a raw request.
func (t *Thruk) remote(w http.ResponseWriter, r *http.Request) {
	var data struct {
		Credential string
		Options    struct {
			Action, Sub string
			RemoteName  string `json:"remote_name"`
			Args        []string
		}
	}
	failed := func(text string) { thrukJSON(w, 200, map[string]any{"rc": 1, "output": text, "version": thrukVersion}) }
	if err := json.Unmarshal([]byte(r.PostFormValue("data")), &data); err != nil {
		http.Error(w, "<html><title>Internal Server Error</title></html>", http.StatusInternalServerError)
		return
	}
	who, ok := t.key(data.Credential)
	switch o := data.Options; {
	case !ok:
		failed("authorization failed, http://" + r.Host + r.URL.Path + " does not accept this key.\n")
		return
	case o.Action != "raw" || o.Sub != "_raw_query" || len(o.Args) != 1:
		failed("FAILED - no such command: " + o.Action + ".\n")
		return
	case strings.HasPrefix(o.Args[0], "COMMAND") && slices.Contains(who.Roles, "authorized_for_read_only"):
		failed("permission denied - sending commands requires admin permissions.")
		return
	}
	t.mu.Lock()
	i := slices.IndexFunc(t.sites, func(s ThrukSite) bool { return s.Name == data.Options.RemoteName })
	var s ThrukSite
	if i >= 0 {
		s = t.sites[i]
	}
	t.asked = append(t.asked, data.Options.Args[0])
	t.mu.Unlock()
	if i < 0 {
		http.Error(w, "<html><head><title>no such backend: "+data.Options.RemoteName+"</title></head></html>", http.StatusInternalServerError)
		return
	}
	answer, err := s.ask(data.Options.Args[0])
	output := []any{nil, nil, nil, nil}
	if err != nil {
		output[3] = "ERROR: " + err.Error() + " at /usr/share/thruk/lib/Thruk/Backend/Pool.pm line 263."
	} else {
		output[1], output[2] = len(answer), latin(answer)
	}
	thrukJSON(w, 200, map[string]any{"rc": 0, "version": thrukVersion, "branch": "", "output": output})
}

// latin takes each byte for a letter, as Perl does with what it read from a
// socket.
func latin(b []byte) string {
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return string(r)
}
