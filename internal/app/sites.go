package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"belvedere/internal/agent"
	"belvedere/internal/auth"
	"belvedere/internal/config"
	"belvedere/internal/db"
	"belvedere/internal/livestatus"
	"belvedere/internal/site"
	"belvedere/internal/web"
)

// demoMeta is the store's note that invented sites were asked for on the first
// page; they come back with each start until one of them is removed.
const demoMeta = "demo"

// Sites are all sites there are: from the file, from the store, and the
// invented ones of a demo. It is the sites room's Manager. Safe for concurrent
// use.
type Sites struct {
	db      *db.DB
	manager *site.Manager
	agents  *agent.Hub
	config  func() config.Config
	demo    *demoCores
	log     *slog.Logger

	mu    sync.Mutex
	file  []site.Spec
	known map[string]site.Spec // by key, as last applied
	codes map[string]shownCode // by their ids
}

// notes keeps what the manager of the sites notes in the store.
type notes struct{ db *db.DB }

// Note implements [site.Notes].
func (n notes) Note(ctx context.Context, key string) (string, error) { return n.db.Meta(ctx, key) }

// SetNote implements [site.Notes].
func (n notes) SetNote(ctx context.Context, key, text string) error {
	return n.db.Write(ctx, func(tx *db.Tx) error { return tx.SetMeta(ctx, key, text) })
}

// siteKey returns the key of the configuration's site with that name.
func siteKey(sites []config.Site, name string) string {
	for _, s := range sites {
		if strings.EqualFold(s.Name, name) {
			return fileKey(s.Name)
		}
	}
	return db.SiteKey(name)
}

// fileKey is the key of a provisioned site: the same with each start.
func fileKey(name string) string { return db.SiteKey(name) }

// provisioned takes over the sites of the configuration file; sync starts
// them.
func (s *Sites) provisioned(sites []config.Site) {
	specs := make([]site.Spec, 0, len(sites))
	for i, c := range sites {
		specs = append(specs, site.Spec{
			Key: fileKey(c.Name), Name: c.Name, Section: c.Section, Addresses: c.Addresses,
			TLS: livestatus.TLSOptions{CA: c.TLS.CA, Cert: c.TLS.Cert, Key: c.TLS.Key, ServerName: c.TLS.ServerName, Fingerprint: c.TLS.Fingerprint,
				User: c.User, Password: c.Password, PasswordFile: c.PasswordFile, TokenFile: c.TLS.TokenFile},
			Interval: c.Interval, Paused: c.Paused, Provisioned: true, Position: i,
		})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.file = specs
}

// sync makes the running sites those of file, store and demo. It is cheap when
// nothing changed.
func (s *Sites) sync(ctx context.Context) error {
	stored, err := s.db.Sites(ctx)
	if err != nil {
		return err
	}
	if err := s.agents.Sync(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	specs := slices.Clone(s.file)
	specs = append(specs, s.demo.specs()...)
	names, keys := map[string]bool{}, map[string]bool{}
	for _, spec := range specs {
		names[strings.ToLower(spec.Name)], keys[spec.Key] = true, true
	}
	for _, st := range stored {
		spec := fromStore(st)
		// The file wins over a stored site of the same name.
		if names[strings.ToLower(spec.Name)] || keys[spec.Key] {
			continue
		}
		specs = append(specs, spec)
	}
	known := make(map[string]site.Spec, len(specs))
	for _, spec := range specs {
		known[spec.Key] = spec
	}
	s.known = known
	s.manager.Apply(specs)
	return nil
}

func fromStore(st db.Site) site.Spec {
	return site.Spec{
		Key: st.Key, Name: st.Name, Section: st.Section, Addresses: st.Addresses,
		TLS: livestatus.TLSOptions{CA: st.TLS.CA, Cert: st.TLS.Cert, Key: st.TLS.Key, ServerName: st.TLS.ServerName, Fingerprint: st.TLS.Fingerprint,
			User: st.TLS.User, Password: st.TLS.Password, PasswordFile: st.TLS.PasswordFile, TokenFile: st.TLS.TokenFile},
		Interval: st.Interval, Paused: st.Paused, Position: 1000 + st.Position,
	}
}

func toStore(spec site.Spec) db.Site {
	return db.Site{
		Key: spec.Key, Name: spec.Name, Section: spec.Section, Addresses: spec.Addresses,
		TLS: db.SiteTLS{CA: spec.TLS.CA, Cert: spec.TLS.Cert, Key: spec.TLS.Key, ServerName: spec.TLS.ServerName, Fingerprint: spec.TLS.Fingerprint,
			User: spec.TLS.User, Password: spec.TLS.Password, PasswordFile: spec.TLS.PasswordFile, TokenFile: spec.TLS.TokenFile},
		Interval: spec.Interval, Paused: spec.Paused,
	}
}

// List returns all sites in their order, with their health.
func (s *Sites) List(context.Context) ([]site.Status, error) { return s.manager.Sites(), nil }

// Test diagnoses the way to spec's first address. The report names a site that
// looks like the same core.
func (s *Sites) Test(ctx context.Context, spec site.Spec, step func(livestatus.Step)) livestatus.Report {
	return s.manager.Test(ctx, spec, step)
}

// Add keeps a new site and starts it.
func (s *Sites) Add(ctx context.Context, by auth.Actor, spec site.Spec) (string, error) {
	if err := CheckSpec(spec); err != nil {
		return "", err
	}
	if s.nameTaken(spec.Name, "") {
		return "", web.Conflict("There is a site called "+spec.Name+" already", "Choose another name, or change that site.")
	}
	spec.Key = ""
	stored, err := s.db.AddSite(ctx, toStore(spec), by.Audit("site.add", spec.Name, strings.Join(spec.Addresses, " ")))
	if err != nil {
		return "", err
	}
	return stored.Key, s.sync(ctx)
}

// Update changes a site that is kept in the store.
func (s *Sites) Update(ctx context.Context, by auth.Actor, spec site.Spec) error {
	if err := CheckSpec(spec); err != nil {
		return err
	}
	if err := s.changeable(spec.Key); err != nil {
		return err
	}
	if s.nameTaken(spec.Name, spec.Key) {
		return web.Conflict("There is a site called "+spec.Name+" already", "Choose another name.")
	}
	old, err := s.db.Site(ctx, spec.Key)
	if err != nil {
		return err
	}
	next := toStore(spec)
	next.Position, next.Created = old.Position, old.Created
	if err := s.db.UpdateSite(ctx, next, by.Audit("site.change", spec.Name, strings.Join(spec.Addresses, " "))); err != nil {
		return err
	}
	return s.sync(ctx)
}

// Pause stops reading a site, or starts it again.
func (s *Sites) Pause(ctx context.Context, by auth.Actor, key string, paused bool) error {
	if err := s.changeable(key); err != nil {
		return err
	}
	st, err := s.db.Site(ctx, key)
	if err != nil {
		return err
	}
	st.Paused = paused
	action := "site.resume"
	if paused {
		action = "site.pause"
	}
	if err := s.db.UpdateSite(ctx, st, by.Audit(action, st.Name, "")); err != nil {
		return err
	}
	return s.sync(ctx)
}

// Remove forgets a site. Removing one of a demo's sites ends the demo.
func (s *Sites) Remove(ctx context.Context, by auth.Actor, key string) error {
	if s.demo.has(key) && !s.demo.byFlag() {
		err := s.note(ctx, "", by.Audit("site.demo-end", "", ""))
		if err != nil {
			return err
		}
		s.demo.stop()
		return s.sync(ctx)
	}
	if err := s.changeable(key); err != nil {
		return err
	}
	st, err := s.db.Site(ctx, key)
	if err != nil {
		return err
	}
	if err := s.db.RemoveSite(ctx, key, by.Audit("site.remove", st.Name, strings.Join(st.Addresses, " "))); err != nil {
		return err
	}
	return s.sync(ctx)
}

// Refresh has a site read at once.
func (s *Sites) Refresh(key string) { s.manager.Refresh(key) }

// startDemo starts invented sites from the first page, for good.
func (s *Sites) startDemo(ctx context.Context) error {
	if err := s.note(ctx, "on", auth.Actor{Name: "first page"}.Audit("site.demo", "", "")); err != nil {
		return err
	}
	if err := s.demo.start(DefaultDemo()); err != nil {
		return err
	}
	return s.sync(ctx)
}

// note keeps whether a demo was asked for, with who did it.
func (s *Sites) note(ctx context.Context, demo string, entry db.Audit) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.SetMeta(ctx, demoMeta, demo); err != nil {
			return err
		}
		return tx.AddAudit(ctx, entry)
	})
}

