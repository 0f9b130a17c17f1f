package db

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// An Agent is a program beside a core that may speak for one site.
type Agent struct {
	ID      string // in its certificate; never used again
	Site    string // key
	Address string // host:port where we reach it; "": it comes to us
	Joined  time.Time
}

// A JoinCode lets an agent join once and makes a site of it.
type JoinCode struct {
	ID      string
	Secret  []byte // SHA-256 of it
	Name    string // of the site
	Section string
	Created time.Time
	Expires time.Time
	Tries   int    // with a wrong secret
	Site    string // key of the site once it was used
}

// JoinTries is how often a wrong secret is taken before a code is void.
const JoinTries = 5

// Why a join code does not let anybody in.
var (
	ErrCodeUsed    = errors.New("db: the code was used already")
	ErrCodeExpired = errors.New("db: the code is not valid any more")
	ErrCodeTries   = errors.New("db: the code was tried too often")
	ErrCodeWrong   = errors.New("db: the code is wrong")
)

// codesKept is how long codes are kept after they have expired, to tell a used
// code from one that never was.
const codesKept = 24 * time.Hour

// Agents returns the agents that may speak.
func (r reads) Agents(ctx context.Context) ([]Agent, error) {
	rows, err := r.q.QueryContext(ctx, "SELECT id, site, address, joined FROM agents ORDER BY site, id")
	if err != nil {
		return nil, fmt.Errorf("db: agents: %w", err)
	}
	return collect(rows, scanAgent)
}

func scanAgent(row scanner) (Agent, error) {
	var a Agent
	var joined int64
	err := row.Scan(&a.ID, &a.Site, &a.Address, &joined)
	a.Joined = fromMillis(joined)
	return a, err
}

// JoinCode returns a code; [ErrNotFound].
func (r reads) JoinCode(ctx context.Context, id string) (JoinCode, error) {
	return one(scanCode(r.q.QueryRowContext(ctx, "SELECT id, secret, name, section, created, expires, tries, site FROM join_codes WHERE id = ?", id)))
}

func scanCode(row scanner) (JoinCode, error) {
	var c JoinCode
	var created, expires int64
	err := row.Scan(&c.ID, &c.Secret, &c.Name, &c.Section, &created, &expires, &c.Tries, &c.Site)
	c.Created, c.Expires = fromMillis(created), fromMillis(expires)
	return c, err
}

// AddJoinCode stores a code with its audit entry, and forgets those that
// expired a day ago. [ErrExists] if a stored site has its name.
func (d *DB) AddJoinCode(ctx context.Context, c JoinCode, a Audit) error {
	return d.Write(ctx, func(t *Tx) error {
		var taken bool
		if err := t.q.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sites WHERE name_key = ?)", nameKey(c.Name)).Scan(&taken); err != nil {
			return fmt.Errorf("db: join code: %w", err)
		}
		if taken {
			return ErrExists
		}
		if _, err := t.exec(ctx, "DELETE FROM join_codes WHERE expires < ?", millis(c.Created.Add(-codesKept))); err != nil {
			return err
		}
		_, err := t.exec(ctx, "INSERT INTO join_codes (id, secret, name, section, created, expires) VALUES (?, ?, ?, ?, ?, ?)",
			c.ID, c.Secret, c.Name, c.Section, millis(c.Created), millis(c.Expires))
		if err != nil {
			return err
		}
		return t.AddAudit(ctx, a)
	})
}

// RemoveJoinCode makes a code void that nobody has used yet.
func (d *DB) RemoveJoinCode(ctx context.Context, id string) error {
	return d.Write(ctx, func(t *Tx) error {
		_, err := t.exec(ctx, "DELETE FROM join_codes WHERE id = ? AND site = ''", id)
		return err
	})
}

// UseJoinCode takes a code whose secret has that SHA-256 and makes the agent
// and its site, all at once: whoever comes second finds it used. Errors are
// those of codes above, [ErrNotFound] for a code that is not known, and
// [ErrExists] if a site has the name meanwhile.
func (d *DB) UseJoinCode(ctx context.Context, id string, secret []byte, now time.Time, by Audit) (a Agent, s Site, err error) {
	var refused error // kept apart: what a wrong try costs must be stored
	err = d.Write(ctx, func(t *Tx) error {
		c, err := t.JoinCode(ctx, id)
		if err != nil {
			return err
		}
		switch {
		case c.Site != "":
			refused = ErrCodeUsed
		case c.Tries >= JoinTries:
			refused = ErrCodeTries
		case now.After(c.Expires):
			refused = ErrCodeExpired
		case subtle.ConstantTimeCompare(c.Secret, secret) != 1:
			refused = ErrCodeWrong
			_, err := t.exec(ctx, "UPDATE join_codes SET tries = tries + 1 WHERE id = ?", id)
			return err
		}
		if refused != nil {
			return nil
		}
		by.Object = c.Name
		if a, s, err = t.addAgent(ctx, Site{Name: c.Name, Section: c.Section}, "", now, by); err != nil {
			return err
		}
		return changedOne(t.exec(ctx, "UPDATE join_codes SET site = ? WHERE id = ?", s.Key, id))
	})
	if err == nil {
		err = refused
	}
	return a, s, err
}

// AddAgent makes an agent that we reach at address, and its site, whose
// addresses are filled in. [ErrExists] if the name is taken.
func (d *DB) AddAgent(ctx context.Context, s Site, address string, now time.Time, by Audit) (a Agent, out Site, err error) {
	err = d.Write(ctx, func(t *Tx) error {
		a, out, err = t.addAgent(ctx, s, address, now, by)
		return err
	})
	return a, out, err
}

// addAgent stores an agent with a new site.
func (t *Tx) addAgent(ctx context.Context, s Site, address string, now time.Time, by Audit) (Agent, Site, error) {
	a := Agent{Address: address, Joined: now.UTC().Truncate(time.Millisecond)}
	slug := SiteKey(s.Name)
	a.ID = slug[:min(len(slug), 30)] + "-" + strings.ToLower(rand.Text()[:10])
	s.Addresses = []string{a.reached()}
	s, err := t.addSite(ctx, s, by)
	if err != nil {
		return a, s, err
	}
	a.Site = s.Key
	_, err = t.exec(ctx, "INSERT INTO agents (id, site, address, joined) VALUES (?, ?, ?, ?)", a.ID, a.Site, a.Address, millis(a.Joined))
	return a, s, err
}

// handOver makes the agents of a site that is about to be removed those of the
// site that has their address, too, if there is one: two agents of a cluster are
// one site.
func (t *Tx) handOver(ctx context.Context, key string) error {
	agents, err := t.Agents(ctx)
	if err != nil {
		return err
	}
	sites, err := t.Sites(ctx)
	if err != nil {
		return err
	}
	for _, a := range agents {
		heir := slices.IndexFunc(sites, func(s Site) bool { return s.Key != key && slices.Contains(s.Addresses, a.reached()) })
		if a.Site != key || heir < 0 {
			continue
		}
		if _, err := t.exec(ctx, "UPDATE agents SET site = ? WHERE id = ?", sites[heir].Key, a.ID); err != nil {
			return err
		}
	}
	return nil
}

// reached is the address of the agent as sites have it.
func (a Agent) reached() string { return "agent://" + cmp.Or(a.Address, a.ID) }
