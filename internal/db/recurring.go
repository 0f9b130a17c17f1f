package db

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	rulesMost    = 2000 // in all
	ruleNameMost = 80   // characters
	seenKept     = 400 * 24 * time.Hour
	seenMost     = 300_000
)

// A Rule is a downtime that comes again, as stored.
type Rule struct {
	ID         int64
	Mark       string // what its downtimes carry in their comments; unique
	Name       string
	Spec       json.RawMessage
	Rev        int    // counts changes of Spec
	Author     int64  // in whose name orders are given
	AuthorName string // user name, also when the account is gone
	Created    time.Time
	Changed    time.Time
	Since      time.Time // what begins earlier is not set
	Paused     bool
	Deleted    time.Time // zero: it is not; kept until what it has set is cancelled
}

// A RuleDowntime is one object's downtime of one occurrence of a rule.
type RuleDowntime struct {
	ID            int64
	Rule          int64
	Name          string // of the occurrence
	Site          string // key
	Host, Service string
	Starts, Ends  time.Time
	Flex          time.Duration // 0: fixed
	Text          string        // comment with its mark
	Rev           int           // of the rule
	State, Reason string
	Order         int64 // 0: none of ours
	Given         time.Time
	Tries         int
}

// A SeenDowntime is a downtime as a core had it.
type SeenDowntime struct {
	ID                    int64
	Site                  string // key
	Host, Service         string
	Author, Text          string
	Entered, Starts, Ends time.Time
	Fixed                 bool
	Gone                  time.Time // zero: the core has it
}

const ruleColumns = "SELECT id, mark, name, spec, rev, author, author_name, created, changed, since, paused, deleted FROM rules "

func scanRule(row scanner) (Rule, error) {
	var r Rule
	var spec string
	var created, changed, since, deleted int64
	err := row.Scan(&r.ID, &r.Mark, &r.Name, &spec, &r.Rev, &r.Author, &r.AuthorName, &created, &changed, &since, &r.Paused, &deleted)
	r.Spec, r.Created, r.Changed, r.Since, r.Deleted = json.RawMessage(spec), fromMillis(created), fromMillis(changed), fromMillis(since), fromMillis(deleted)
	return r, err
}

// Rules returns all rules by name, those that are being deleted included.
func (r reads) Rules(ctx context.Context) ([]Rule, error) {
	rows, err := r.q.QueryContext(ctx, ruleColumns+"ORDER BY lower(name), id")
	if err != nil {
		return nil, fmt.Errorf("db: rules: %w", err)
	}
	return collect(rows, scanRule)
}

// Rule returns one rule; [ErrNotFound].
func (r reads) Rule(ctx context.Context, id int64) (Rule, error) {
	return one(scanRule(r.q.QueryRowContext(ctx, ruleColumns+"WHERE id = ?", id)))
}

// check says what is wrong with a rule.
func (r Rule) check() error {
	if n := utf8.RuneCountInString(strings.TrimSpace(r.Name)); n == 0 || n > ruleNameMost {
		return &Error{Msg: fmt.Sprintf("a rule's name has 1 to %d characters", ruleNameMost)}
	}
	return nil
}

