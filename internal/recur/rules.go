package recur

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"belvedere/internal/auth"
	"belvedere/internal/db"
)

// A Rule is a rule as people see it.
type Rule struct {
	db.Rule
	Spec Spec // read from the stored one
}

func isNotFound(err error) bool {
	return errors.Is(err, auth.ErrNotFound) || errors.Is(err, db.ErrNotFound)
}

func ruleOf(r db.Rule) (Rule, error) {
	out := Rule{Rule: r}
	if err := json.Unmarshal(r.Spec, &out.Spec); err != nil {
		return out, fmt.Errorf("recur: rule %d: %w", r.ID, err)
	}
	return out, nil
}

// Sees reports whether a person sees a rule: their own, and all for those who
// see everything. Its text names objects that others may not know of.
func Sees(p auth.Person, r db.Rule) bool {
	return p.ID != 0 && r.Author == p.ID || p.Viewer().All
}

// May reports whether a person may change a rule.
func May(p auth.Person, r db.Rule) bool {
	return !p.Disabled && (r.Author == p.ID && p.ID != 0 || p.IsAdmin())
}

// Rules returns the rules that a person sees, by name.
func (s *Service) Rules(ctx context.Context, p auth.Person) ([]Rule, error) {
	stored, err := s.o.Store.Rules(ctx)
	if err != nil {
		return nil, err
	}
	var out []Rule
	for _, r := range stored {
		if !r.Deleted.IsZero() || !Sees(p, r) {
			continue
		}
		rule, err := ruleOf(r)
		if err != nil {
			return nil, err
		}
		out = append(out, rule)
	}
	return out, nil
}

// Rule returns a rule that a person sees; [db.ErrNotFound].
func (s *Service) Rule(ctx context.Context, p auth.Person, id int64) (Rule, error) {
	r, err := s.o.Store.Rule(ctx, id)
	if err != nil {
		return Rule{}, err
	}
	if !r.Deleted.IsZero() || !Sees(p, r) {
		return Rule{}, fmt.Errorf("recur: rule %d: %w", id, db.ErrNotFound)
	}
	return ruleOf(r)
}

