package thruk

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// smallMost bounds the answers about Thruk itself, in bytes.
const smallMost = 16 << 20

// A backend is one of Thruk's, as its REST API lists them.
type backend struct {
	key, name, section string
	fault              string // why it cannot be asked, "" when it can
}

// version asks Thruk for its version.
func (c *Client) version(ctx context.Context) (string, error) {
	var about struct {
		Version string `json:"thruk_version"`
	}
	if err := c.rest(ctx, "/r/v1/thruk", &about); err != nil {
		return "", err
	}
	if about.Version == "" {
		return "", &livestatus.Error{Kind: livestatus.KindHTTP, Cause: fmt.Sprintf("What answers at %s is no Thruk: it does not tell a version of it.", c.o.Address), Fix: fixPath}
	}
	return about.Version, nil
}

// sites asks Thruk for its backends, and remembers their names.
func (c *Client) sites(ctx context.Context) ([]backend, error) {
	var rows []map[string]any
	if err := c.rest(ctx, "/r/v1/sites", &rows); err != nil {
		return nil, err
	}
	var all []backend
	names := map[string]string{}
	for _, r := range rows {
		b := backend{key: text(r["id"]), name: text(r["name"]), section: text(r["section"])}
		if b.key == "" || text(r["type"]) == "configonly" {
			continue
		}
		if b.section == "Default" { // what Thruk calls none
			b.section = ""
		}
		if text(r["status"]) != "0" {
			b.fault = cmp.Or(strings.TrimSpace(text(r["last_error"])), "It is not connected.")
		}
		names[b.key] = b.name
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b backend) int { return cmp.Compare(a.name, b.name) })
	c.mu.Lock()
	c.names = names
	for key, in := range c.cores {
		if _, ok := names[key]; !ok {
			_ = in.Close() // has no connections of its own
			delete(c.cores, key)
		}
	}
	c.mu.Unlock()
	return all, nil
}

// text is a value of an answer, of which Perl writes some as numbers at times.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// table is a table sites as a Belvedere has one.
func table(all []backend) *lql.Result {
	names := []string{"key", "name", "section", "state", "cause"}
	r := &lql.Result{Rows: len(all), Total: len(all), Scanned: len(all), Vectors: make([]lql.Vector, len(names))}
	for i, name := range names {
		r.Vectors[i] = lql.Vector{Name: name, Kind: lql.Texts}
	}
	for _, b := range all {
		state := "fresh"
		if b.fault != "" {
			state = "down"
		}
		for i, v := range []string{b.key, b.name, b.section, state, b.fault} {
			r.Vectors[i].Texts = append(r.Vectors[i].Texts, v)
		}
	}
	return r
}

// rest reads an answer of the REST API into v.
func (c *Client) rest(ctx context.Context, path string, v any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return fmt.Errorf("thruk: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	body, _, err := c.do(r, smallMost)
	if err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return c.noThruk(body, err)
	}
	return nil
}
