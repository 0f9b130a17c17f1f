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
	viewsMost     = 200  // of one person
	viewNameMost  = 80   // characters
	viewQueryMost = 4000 // bytes
	viewPathMost  = 200  // bytes
)

// Everybody is the value of View.Shared for a view that all see.
const Everybody = "all"

// A View is a page with its whole query, under a name.
type View struct {
	ID        int64
	Owner     int64
	OwnerName string // user name; read only
	Name      string
	Path      string // "/services"
	Query     string // as in an address, without "?"
	Shared    string // "" for the owner alone, Everybody, or the role that sees it
	Position  int    // among the owner's
	Pinned    bool   // in the menu of who asks
	Created   time.Time
	Changed   time.Time
}

// Address returns the address of the view, without prefix.
func (v View) Address() string {
	if v.Query == "" {
		return v.Path
	}
	return v.Path + "?" + v.Query
}

const viewColumns = `SELECT v.id, v.owner, p.username, v.name, v.path, v.query, v.shared, v.position,
	EXISTS (SELECT 1 FROM pins WHERE pins.view = v.id AND pins.person = ?), v.created, v.changed
	FROM views v JOIN people p ON p.id = v.owner `

func scanView(row scanner) (View, error) {
	var v View
	var created, changed int64
	err := row.Scan(&v.ID, &v.Owner, &v.OwnerName, &v.Name, &v.Path, &v.Query, &v.Shared, &v.Position, &v.Pinned, &created, &changed)
	v.Created, v.Changed = fromMillis(created), fromMillis(changed)
	return v, err
}

// Views returns what a person of a role sees: their own views in their order,
// then those that others share with them, by name. At most 1,000.
func (r reads) Views(ctx context.Context, person int64, role access.Role) ([]View, error) {
	rows, err := r.q.QueryContext(ctx, viewColumns+`WHERE v.owner = ? OR v.shared IN ('all', ?)
		ORDER BY v.owner <> ?, CASE v.owner WHEN ? THEN v.position ELSE 0 END, lower(v.name), v.id LIMIT 1000`,
		person, person, string(role), person, person)
	if err != nil {
		return nil, fmt.Errorf("db: views: %w", err)
	}
	return collect(rows, scanView)
}

// View returns one view that a person of a role sees; [ErrNotFound].
func (r reads) View(ctx context.Context, id, person int64, role access.Role) (View, error) {
	return one(scanView(r.q.QueryRowContext(ctx, viewColumns+"WHERE v.id = ? AND (v.owner = ? OR v.shared IN ('all', ?))", person, id, person, string(role))))
}

// check says what is wrong with a view.
func (v View) check() error {
	switch {
	case strings.TrimSpace(v.Name) == "" || utf8.RuneCountInString(v.Name) > viewNameMost:
		return &Error{Msg: fmt.Sprintf("a view's name has 1 to %d characters", viewNameMost)}
	case !strings.HasPrefix(v.Path, "/") || strings.HasPrefix(v.Path, "//") || len(v.Path) > viewPathMost || strings.ContainsAny(v.Path, "?#\\\r\n"):
		return &Error{Msg: "a view is of a page here"}
	case len(v.Query) > viewQueryMost || strings.ContainsAny(v.Query, "#\r\n"):
		return &Error{Msg: fmt.Sprintf("the address of a view has up to %d characters", viewQueryMost), Hint: "shorten the filter, or choose fewer columns"}
	}
	switch v.Shared {
	case "", Everybody, string(access.RoleViewer), string(access.RoleOperator), string(access.RoleAdmin):
		return nil
	}
	return &Error{Msg: "a view is shared with a role or with all"}
}

// AddView stores a view behind the owner's others and returns its number. A
// person has at most 200.
func (t *Tx) AddView(ctx context.Context, v View) (int64, error) {
	if err := v.check(); err != nil {
		return 0, err
	}
	var n, last int
	if err := t.q.QueryRowContext(ctx, "SELECT count(*), coalesce(max(position), 0) FROM views WHERE owner = ?", v.Owner).Scan(&n, &last); err != nil {
		return 0, fmt.Errorf("db: views: %w", err)
	}
	if n >= viewsMost {
		return 0, &Error{Msg: fmt.Sprintf("a person has at most %d saved views", viewsMost), Hint: "delete some"}
	}
	now := millis(time.Now())
	return t.insert(ctx, "INSERT INTO views (owner, name, path, query, shared, position, created, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		v.Owner, strings.TrimSpace(v.Name), v.Path, v.Query, v.Shared, last+1, now, now)
}

// UpdateView stores name, query and who sees a view; [ErrNotFound].
func (t *Tx) UpdateView(ctx context.Context, v View) error {
	if err := v.check(); err != nil {
		return err
	}
	return changedOne(t.exec(ctx, "UPDATE views SET name = ?, query = ?, shared = ?, changed = ? WHERE id = ?",
		strings.TrimSpace(v.Name), v.Query, v.Shared, millis(time.Now()), v.ID))
}

// DeleteView removes a view from everybody; [ErrNotFound].
func (t *Tx) DeleteView(ctx context.Context, id int64) error {
	return changedOne(t.exec(ctx, "DELETE FROM views WHERE id = ?", id))
}

// MoveView puts a person's own view one place up or down among their others.
// At the end it stays.
func (t *Tx) MoveView(ctx context.Context, owner, id int64, down bool) error {
	views, err := t.Views(ctx, owner, "")
	if err != nil {
		return err
	}
	own := views[:0]
	at := -1
	for _, v := range views {
		if v.Owner != owner {
			continue
		}
		if v.ID == id {
			at = len(own)
		}
		own = append(own, v)
	}
	if at < 0 {
		return fmt.Errorf("db: %w", ErrNotFound)
	}
	to := at - 1
	if down {
		to = at + 1
	}
	if to >= 0 && to < len(own) {
		own[at], own[to] = own[to], own[at]
	}
	for i, v := range own {
		if _, err := t.exec(ctx, "UPDATE views SET position = ? WHERE id = ?", i+1, v.ID); err != nil {
			return err
		}
	}
	return nil
}

// PinView shows a view in a person's menu, or takes it out of it.
func (t *Tx) PinView(ctx context.Context, person, id int64, pinned bool) error {
	query := "DELETE FROM pins WHERE person = ? AND view = ?"
	if pinned {
		query = "INSERT INTO pins (person, view) VALUES (?, ?) ON CONFLICT DO NOTHING"
	}
	_, err := t.exec(ctx, query, person, id)
	return err
}
