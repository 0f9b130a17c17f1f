package db

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"belvedere/internal/access"
)

const (
	screensMost     = 100 // of one person
	screenViewsMost = 20  // of one screen
)

// The forms of a screen.
const (
	ScreenWall  = "wall"  // read from afar
	ScreenEmbed = "embed" // inside a page of others
)

// A Screen is a link that shows saved views to whoever has it, with the rights
// of its owner. Only a hash of its secret is stored.
type Screen struct {
	ID        int64
	Owner     int64
	OwnerName string   // user name; read only
	Hash      [32]byte // SHA-256 of the secret
	Name      string
	Form      string        // ScreenWall or ScreenEmbed
	Every     time.Duration // how long each view is shown, whole seconds
	Created   time.Time
	Views     []View // in the order they are shown; of those to add only ID counts
}

const screenColumns = `SELECT s.id, s.owner, p.username, s.hash, s.name, s.form, s.every, s.created
	FROM screens s JOIN people p ON p.id = s.owner `

func scanScreen(row scanner) (Screen, error) {
	var s Screen
	var hash []byte
	var every, created int64
	err := row.Scan(&s.ID, &s.Owner, &s.OwnerName, &hash, &s.Name, &s.Form, &every, &created)
	copy(s.Hash[:], hash)
	s.Every, s.Created = time.Duration(every)*time.Second, fromMillis(created)
	return s, err
}

// Screen returns the one whose secret has this SHA-256, without its views;
// [ErrNotFound].
func (r reads) Screen(ctx context.Context, hash [32]byte) (Screen, error) {
	return one(scanScreen(r.q.QueryRowContext(ctx, screenColumns+"WHERE s.hash = ?", hash[:])))
}

// ScreenByID is Screen for those who list them.
func (r reads) ScreenByID(ctx context.Context, id int64) (Screen, error) {
	return one(scanScreen(r.q.QueryRowContext(ctx, screenColumns+"WHERE s.id = ?", id)))
}

// Screens returns those of one person, of everybody when owner is 0, without
// their views, by name. At most 1,000.
func (r reads) Screens(ctx context.Context, owner int64) ([]Screen, error) {
	rows, err := r.q.QueryContext(ctx, screenColumns+"WHERE ?1 IN (0, s.owner) ORDER BY lower(s.name), s.id LIMIT 1000", owner)
	if err != nil {
		return nil, fmt.Errorf("db: screens: %w", err)
	}
	return collect(rows, scanScreen)
}

// ScreenViews returns the views of a screen that its owner, of that role, still
// sees, in their order.
func (r reads) ScreenViews(ctx context.Context, screen, owner int64, role access.Role) ([]View, error) {
	rows, err := r.q.QueryContext(ctx, viewColumns+`JOIN screen_views sv ON sv.view = v.id
		WHERE sv.screen = ? AND (v.owner = ? OR v.shared IN ('all', ?)) ORDER BY sv.position`, owner, screen, owner, string(role))
	if err != nil {
		return nil, fmt.Errorf("db: views of a screen: %w", err)
	}
	return collect(rows, scanView)
}

// AddScreen stores a screen and returns its number. A person has at most 100,
// a screen at most 20 views; they must be some that the owner sees.
func (t *Tx) AddScreen(ctx context.Context, s Screen) (int64, error) {
	s.Name = strings.TrimSpace(s.Name)
	var n int
	if err := t.q.QueryRowContext(ctx, "SELECT count(*) FROM screens WHERE owner = ?", s.Owner).Scan(&n); err != nil {
		return 0, fmt.Errorf("db: screens: %w", err)
	}
	switch {
	case s.Name == "" || utf8.RuneCountInString(s.Name) > viewNameMost:
		return 0, &Error{Msg: fmt.Sprintf("the name of a link has 1 to %d characters", viewNameMost)}
	case len(s.Views) == 0 || len(s.Views) > screenViewsMost:
		return 0, &Error{Msg: fmt.Sprintf("a link shows 1 to %d saved views", screenViewsMost)}
	case n >= screensMost:
		return 0, &Error{Msg: fmt.Sprintf("a person has at most %d links", screensMost), Hint: "revoke some"}
	}
	id, err := t.insert(ctx, "INSERT INTO screens (owner, hash, name, form, every, created) VALUES (?, ?, ?, ?, ?, ?)",
		s.Owner, s.Hash[:], s.Name, s.Form, int64(s.Every/time.Second), millis(time.Now()))
	if err != nil {
		return 0, err
	}
	for i, v := range s.Views {
		if _, err := t.exec(ctx, "INSERT INTO screen_views (screen, view, position) VALUES (?, ?, ?)", id, v.ID, i); err != nil {
			return 0, err
		}
	}
	return id, nil
}

// DeleteScreen makes a link worthless; [ErrNotFound].
func (t *Tx) DeleteScreen(ctx context.Context, id int64) error {
	return changedOne(t.exec(ctx, "DELETE FROM screens WHERE id = ?", id))
}
