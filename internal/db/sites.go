package db

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

const siteColumns = "key, name, section, addresses, tls, interval_ms, paused, position, created, changed"

// SiteKey makes the key of a site from its name: readable, safe in a URL, the
// same for names that differ only in case. Names that need more than letters,
// digits and "-" get eight digits of a hash, so that they stay apart.
func SiteKey(name string) string {
	folded := nameKey(name)
	var b strings.Builder
	for _, r := range norm.NFKD.String(folded) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case r < 0x300 || r > 0x36f: // not the accent of the letter before
			if s := b.String(); s != "" && !strings.HasSuffix(s, "-") {
				b.WriteByte('-')
			}
		}
	}
	slug := strings.Trim(b.String(), "-")
	if slug == folded && slug != "" && len(slug) <= 40 {
		return slug
	}
	sum := sha256.Sum256([]byte(folded))
	if slug == "" {
		slug = "site"
	}
	return strings.TrimRight(slug[:min(len(slug), 40)], "-") + "-" + hex.EncodeToString(sum[:4])
}

// Sites returns the stored sites by position, then name.
func (r reads) Sites(ctx context.Context) ([]Site, error) {
	rows, err := r.q.QueryContext(ctx, "SELECT "+siteColumns+" FROM sites ORDER BY position, name_key")
	if err != nil {
		return nil, fmt.Errorf("db: sites: %w", err)
	}
	return collect(rows, scanSite)
}

// Site returns one stored site; [ErrNotFound].
func (r reads) Site(ctx context.Context, key string) (Site, error) {
	return one(scanSite(r.q.QueryRowContext(ctx, "SELECT "+siteColumns+" FROM sites WHERE key = ?", key)))
}

// AddSite stores a new site together with its audit entry, and returns it with
// its times and, if s.Key was empty, a key made from its name that no other
// stored site has. [ErrExists] if the name or the given key is taken.
func (d *DB) AddSite(ctx context.Context, s Site, a Audit) (out Site, err error) {
	err = d.Write(ctx, func(t *Tx) error {
		out, err = t.addSite(ctx, s, a)
		return err
	})
	return out, err
}

func (t *Tx) addSite(ctx context.Context, s Site, a Audit) (Site, error) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	s.Created, s.Changed = now, now
	if s.Key == "" {
		key, err := t.freeKey(ctx, s.Name)
		if err != nil {
			return s, err
		}
		s.Key = key
	}
	addresses, tls, err := siteText(s)
	if err != nil {
		return s, err
	}
	_, err = t.exec(ctx, `INSERT INTO sites (key, name, name_key, section, addresses, tls, interval_ms, paused, position, created, changed)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.Key, s.Name, nameKey(s.Name), s.Section, addresses, tls,
		s.Interval.Milliseconds(), s.Paused, s.Position, millis(now), millis(now))
	if err != nil {
		return s, err
	}
	return s, t.AddAudit(ctx, a)
}

func (t *Tx) freeKey(ctx context.Context, name string) (string, error) {
	base := SiteKey(name)
	for n := 1; ; n++ {
		key := base
		if n > 1 {
			key += "-" + strconv.Itoa(n)
		}
		var taken bool
		if err := t.q.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sites WHERE key = ?)", key).Scan(&taken); err != nil {
			return "", fmt.Errorf("db: sites: %w", err)
		}
		if !taken {
			return key, nil
		}
	}
}

// UpdateSite stores a changed site, found by its key, together with its audit
// entry. [ErrNotFound]; [ErrExists] if the name is taken.
func (d *DB) UpdateSite(ctx context.Context, s Site, a Audit) error {
	addresses, tls, err := siteText(s)
	if err != nil {
		return err
	}
	return d.Write(ctx, func(t *Tx) error {
		n, err := t.exec(ctx, `UPDATE sites SET name = ?, name_key = ?, section = ?, addresses = ?, tls = ?, interval_ms = ?,
			paused = ?, position = ?, changed = ? WHERE key = ?`, s.Name, nameKey(s.Name), s.Section, addresses, tls,
			s.Interval.Milliseconds(), s.Paused, s.Position, millis(time.Now()), s.Key)
		if err := changedOne(n, err); err != nil {
			return err
		}
		return t.AddAudit(ctx, a)
	})
}

// RemoveSite removes a site together with the audit entry of it; [ErrNotFound].
// Its agents may not speak any more, but for those whose address another site
// has, too, whose they become.
func (d *DB) RemoveSite(ctx context.Context, key string, a Audit) error {
	return d.Write(ctx, func(t *Tx) error {
		if err := t.handOver(ctx, key); err != nil {
			return err
		}
		if err := changedOne(t.exec(ctx, "DELETE FROM sites WHERE key = ?", key)); err != nil {
			return err
		}
		return t.AddAudit(ctx, a)
	})
}

func siteText(s Site) (addresses, tls string, err error) {
	list := s.Addresses
	if list == nil {
		list = []string{}
	}
	a, err := json.Marshal(list)
	if err != nil {
		return "", "", fmt.Errorf("db: site %s: %w", s.Name, err)
	}
	o, err := json.Marshal(s.TLS)
	if err != nil {
		return "", "", fmt.Errorf("db: site %s: %w", s.Name, err)
	}
	return string(a), string(o), nil
}

func scanSite(row scanner) (Site, error) {
	var s Site
	var addresses, tls string
	var interval, created, changed int64
	err := row.Scan(&s.Key, &s.Name, &s.Section, &addresses, &tls, &interval, &s.Paused, &s.Position, &created, &changed)
	if err != nil {
		return Site{}, err
	}
	s.Interval = time.Duration(interval) * time.Millisecond
	s.Created, s.Changed = fromMillis(created), fromMillis(changed)
	if err := json.Unmarshal([]byte(addresses), &s.Addresses); err != nil {
		return Site{}, fmt.Errorf("addresses of site %s: %w", s.Name, err)
	}
	if err := json.Unmarshal([]byte(tls), &s.TLS); err != nil {
		return Site{}, fmt.Errorf("tls of site %s: %w", s.Name, err)
	}
	return s, nil
}
