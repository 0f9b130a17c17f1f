package store

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A Batch collects changes of a site that become visible together: readers see
// all of it or nothing. It is for one goroutine, and a site has at most one at
// a time.
type Batch struct {
	site  *Site
	ops   map[*tableDef]*tableOps
	err   error
	ended bool
}

// tableOps is what a batch does to one table: the replacement first, then the
// rest in its order.
type tableOps struct {
	replace *Rows
	updates []*Rows
	deletes []string
}

func (b *Batch) opsFor(table string) *tableOps {
	def := b.site.fleet.defs.byName[table]
	if def == nil {
		b.err = fmt.Errorf("store: table %q: %w", table, ErrNoTable)
		return nil
	}
	ops := b.ops[def]
	if ops == nil {
		ops = &tableOps{}
		b.ops[def] = ops
	}
	return ops
}

// Replace starts the new content of a whole table. Rows that are equal to what
// is there do not count as changed. A second Replace of a table in one batch
// takes the place of the first. For a table that is not kept, the batch fails.
func (b *Batch) Replace(table string) *Rows {
	r := &Rows{b: b, replace: true}
	if ops := b.opsFor(table); ops != nil {
		r.def = b.site.fleet.defs.byName[table]
		ops.replace = r
	}
	return r
}

// Update starts rows by key: the named columns of rows that exist are set, and
// rows with unknown keys are added. The key columns must be named.
func (b *Batch) Update(table string) *Rows {
	r := &Rows{b: b}
	if ops := b.opsFor(table); ops != nil {
		r.def = b.site.fleet.defs.byName[table]
		ops.updates = append(ops.updates, r)
	}
	return r
}

// Delete removes rows by key, before the updates of the same batch; unknown
// keys are ignored. See [Key].
func (b *Batch) Delete(table string, keys ...string) {
	if ops := b.opsFor(table); ops != nil {
		ops.deletes = append(ops.deletes, keys...)
	}
}

// Abort drops the batch. After Commit it does nothing.
func (b *Batch) Abort() { b.ended = true }

// room asks whether there is room for more of a table that is fed anew.
func (b *Batch) room() error {
	if b.site == nil || b.err != nil { // a table of no site
		return b.err
	}
	if room := b.site.fleet.options.Room; room != nil {
		if err := room(); err != nil {
			b.err = fmt.Errorf("store: site %s: %w", b.site.Info().Key, err)
		}
	}
	return b.err
}

// checkKeys makes sure that rows name the columns they are known by.
func (b *Batch) checkKeys() error {
	for def, ops := range b.ops {
		for _, r := range append([]*Rows{ops.replace}, ops.updates...) {
			if r == nil || r.n == 0 {
				continue
			}
			for _, k := range def.keys {
				if !slices.ContainsFunc(r.cols, func(c rowsColumn) bool { return c.at == k }) {
					return fmt.Errorf("store: table %s: key column %q is not set: %w", def.schema.Name, def.schema.Columns[k].Name, ErrNoColumn)
				}
			}
		}
	}
	return nil
}

// Commit applies the batch and publishes the new snapshot, confirmed at that
// time. What changed is returned and told to the fleet's OnChange; a batch that
// changes nothing only confirms. On an error nothing has changed: it wraps
// [ErrNoTable], or is that of [Options.Room].
func (b *Batch) Commit(at time.Time) (Change, error) {
	if b.ended {
		return Change{Site: b.site.Info().Key}, nil
	}
	b.ended = true
	if err := cmp.Or(b.err, b.checkKeys()); err != nil {
		return Change{Site: b.site.Info().Key}, err
	}
	b.site.mu.Lock()
	old := b.site.Snapshot()
	a := newApplier(b.site.fleet.defs, old, time.Now().Unix())
	for _, def := range a.defs.all {
		a.table(def, b.ops[def])
	}
	change := a.change(b.site.Info().Key)
	next := *a.next
	next.taken = at
	if len(change.Tables) == 0 {
		next.version = old.version
		next.tables = old.tables
		if old.version == 0 && len(b.ops) > 0 { // fed for the first time, if empty
			next.version = 1
			next.tables = a.next.tables
		}
	}
	change.Version = next.version
	b.site.publish(func(s *State) { s.Snapshot = &next })
	b.site.mu.Unlock()
	if next.version != old.version {
		b.site.fleet.tell(change)
	}
	return change, nil
}