// AddRule stores a rule and returns its number. There are at most 2,000.
func (t *Tx) AddRule(ctx context.Context, r Rule) (int64, error) {
	if err := r.check(); err != nil {
		return 0, err
	}
	var n int
	if err := t.q.QueryRowContext(ctx, "SELECT count(*) FROM rules").Scan(&n); err != nil {
		return 0, fmt.Errorf("db: rules: %w", err)
	}
	if n >= rulesMost {
		return 0, &Error{Msg: fmt.Sprintf("there are at most %d rules", rulesMost), Hint: "delete some"}
	}
	return t.insert(ctx, `INSERT INTO rules (mark, name, spec, author, author_name, created, changed, since, paused) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.Mark, strings.TrimSpace(r.Name), string(r.Spec), r.Author, cut(r.AuthorName), millis(r.Created), millis(r.Changed), millis(r.Since), r.Paused)
}

// UpdateRule stores all of a rule but its mark and when it was made;
// [ErrNotFound].
func (t *Tx) UpdateRule(ctx context.Context, r Rule) error {
	if err := r.check(); err != nil {
		return err
	}
	return changedOne(t.exec(ctx, `UPDATE rules SET name = ?, spec = ?, rev = ?, author = ?, author_name = ?, changed = ?, since = ?, paused = ?, deleted = ? WHERE id = ?`,
		strings.TrimSpace(r.Name), string(r.Spec), r.Rev, r.Author, cut(r.AuthorName), millis(r.Changed), millis(r.Since), r.Paused, millis(r.Deleted), r.ID))
}

// DeleteRule forgets a rule and what it has set; [ErrNotFound].
func (t *Tx) DeleteRule(ctx context.Context, id int64) error {
	return changedOne(t.exec(ctx, "DELETE FROM rules WHERE id = ?", id))
}

// RuleDowntimes returns what a rule has set, the first to begin first.
func (r reads) RuleDowntimes(ctx context.Context, rule int64) ([]RuleDowntime, error) {
	rows, err := r.q.QueryContext(ctx, `SELECT id, rule, name, site, host, service, starts, ends, flex, text, rev, state, reason, order_id, given, tries
		FROM rule_downtimes WHERE rule = ? ORDER BY starts, site, host, service, id`, rule)
	if err != nil {
		return nil, fmt.Errorf("db: downtimes of a rule: %w", err)
	}
	return collect(rows, func(row scanner) (RuleDowntime, error) {
		var d RuleDowntime
		var starts, ends, flex, given int64
		err := row.Scan(&d.ID, &d.Rule, &d.Name, &d.Site, &d.Host, &d.Service, &starts, &ends, &flex, &d.Text, &d.Rev, &d.State, &d.Reason, &d.Order, &given, &d.Tries)
		d.Starts, d.Ends, d.Flex, d.Given = fromMillis(starts), fromMillis(ends), time.Duration(flex)*time.Second, fromMillis(given)
		return d, err
	})
}

// KeepRuleDowntimes stores what changed of a rule's downtimes, all or none:
// those without an ID are new, those with an empty State are removed.
func (d *DB) KeepRuleDowntimes(ctx context.Context, list []RuleDowntime) error {
	return d.Write(ctx, func(t *Tx) error {
		for _, x := range list {
			var err error
			switch {
			case x.ID == 0:
				_, err = t.insert(ctx, `INSERT INTO rule_downtimes (rule, name, site, host, service, starts, ends, flex, text, rev, state, reason, order_id, given, tries)
					VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, x.Rule, x.Name, x.Site, x.Host, x.Service, millis(x.Starts), millis(x.Ends),
					int64(x.Flex/time.Second), x.Text, x.Rev, x.State, cut(x.Reason), x.Order, millis(x.Given), x.Tries)
			case x.State == "":
				_, err = t.exec(ctx, "DELETE FROM rule_downtimes WHERE id = ?", x.ID)
			default:
				_, err = t.exec(ctx, "UPDATE rule_downtimes SET rev = ?, state = ?, reason = ?, order_id = ?, given = ?, tries = ? WHERE id = ?",
					x.Rev, x.State, cut(x.Reason), x.Order, millis(x.Given), x.Tries, x.ID)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

const seenColumns = "SELECT id, site, host, service, author, text, entered, starts, ends, fixed, gone FROM downtimes_seen "

func scanSeen(row scanner) (SeenDowntime, error) {
	var d SeenDowntime
	var entered, starts, ends, gone int64
	err := row.Scan(&d.ID, &d.Site, &d.Host, &d.Service, &d.Author, &d.Text, &entered, &starts, &ends, &d.Fixed, &gone)
	d.Entered, d.Starts, d.Ends, d.Gone = fromMillis(entered), fromMillis(starts), fromMillis(ends), fromMillis(gone)
	return d, err
}

// SeenOpen returns the downtimes that the cores had when they were last looked
// at, and those gone since a time.
func (r reads) SeenOpen(ctx context.Context, since time.Time) ([]SeenDowntime, error) {
	rows, err := r.q.QueryContext(ctx, seenColumns+"WHERE gone = 0 OR gone >= ?", millis(since))
	if err != nil {
		return nil, fmt.Errorf("db: seen downtimes: %w", err)
	}
	return collect(rows, scanSeen)
}

// SeenPast returns downtimes that the cores have no more, and that lasted at
// some time from from to to; the latest first, at most limit.
func (r reads) SeenPast(ctx context.Context, from, to time.Time, limit int) ([]SeenDowntime, error) {
	rows, err := r.q.QueryContext(ctx, seenColumns+"WHERE gone > starts AND starts < ? AND min(ends, gone) > ? ORDER BY starts DESC, id DESC LIMIT ?",
		millis(to), millis(from), limit)
	if err != nil {
		return nil, fmt.Errorf("db: past downtimes: %w", err)
	}
	return collect(rows, scanSeen)
}

// KeepSeen stores downtimes that were seen for the first time, and when others
// went or came back.
func (d *DB) KeepSeen(ctx context.Context, list []SeenDowntime) error {
	return d.Write(ctx, func(t *Tx) error {
		for _, x := range list {
			var err error
			if x.ID == 0 {
				_, err = t.insert(ctx, "INSERT INTO downtimes_seen (site, host, service, author, text, entered, starts, ends, fixed, gone) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
					x.Site, x.Host, x.Service, cut(x.Author), cut(x.Text), millis(x.Entered), millis(x.Starts), millis(x.Ends), x.Fixed, millis(x.Gone))
			} else {
				_, err = t.exec(ctx, "UPDATE downtimes_seen SET gone = ? WHERE id = ?", millis(x.Gone), x.ID)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// PruneSeen deletes past downtimes that are older than 400 days or beyond
// 300,000, in small transactions.
func (d *DB) PruneSeen(ctx context.Context, now time.Time) error {
	for {
		var n int64
		err := d.Write(ctx, func(t *Tx) (err error) {
			n, err = t.exec(ctx, `DELETE FROM downtimes_seen WHERE id IN (SELECT id FROM downtimes_seen WHERE gone <> 0 AND
				(gone < ? OR id <= (SELECT coalesce(max(id), 0) FROM downtimes_seen) - ?) ORDER BY id LIMIT ?)`, millis(now.Add(-seenKept)), seenMost, pruneBatch)
			return err
		})
		if err != nil || n < pruneBatch {
			return err
		}
	}
}