func (s *Sites) changeable(key string) error {
	s.mu.Lock()
	spec, ok := s.known[key]
	s.mu.Unlock()
	switch {
	case !ok && s.manager.Via(key) != "":
		return web.Forbidden("This site is behind "+s.manager.Via(key), "Change it there, or change the site that leads to it.")
	case !ok:
		return web.NotFound("There is no such site", "It may have been removed. Reload the list.")
	case s.demo.has(key):
		return web.Forbidden(spec.Name+" is an invented site", "It belongs to the demo and ends with it.")
	case spec.Provisioned:
		return web.Forbidden(spec.Name+" comes from the configuration file", "Change it there and send the server a SIGHUP.")
	}
	return nil
}

func (s *Sites) nameTaken(name, except string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, spec := range s.known {
		if key != except && strings.EqualFold(spec.Name, name) {
			return true
		}
	}
	return false
}

func checkSection(section string) error {
	const form = "Write it like Europe/Germany."
	if section == "" {
		return nil
	}
	if len(section) > 300 || strings.ContainsFunc(section, unicode.IsControl) {
		return web.BadRequest("The section is too long or has several lines", form)
	}
	for part := range strings.SplitSeq(section, "/") {
		if part == "" || strings.TrimSpace(part) != part {
			return web.BadRequest("A part of the section is empty or has spaces around it", form)
		}
	}
	return nil
}

// checkNames says what is wrong with a site's name and place.
func checkNames(spec site.Spec) error {
	if strings.TrimSpace(spec.Name) == "" {
		return web.BadRequest("The site has no name", "Give it the name people know it by, for example Berlin.")
	}
	if len(spec.Name) > 100 || strings.ContainsFunc(spec.Name, unicode.IsControl) {
		return web.BadRequest("The name is not usable", "Use up to 100 characters without line breaks.")
	}
	return checkSection(spec.Section)
}

// CheckSpec says what is wrong with a site that a person entered; the errors
// name the field.
func CheckSpec(spec site.Spec) error {
	if err := checkNames(spec); err != nil {
		return err
	}
	if spec.Interval != 0 && (spec.Interval < time.Second || spec.Interval > time.Hour) {
		return web.BadRequest("The interval is out of bounds", "Use 1 second to 1 hour, or leave it out.")
	}
	if len(spec.Addresses) == 0 {
		return web.BadRequest("The site has no address", "For example tcp://10.1.2.3:6557 or unix:///var/cache/naemon/live.")
	}
	for _, text := range spec.Addresses {
		if _, err := livestatus.ParseAddress(text); err != nil {
			var bad *livestatus.AddressError
			if errors.As(err, &bad) {
				return web.BadRequest(fmt.Sprintf("The address %q is not usable: %s", text, bad.Msg), bad.Hint)
			}
			return err
		}
	}
	return nil
}
