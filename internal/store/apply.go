package store

import (
	"bytes"
	"slices"

	"belvedere/internal/schema"
)

// MaxKeys is how many changed keys of a table a Change names; with more, the
// table's entry is nil.
const MaxKeys = 1000

// An applier makes a snapshot from an older one and a batch.
type applier struct {
	defs    *defs
	old     *Snapshot
	next    *Snapshot
	version uint64
	now     int64       // unix seconds
	moved   [][]int32   // by table: new row of each old one, -1 gone; nil: as before
	changed []*tableLog // by table
	out     Change
}

// A tableLog collects what changed in a table.
type tableLog struct {
	any  bool
	keys map[string]struct{} // nil once there are too many
	many bool
}

func (l *tableLog) add(key func() string) {
	l.any = true
	if l.many {
		return
	}
	if len(l.keys) >= MaxKeys {
		l.many, l.keys = true, nil
		return
	}
	if l.keys == nil {
		l.keys = map[string]struct{}{}
	}
	l.keys[key()] = struct{}{}
}

func newApplier(d *defs, old *Snapshot, now int64) *applier {
	a := &applier{defs: d, old: old, version: old.version + 1, now: max(now, old.stamp)}
	a.next = &Snapshot{defs: d, version: a.version, stamp: a.now, tables: make([]*Table, len(d.all))}
	copy(a.next.tables, old.tables)
	a.moved = make([][]int32, len(d.all))
	a.changed = make([]*tableLog, len(d.all))
	for i := range a.changed {
		a.changed[i] = &tableLog{}
	}
	return a
}

