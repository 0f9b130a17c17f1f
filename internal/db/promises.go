package db

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// A Promise is an acknowledgement that we take back ourselves when it is due.
type Promise struct {
	ID            int64
	Due           time.Time
	Site          string // key
	Host, Service string
	Who           string          // who acknowledged
	Entry         json.RawMessage // the acknowledgement's comment or the downtime, to find that same one again
	UntilOK       bool            // a downtime that ends when its object is well again, from Due on
}

// AddPromise stores a promise and returns its id.
func (d *DB) AddPromise(ctx context.Context, p Promise) (id int64, err error) {
	err = d.Write(ctx, func(t *Tx) error {
		id, err = t.insert(ctx, "INSERT INTO promises (due, site, host, service, who, entry, until_ok) VALUES (?, ?, ?, ?, ?, ?, ?)",
			millis(p.Due), p.Site, p.Host, p.Service, cut(p.Who), string(p.Entry), p.UntilOK)
		return err
	})
	return id, err
}

// RemovePromise deletes a promise that was kept or has no object any more.
func (d *DB) RemovePromise(ctx context.Context, id int64) error {
	return d.Write(ctx, func(t *Tx) error {
		_, err := t.exec(ctx, "DELETE FROM promises WHERE id = ?", id)
		return err
	})
}

// Promises returns all promises, the first due first.
func (r reads) Promises(ctx context.Context) ([]Promise, error) {
	rows, err := r.q.QueryContext(ctx, "SELECT id, due, site, host, service, who, entry, until_ok FROM promises ORDER BY due, id")
	if err != nil {
		return nil, fmt.Errorf("db: promises: %w", err)
	}
	return collect(rows, func(row scanner) (Promise, error) {
		var p Promise
		var due int64
		var entry string
		err := row.Scan(&p.ID, &due, &p.Site, &p.Host, &p.Service, &p.Who, &entry, &p.UntilOK)
		p.Due, p.Entry = fromMillis(due), json.RawMessage(entry)
		return p, err
	})
}