// Downtimes returns what a rule has set, the first to begin first, as the cores
// have it now.
func (s *Service) Downtimes(ctx context.Context, r Rule) ([]db.RuleDowntime, error) {
	list, err := s.o.Store.RuleDowntimes(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	cores, err := s.readMarks(ctx)
	if err != nil {
		return nil, err
	}
	t := turn{there: cores.by[r.Mark]}
	for i := range list {
		if _, there := t.inCore(&list[i]); there && (list[i].State == OnItsWay || list[i].State == NotTaken) {
			list[i].State = InCore
		}
	}
	return list, nil
}

// Add keeps a new rule of a person and returns its number. The error is a
// [*Problem] when the rule cannot be.
func (s *Service) Add(ctx context.Context, by auth.Actor, name string, spec Spec) (int64, error) {
	spec, raw, err := s.ready(spec)
	if err != nil {
		return 0, err
	}
	now := s.o.Now()
	r := db.Rule{Mark: newMark(), Name: name, Spec: raw, Author: by.ID, AuthorName: by.Name, Created: now, Changed: now, Since: now}
	var id int64
	err = s.o.Store.Write(ctx, func(t *db.Tx) error {
		if id, err = t.AddRule(ctx, r); err != nil {
			return err
		}
		return t.AddAudit(ctx, by.Audit("recurring.add", name, describe(spec)))
	})
	if err != nil {
		return 0, told(err)
	}
	s.Soon()
	return id, nil
}

// Change keeps what a person made of a rule; who saves is its author from then
// on. What it has set for later is replaced where it differs. The errors are
// those of [Service.Add], and [db.ErrNotFound].
func (s *Service) Change(ctx context.Context, by auth.Actor, id int64, name string, spec Spec) error {
	spec, raw, err := s.ready(spec)
	if err != nil {
		return err
	}
	err = s.change(ctx, id, func(t *db.Tx, r *db.Rule) error {
		if string(raw) != string(r.Spec) {
			r.Rev++
			r.Since = s.o.Now()
		}
		r.Name, r.Spec, r.Author, r.AuthorName = name, raw, by.ID, by.Name
		return t.AddAudit(ctx, by.Audit("recurring.change", name, describe(spec)))
	})
	return told(err)
}

// Pause has a rule set nothing more for the time being, or go on. What it has
// set stays. The error is [db.ErrNotFound].
func (s *Service) Pause(ctx context.Context, by auth.Actor, id int64, paused bool) error {
	return s.change(ctx, id, func(t *db.Tx, r *db.Rule) error {
		action := "recurring.pause"
		if !paused {
			action = "recurring.resume"
		}
		if r.Paused && !paused {
			r.Since = s.o.Now()
		}
		r.Paused = paused
		return t.AddAudit(ctx, by.Audit(action, r.Name, ""))
	})
}

// Delete removes a rule. With cancel, what it has set for later is cancelled in
// the name of who deletes, also at sites that do not answer now. The error is
// [db.ErrNotFound].
func (s *Service) Delete(ctx context.Context, by auth.Actor, id int64, cancel bool) error {
	if cancel {
		return s.change(ctx, id, func(t *db.Tx, r *db.Rule) error {
			r.Deleted, r.Author, r.AuthorName = s.o.Now(), by.ID, by.Name
			return t.AddAudit(ctx, by.Audit("recurring.delete", r.Name, "cancels what it has set"))
		})
	}
	return s.o.Store.Write(ctx, func(t *db.Tx) error {
		r, err := t.Rule(ctx, id)
		if err != nil {
			return err
		}
		if err := t.DeleteRule(ctx, id); err != nil {
			return err
		}
		return t.AddAudit(ctx, by.Audit("recurring.delete", r.Name, "what it has set stays"))
	})
}

// change changes one rule that is not being deleted.
func (s *Service) change(ctx context.Context, id int64, f func(*db.Tx, *db.Rule) error) error {
	err := s.o.Store.Write(ctx, func(t *db.Tx) error {
		r, err := t.Rule(ctx, id)
		if err == nil && !r.Deleted.IsZero() {
			err = fmt.Errorf("recur: rule %d: %w", id, db.ErrNotFound)
		}
		if err != nil {
			return err
		}
		if err := f(t, &r); err != nil {
			return err
		}
		r.Changed = s.o.Now()
		return t.UpdateRule(ctx, r)
	})
	if err == nil {
		s.Soon()
	}
	return err
}

// ready checks a spec and returns it as it is kept.
func (s *Service) ready(spec Spec) (Spec, json.RawMessage, error) {
	spec.Text = strings.TrimSpace(spec.Text)
	if _, err := spec.Check(s.o.Now()); err != nil {
		return spec, nil, err
	}
	raw, err := json.Marshal(spec)
	if err != nil {
		return spec, nil, fmt.Errorf("recur: keep a rule: %w", err)
	}
	return spec, raw, nil
}

// told returns what the store says to people as a [*Problem].
func told(err error) error {
	if e, ok := errors.AsType[*db.Error](err); ok {
		return &Problem{Field: "name", Msg: strings.ToUpper(e.Msg[:1]) + e.Msg[1:], Hint: e.Hint}
	}
	return err
}

// describe returns a rule in a few words, for the audit.
func describe(s Spec) string {
	object := strings.Join(strings.Fields(strings.Join([]string{s.Scope.Kind, s.Scope.Site, s.Scope.Host, s.Scope.Service, s.Scope.Group, s.Scope.Filter}, " ")), " ")
	when := strings.TrimSpace(s.When.Kind + " " + s.When.At + " " + s.When.Text)
	return object + ", " + when + " " + s.Zone + ", " + (time.Duration(s.Lasts) * time.Second).String()
}