// change sums up what was done.
func (a *applier) change(site string) Change {
	a.out.Site = site
	for i, l := range a.changed {
		if !l.any {
			continue
		}
		name := a.defs.all[i].schema.Name
		a.out.Tables = append(a.out.Tables, name)
		if a.out.Keys == nil {
			a.out.Keys = map[string][]string{}
		}
		var keys []string
		for k := range l.keys {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		a.out.Keys[name] = keys
	}
	return a.out
}

// table brings one table up to date: rows that lost what they refer to go,
// then come replacement, deletions and updates.
func (a *applier) table(def *tableDef, ops *tableOps) {
	if ops != nil && ops.replace != nil {
		a.replace(def, ops.replace.finish())
	} else {
		a.follow(def)
	}
	if ops == nil {
		return
	}
	if len(ops.deletes) > 0 {
		a.delete(def, ops.deletes)
	}
	for _, r := range ops.updates {
		if r.n > 0 || a.next.tables[def.at] == nil {
			if fresh := a.update(def, r.finish()); !fresh {
				r.clear()
			}
		}
	}
}

// follow renumbers the references of a table after the tables it refers to
// have changed.
func (a *applier) follow(def *tableDef) {
	t := a.next.tables[def.at]
	if t == nil {
		return
	}
	moved := false
	for _, l := range def.links {
		moved = moved || l.cols != nil && a.moved[l.target.at] != nil
	}
	if !moved {
		return
	}
	next := t.copy()
	next.refs = slices.Clone(t.refs)
	keep := make([]int32, 0, t.n)
	gone := make([]bool, t.n)
	for j, l := range def.links {
		m := []int32(nil)
		if l.cols != nil {
			m = a.moved[l.target.at]
		}
		if m == nil || t.refs[j] == nil {
			continue
		}
		b := newColumnBuilder(schema.Int)
		for row := range t.n {
			r := t.refs[j].Int(row)
			if r >= 0 {
				if r = int64(m[r]); r < 0 {
					gone[row] = true
				}
			}
			b.add(cell{num: r})
		}
		next.refs[j] = b.finish(a.version)
	}
	for row, g := range gone {
		if !g {
			keep = append(keep, int32(row))
		} else {
			a.changed[def.at].add(func() string { return a.old.keyOf(a.old.tables[def.at], row) })
		}
	}
	a.next.tables[def.at] = next
	if len(keep) < t.n {
		a.reshape(def, next, keep, nil)
	} else {
		next.version, next.shape = a.version, a.version
		next.index(a.targets(def))
	}
}

// targets returns the number of rows of the table that the first key part of
// def refers to.
func (a *applier) targets(def *tableDef) int {
	if len(def.keys) == 0 || def.via[def.keys[0]].link < 0 {
		return 0
	}
	return a.next.tables[def.links[def.via[def.keys[0]].link].target.at].Len()
}

// reshape makes the table of rows of t (or, negative, ^row of st), in that
// order, and notes where the old rows went. Chunks before the first row that
// came or went are shared; behind it, packed values move.
func (a *applier) reshape(def *tableDef, t *Table, rows []int32, st *staging) {
	next := &Table{def: def, n: len(rows), version: a.version, shape: a.version}
	next.cols = make([]*Column, len(def.schema.Columns))
	next.refs = make([]*Column, len(def.links))
	pick := func(from, add *Column, kind schema.Kind, def cell) *Column {
		if from == nil && add == nil {
			return nil
		}
		if from != nil {
			return from.reshaped(rows, add, def, a.version)
		}
		b := newColumnBuilder(kind)
		for _, r := range rows {
			if r < 0 {
				b.add(add.cell(int(^r)))
			} else {
				b.add(def)
			}
		}
		return b.finish(a.version)
	}
	for i := range next.cols {
		if def.via[i].link >= 0 {
			continue
		}
		var add *Column
		if st != nil {
			add = st.cols[i]
		}
		next.cols[i] = pick(t.cols[i], add, def.schema.Columns[i].Kind, def.none[i])
	}
	for j, l := range def.links {
		if l.cols == nil {
			continue
		}
		var add *Column
		if st != nil {
			add = st.refs[j]
		}
		next.refs[j] = pick(t.refs[j], add, schema.Int, cell{num: -1})
	}
	next.stamps = t.stamps.reshaped(rows, nil, cell{num: a.now}, a.version)
	a.move(def, t.n, func(m []int32) {
		for k, r := range rows {
			if r >= 0 {
				m[r] = int32(k)
			}
		}
	})
	next.index(a.targets(def))
	a.next.tables[def.at] = next
}

// move notes where the n rows of a table went; fill sets the new row of each
// that stayed. It follows on earlier moves in the same batch.
func (a *applier) move(def *tableDef, n int, fill func(m []int32)) {
	m := make([]int32, n)
	for i := range m {
		m[i] = -1
	}
	fill(m)
	if before := a.moved[def.at]; before != nil {
		for i, r := range before {
			if r >= 0 {
				before[i] = m[r]
			}
		}
		return
	}
	if a.old.tables == nil || a.old.tables[def.at].Len() != n {
		return // rows that nothing refers to yet
	}
	a.moved[def.at] = m
}

// replace puts staged rows in the place of a table.
func (a *applier) replace(def *tableDef, staged *staged) {
	st := a.resolve(staged, false)
	rows, dup := st.order()
	a.out.Duplicates += dup
	a.out.Dropped += st.lost
	next := &Table{def: def, n: staged.n, version: a.version, shape: a.version}
	next.cols = make([]*Column, len(def.schema.Columns))
	next.refs = st.refs
	for i, c := range staged.cols {
		if c == nil || def.via[i].link >= 0 {
			continue
		}
		if rows != nil {
			c = c.gathered(rows, cell{}, a.version)
		}
		c.version = a.version
		next.cols[i] = c
	}
	if rows != nil {
		next.n = len(rows)
		for j, r := range next.refs {
			if r != nil {
				next.refs[j] = r.gathered(rows, cell{}, a.version)
			}
		}
	}
	next.index(a.targets(def))
	var old *Table
	if a.old.tables != nil {
		old = a.old.tables[def.at]
	}
	a.next.tables[def.at] = next
	a.compare(def, old, next)
}

// compare notes the differences between the old and the new content of a
// table, and keeps what is equal from the old one.
func (a *applier) compare(def *tableDef, old, next *Table) {
	log := a.changed[def.at]
	if old == nil {
		next.stamps = filled(schema.Time, next.n, cell{num: a.now})
		log.any = true
		log.many = next.n > MaxKeys
		if !log.many {
			for row := range next.n {
				log.add(func() string { return a.next.keyOf(next, row) })
			}
		}
		return
	}
	pairs, same := a.match(def, old, next)
	touched := make([]bool, next.n)
	if !same {
		a.move(def, old.n, func(m []int32) {
			for _, p := range pairs {
				m[p[0]] = p[1]
			}
		})
	}
	for i := range next.cols {
		x, y := old.cols[i], next.cols[i]
		if x == nil && y == nil {
			continue
		}
		d := def.none[i]
		equal := x != nil && y != nil && same
		for _, p := range pairs {
			if !sameCell(x, int(p[0]), y, int(p[1]), d) {
				equal = false
				touched[p[1]] = true
				log.add(func() string { return a.next.keyOf(next, int(p[1])) })
			}
		}
		if equal {
			next.cols[i] = x
		}
	}
	a.compareRefs(def, old, next, pairs, same, touched)
	a.stamp(old, next, pairs, touched)
	if same && !log.any && slices.Equal(next.cols, old.cols) && slices.Equal(next.refs, old.refs) {
		a.next.tables[def.at] = old
	} else if same {
		next.shape = old.shape
	}
	if len(pairs) < old.n || len(pairs) < next.n {
		a.logUnpaired(def, old, next, pairs)
	}
}

func sameCell(x *Column, i int, y *Column, j int, def cell) bool {
	switch {
	case x != nil && y != nil:
		return x.same(i, y, j)
	case x != nil:
		c := x.cell(i)
		return c.num == def.num && bytes.Equal(c.bytes, def.bytes)
	}
	c := y.cell(j)
	return c.num == def.num && bytes.Equal(c.bytes, def.bytes)
}

// stamp notes when the rows of a replaced table changed: now, but for those that
// are as they were.
func (a *applier) stamp(old, next *Table, pairs [][2]int32, touched []bool) {
	b := newColumnBuilder(schema.Time)
	k := 0
	for row := range next.n {
		at := a.now
		if k < len(pairs) && int(pairs[k][1]) == row {
			if !touched[row] {
				at = old.stamps.Int(int(pairs[k][0]))
			}
			k++
		}
		b.add(cell{num: at})
	}
	next.stamps = b.finish(a.version)
}

func (a *applier) compareRefs(def *tableDef, old, next *Table, pairs [][2]int32, same bool, touched []bool) {
	for j, l := range def.links {
		x, y := old.refs[j], next.refs[j]
		if x == nil || y == nil {
			continue
		}
		m := a.moved[l.target.at]
		equal := same && m == nil
		for _, p := range pairs {
			r := x.Int(int(p[0]))
			if m != nil && r >= 0 {
				if r = int64(m[r]); r < 0 {
					r = -2 // gone, which is not the same as none
				}
			}
			if r != y.Int(int(p[1])) {
				equal = false
				touched[p[1]] = true
				a.changed[def.at].add(func() string { return a.next.keyOf(next, int(p[1])) })
			}
		}
		if equal {
			next.refs[j] = x
		}
	}
}

// match pairs the rows of equal key. same: all rows of both, in place.
func (a *applier) match(def *tableDef, old, next *Table) (pairs [][2]int32, same bool) {
	pairs = make([][2]int32, 0, min(old.n, next.n))
	if len(def.keys) == 0 {
		for i := range min(old.n, next.n) {
			pairs = append(pairs, [2]int32{int32(i), int32(i)})
		}
		return pairs, old.n == next.n
	}
	same = old.n == next.n
	var x, y [4]keyPart
	for i, j := 0, 0; i < old.n && j < next.n; {
		c := compareParts(a.moveParts(def, old.parts(i, x[:0])), next.parts(j, y[:0]))
		switch {
		case c < 0:
			i, same = i+1, false
		case c > 0:
			j, same = j+1, false
		default:
			pairs = append(pairs, [2]int32{int32(i), int32(j)})
			i, j = i+1, j+1
		}
	}
	return pairs, same && len(pairs) == old.n
}

// moveParts renumbers the references in an old key. One to a row that is gone
// compares below all others that follow it: it has no partner anyway.
func (a *applier) moveParts(def *tableDef, parts []keyPart) []keyPart {
	for i, k := range def.keys {
		if v := def.via[k]; v.link >= 0 {
			if m := a.moved[def.links[v.link].target.at]; m != nil && parts[i].num >= 0 {
				parts[i].num = int64(m[parts[i].num])
			}
		}
	}
	return parts
}

func (a *applier) logUnpaired(def *tableDef, old, next *Table, pairs [][2]int32) {
	k := 0
	for i := range old.n {
		if k < len(pairs) && int(pairs[k][0]) == i {
			k++
			continue
		}
		a.changed[def.at].add(func() string { return a.old.keyOf(old, i) })
	}
	k = 0
	for i := range next.n {
		if k < len(pairs) && int(pairs[k][1]) == i {
			k++
			continue
		}
		a.changed[def.at].add(func() string { return a.next.keyOf(next, i) })
	}
}

func (a *applier) delete(def *tableDef, keys []string) {
	t := a.next.tables[def.at]
	if t == nil {
		return
	}
	gone := map[int32]bool{}
	for _, k := range keys {
		if row, ok := a.next.findTexts(def, splitKey(nil, []byte(k))); ok {
			gone[int32(row)] = true
			a.changed[def.at].add(func() string { return k })
		}
	}
	if len(gone) == 0 {
		return
	}
	keep := make([]int32, 0, t.n-len(gone))
	for row := range int32(t.n) {
		if !gone[row] {
			keep = append(keep, row)
		}
	}
	a.reshape(def, t, keep, nil)
}

// update sets columns of rows by key and adds those that are not there. Without
// fresh rows nothing refers to what was staged afterwards.
func (a *applier) update(def *tableDef, staged *staged) (fresh bool) {
	t := a.next.tables[def.at]
	if t == nil {
		t = &Table{def: def, cols: make([]*Column, len(def.schema.Columns)), refs: make([]*Column, len(def.links)), stamps: filled(schema.Time, 0, cell{})}
		for j, l := range def.links {
			if l.cols != nil {
				t.refs[j] = newColumnBuilder(schema.Int).finish(a.version)
			}
		}
		t.index(a.targets(def))
		a.next.tables[def.at] = t
	}
	st := a.resolve(staged, true)
	a.out.Dropped += st.lost
	at := make([]place, 0, st.n) // existing rows
	var more []int32             // staged rows to add
	var buf [4]keyPart
	for row := range st.n {
		if st.gone[row] {
			continue
		}
		r, ok := 0, t.n > 0
		if len(def.keys) > 0 {
			r, ok = t.find(st.parts(row, buf[:0]))
		}
		if ok {
			at = append(at, place{r, row})
		} else {
			more = append(more, int32(row))
		}
	}
	t = a.set(def, t, st, lastOfEach(at, &a.out.Duplicates))
	if len(more) > 0 {
		a.insert(def, t, st, more)
	}
	return len(more) > 0
}

// A place pairs a row of a table with a staged row.
type place struct{ row, staged int }

// lastOfEach sorts places by row and keeps the last of equal ones.
func lastOfEach(at []place, duplicates *int) []place {
	slices.SortStableFunc(at, func(x, y place) int { return x.row - y.row })
	kept := at[:0]
	for i, p := range at {
		if i+1 < len(at) && at[i+1].row == p.row {
			*duplicates++
			continue
		}
		kept = append(kept, p)
	}
	return kept
}

// set gives rows of t the staged values.
func (a *applier) set(def *tableDef, t *Table, st *staging, at []place) *Table {
	if len(at) == 0 {
		return t
	}
	next := t.copy()
	next.cols, next.refs = slices.Clone(t.cols), slices.Clone(t.refs)
	changes := make([]rowChange, len(at))
	touched, k := make([]bool, len(at)), 0 // rows come rising, column by column
	changed := func(row int) {
		for at[k].row != row {
			k = (k + 1) % len(at)
		}
		touched[k] = true
	}
	for i, c := range st.cols {
		if c == nil || def.via[i].link >= 0 || slices.Contains(def.keys, i) {
			continue
		}
		for k, p := range at {
			changes[k] = rowChange{p.row, c.cell(p.staged)}
		}
		if next.cols[i] == nil {
			d := def.none[i]
			if !slices.ContainsFunc(changes, func(ch rowChange) bool { return ch.val.num != d.num || !bytes.Equal(ch.val.bytes, d.bytes) }) {
				continue
			}
			next.cols[i] = filled(c.kind, t.n, d)
		}
		next.cols[i] = next.cols[i].with(changes, a.version, changed)
	}
	for j, c := range st.refs {
		if c == nil || def.required(j) {
			continue
		}
		for k, p := range at {
			changes[k] = rowChange{p.row, c.cell(p.staged)}
		}
		if next.refs[j] == nil {
			next.refs[j] = filled(schema.Int, t.n, cell{num: -1})
		}
		next.refs[j] = next.refs[j].with(changes, a.version, changed)
	}
	stamps := changes[:0]
	for k, p := range at {
		if touched[k] {
			stamps = append(stamps, rowChange{p.row, cell{num: a.now}})
			a.changed[def.at].add(func() string { return a.next.keyOf(t, p.row) })
		}
	}
	if len(stamps) == 0 {
		return t
	}
	next.stamps = t.stamps.with(stamps, a.version, func(int) {})
	next.version = a.version
	a.next.tables[def.at] = next
	return next
}

// insert adds staged rows to t.
func (a *applier) insert(def *tableDef, t *Table, st *staging, fresh []int32) {
	var x, y [4]keyPart
	slices.SortStableFunc(fresh, func(p, q int32) int {
		return compareParts(st.parts(int(p), x[:0]), st.parts(int(q), y[:0]))
	})
	rows := make([]int32, 0, t.n+len(fresh))
	i := 0
	for k, f := range fresh {
		if k+1 < len(fresh) && len(def.keys) > 0 &&
			compareParts(st.parts(int(f), x[:0]), st.parts(int(fresh[k+1]), y[:0])) == 0 {
			a.out.Duplicates++
			continue
		}
		place := t.n
		if len(def.keys) > 0 {
			place, _ = t.find(st.parts(int(f), x[:0]))
		}
		for ; i < place; i++ {
			rows = append(rows, int32(i))
		}
		rows = append(rows, ^f)
	}
	for ; i < t.n; i++ {
		rows = append(rows, int32(i))
	}
	a.reshape(def, t, rows, st)
	next := a.next.tables[def.at]
	for row, r := range rows {
		if r < 0 {
			a.changed[def.at].add(func() string { return a.next.keyOf(next, row) })
		}
	}
}
