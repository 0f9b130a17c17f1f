package db

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// TestPragmas asks every connection that writes, and every reader, for each
// setting that our promises rest on.
func TestPragmas(t *testing.T) {
	d, err := Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for round := range 3 { // a new connection each time
		c, err := d.writer.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for pragma, want := range map[string]string{
			"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000",
			"query_only": "0", "trusted_schema": "0", "cell_size_check": "1", "fullfsync": "1",
			"application_id": "1113943158",
		} {
			var got string
			if err := c.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("writer %d: %s = %q, %v; want %q", round, pragma, got, err, want)
			}
		}
		c.Raw(func(any) error { return sql.ErrConnDone }) // drop it
		c.Close()
		d.writer.SetMaxIdleConns(0)
		d.writer.SetMaxIdleConns(1)
	}
	var held []*sql.Conn
	for i := range maxReaders {
		c, err := d.reader.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
		if _, err := c.ExecContext(t.Context(), "DELETE FROM people"); err == nil || !strings.Contains(err.Error(), "readonly") {
			t.Errorf("reader %d writes: %v", i, err)
		}
	}
	for _, c := range held {
		c.Close()
	}
}

// TestPragmaThatDoesNotHold: a connection without the promised settings is not
// handed out.
func TestPragmaThatDoesNotHold(t *testing.T) {
	c := newConnector(filepath.Join(t.TempDir(), "x.db"), []pragma{{"synchronous", "OFF", "2"}}, nil)
	conn, err := c.Connect(t.Context())
	if err == nil {
		conn.Close()
		t.Fatal("got a connection with synchronous=OFF")
	}
	if !strings.Contains(err.Error(), `setting synchronous is "0" instead of "2"`) {
		t.Error(err)
	}
}

// TestNewerIsRefused gives a store a migration of the future.
func TestNewerIsRefused(t *testing.T) {
	dir := t.TempDir()
	d, err := Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "newer.db")
	_, err = d.writer.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenBeside(t.Context(), dir, nil); !errors.Is(err, ErrNewer) {
		t.Errorf("OpenBeside: %v", err)
	}
	if err := copyInto(context.Background(), filepath.Join(dir, fileName), backup); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, nil); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "written by a newer belvedere") {
		t.Errorf("Open: %v", err)
	}
	if _, err := Restore(t.Context(), backup, t.TempDir()); !errors.Is(err, ErrNewer) {
		t.Errorf("Restore: %v", err)
	}
}

// TestOlderBesideIsRefused: a command of another version does not migrate the
// store under a running server.
func TestOlderBesideIsRefused(t *testing.T) {
	dir := t.TempDir()
	d, err := Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.writer.Exec("DELETE FROM goose_db_version WHERE version_id > 0"); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenBeside(t.Context(), dir, nil); err == nil || !strings.Contains(err.Error(), "of another version than this program") {
		t.Errorf("OpenBeside: %v", err)
	}
}

// TestFullDisk: what does not fit is refused with a hint, what was confirmed
// stays, and once there is space again it goes on.
func TestFullDisk(t *testing.T) {
	d, err := Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.writer.Exec("PRAGMA max_page_count = 60"); err != nil {
		t.Fatal(err)
	}
	add := func() error {
		return d.AddAudit(t.Context(), Audit{Who: "x", Action: "a", Object: strings.Repeat("o", 400), Result: "ok"})
	}
	n := 0
	for err == nil && n < 10_000 {
		if err = add(); err == nil {
			n++
		}
	}
	e, ok := errors.AsType[*Error](err)
	if !ok || !strings.Contains(e.Msg, "the disk is full") || e.Hint == "" {
		t.Fatalf("after %d entries: %v", n, err)
	}
	if _, err := d.writer.Exec("PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	if err := add(); err != nil {
		t.Error(err)
	}
	var have int
	if err := d.reader.QueryRow("SELECT count(*) FROM audit").Scan(&have); err != nil || have != n+1 {
		t.Errorf("%d entries, %v; want %d", have, err, n+1)
	}
}
