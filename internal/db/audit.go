package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	pruneBatch    = 1000                // rows per transaction, so that no write waits long
	signInsKept   = 90 * 24 * time.Hour // how long the sign-in log is kept
	signInsMost   = 200_000             // and how many lines at most
	textMost      = 500                 // bytes of one text in a log
	auditPageMost = 1000
)

// AddSignIn stores one line of the sign-in log and, if it was a success, when
// the person last signed in. Texts are cut at 500 bytes.
func (t *Tx) AddSignIn(ctx context.Context, s SignIn) error {
	_, err := t.insert(ctx, "INSERT INTO sign_ins (at, person, username, ok, reason, ip, ua) VALUES (?, ?, ?, ?, ?, ?, ?)",
		millis(s.At), sql.NullInt64{Int64: s.Person, Valid: s.Person != 0}, cut(s.Username), s.OK, cut(s.Reason), cut(s.IP), cut(s.UA))
	if err != nil || !s.OK {
		return err
	}
	_, err = t.exec(ctx, "UPDATE people SET last_sign_in = ? WHERE id = ?", millis(s.At), s.Person)
	return err
}

// SignIns returns the newest sign-ins of a person, of everybody if person is
// 0; at most 1,000.
func (r reads) SignIns(ctx context.Context, person int64, limit int) ([]SignIn, error) {
	const columns = "SELECT id, at, coalesce(person, 0), username, ok, reason, ip, ua FROM sign_ins"
	limit = between(limit, 1, auditPageMost)
	query, args := columns+" ORDER BY id DESC LIMIT ?", []any{limit}
	if person != 0 {
		query, args = columns+" WHERE person = ? ORDER BY id DESC LIMIT ?", []any{person, limit}
	}
	rows, err := r.q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("db: sign-ins: %w", err)
	}
	return collect(rows, func(row scanner) (SignIn, error) {
		var s SignIn
		var at int64
		err := row.Scan(&s.ID, &at, &s.Person, &s.Username, &s.OK, &s.Reason, &s.IP, &s.UA)
		s.At = fromMillis(at)
		return s, err
	})
}

// AddAudit stores an entry. Texts are cut at 500 bytes; a zero At is now.
func (t *Tx) AddAudit(ctx context.Context, a Audit) error {
	if a.At.IsZero() {
		a.At = time.Now()
	}
	_, err := t.insert(ctx, "INSERT INTO audit (at, person, who, action, object, result, detail, ip) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		millis(a.At), a.Person, cut(a.Who), cut(a.Action), cut(a.Object), cut(a.Result), cut(a.Detail), cut(a.IP))
	return err
}

// AddAudit stores an entry of its own; see [Tx.AddAudit] for one that belongs
// to a change.
func (d *DB) AddAudit(ctx context.Context, a Audit) error {
	return d.Write(ctx, func(t *Tx) error { return t.AddAudit(ctx, a) })
}

// AuditLog returns the entries that q asks for, newest first.
func (r reads) AuditLog(ctx context.Context, q AuditQuery) ([]Audit, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	where, args := []string{"1"}, []any{}
	if q.Before > 0 {
		where, args = append(where, "id < ?"), append(args, q.Before)
	}
	if q.Who != "" {
		where, args = append(where, "who = ?"), append(args, q.Who)
	}
	if strings.HasSuffix(q.Action, ".") {
		// "." is followed by "/": everything between has the prefix.
		where, args = append(where, "action >= ? AND action < ?"), append(args, q.Action, strings.TrimSuffix(q.Action, ".")+"/")
	} else if q.Action != "" {
		where, args = append(where, "action = ?"), append(args, q.Action)
	}
	args = append(args, between(q.Limit, 1, auditPageMost))
	rows, err := r.q.QueryContext(ctx, `SELECT id, at, person, who, action, object, result, detail, ip FROM audit
		WHERE `+strings.Join(where, " AND ")+" ORDER BY id DESC LIMIT ?", args...)
	if err != nil {
		return nil, fmt.Errorf("db: audit: %w", err)
	}
	return collect(rows, func(row scanner) (Audit, error) {
		var a Audit
		var at int64
		err := row.Scan(&a.ID, &at, &a.Person, &a.Who, &a.Action, &a.Object, &a.Result, &a.Detail, &a.IP)
		a.At = fromMillis(at)
		return a, err
	})
}

// Prune deletes what of the sign-in log is older than 90 days or beyond
// 200,000 lines, in small transactions. The audit is for [DB.PruneAudit].
func (d *DB) Prune(ctx context.Context, now time.Time) error {
	return d.pruneRows(ctx, `DELETE FROM sign_ins WHERE id IN (SELECT id FROM sign_ins
		WHERE at < ? OR id <= (SELECT coalesce(max(id), 0) FROM sign_ins) - ? ORDER BY id LIMIT ?)`,
		millis(now.Add(-signInsKept)), signInsMost, pruneBatch)
}

// PruneAudit deletes what of the audit is older than before, and orders given
// before then that have ended, in small transactions.
func (d *DB) PruneAudit(ctx context.Context, before time.Time) error {
	if err := d.pruneRows(ctx, "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? ORDER BY id LIMIT ?)", millis(before), pruneBatch); err != nil {
		return err
	}
	return d.PruneOrders(ctx, before)
}

// pruneRows repeats a statement that deletes at most pruneBatch rows while it
// finds that many.
func (d *DB) pruneRows(ctx context.Context, statement string, args ...any) error {
	for {
		var n int64
		err := d.Write(ctx, func(t *Tx) (err error) {
			n, err = t.exec(ctx, statement, args...)
			return err
		})
		if err != nil || n < pruneBatch {
			return err
		}
	}
}

// cut shortens a text to what a log holds, and makes it valid UTF-8.
func cut(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= textMost {
		return s
	}
	n := textMost
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func between(n, low, high int) int { return max(low, min(n, high)) }
