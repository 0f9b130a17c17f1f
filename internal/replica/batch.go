package replica

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// A Row is a row of one of the schema's tables, or a part of it.
type Row struct {
	Table   string
	Columns []string
	// Values are by column, in normal form and the Go types that package schema
	// names for the kinds.
	Values []any
}

// A Batch collects rows that clients see all at once. It is for one goroutine,
// and a replica has at most one at a time.
type Batch struct {
	r      *Replica
	snap   *store.Snapshot // what is there before
	out    *store.Batch
	tables map[string]*tableBatch
	err    error
	row    Row // of the present Put, with what is derived

	periods map[string]int64       // timeperiods.in as fed
	members map[string][]string    // contacts by group; nil: not known
	hosts   map[string]*hostMacros // of hosts that were put
	checks  map[string]int64       // rows that differ, by table
	other   int64                  // rows that differ in other tables
	stamp   int64
}

// tableBatch is what a batch does to one table.
type tableBatch struct {
	def     *schema.Table
	own     *store.Table
	replace bool
	put     []bool              // by row of own: it was put, the same as before or not
	staged  map[string]struct{} // keys of rows that differ
	fresh   map[string]struct{} // keys of rows that were not there
	now     map[string]struct{} // keys in the present groups
	groups  []*group
	deletes []string
	lists   map[string]map[string][]string // of the columns of inverses, by column and key
}

// A group is rows of the same columns.
type group struct {
	columns []string
	rows    *store.Rows
}

// Begin starts a batch. End it with [Batch.Commit], or drop it.
func (r *Replica) Begin() *Batch {
	return &Batch{r: r, snap: r.site.Snapshot(), out: r.site.Begin(), tables: map[string]*tableBatch{},
		periods: map[string]int64{}, hosts: map[string]*hostMacros{}, checks: map[string]int64{}, stamp: max(r.o.Now().Unix(), r.stamp)}
}

// Replace says that the rows of a table that are put are all there are: others
// are removed by Commit.
func (b *Batch) Replace(table string) {
	if t := b.table(table); t != nil {
		t.replace = true
	}
}

// Put sets the columns of a row, which must name its key, or adds the row.
// Columns that are not named keep their value. Of two puts of the same row in
// one batch the later one counts, column by column. What a row refers to must
// have been put before or be there: timeperiods and contactgroups before
// contacts, hosts and services, hosts before their services, both before their
// comments and downtimes; a service without its host is left out. r is copied.
//
// A row, table or column that makes no sense fails the batch.
func (b *Batch) Put(r Row) { b.feed(r, true) }

// Update is Put for a row that is there, or was put before in this batch;
// others are left out. It reports whether there is one.
func (b *Batch) Update(r Row) bool { return b.feed(r, false) }

// Delete removes rows by key; of several parts they are joined by
// [store.Key]. Unknown keys are ignored. A row must not be deleted and put in
// one batch.
func (b *Batch) Delete(table string, keys ...string) {
	t := b.table(table)
	if t == nil {
		return
	}
	for _, k := range keys {
		if _, ok := b.snap.Find(table, k); ok {
			t.deletes = append(t.deletes, k)
		}
	}
}

// table returns the part of the batch for a table, nil if there is none.
func (b *Batch) table(name string) *tableBatch {
	if t := b.tables[name]; t != nil {
		return t
	}
	def, ok := schema.Lookup(name)
	if !ok || def.Source != schema.FromCore {
		b.fail(fmt.Errorf("replica: table %q is none that can be fed", name))
		return nil
	}
	own := b.snap.Table(name)
	t := &tableBatch{def: def, own: own, put: make([]bool, own.Len()),
		staged: map[string]struct{}{}, fresh: map[string]struct{}{}, now: map[string]struct{}{}}
	b.tables[name] = t
	return t
}

// fail keeps the first error.
func (b *Batch) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// feed takes a row, if there is one of its key or add.
func (b *Batch) feed(r Row, add bool) bool {
	t := b.table(r.Table)
	if t == nil {
		return false
	}
	key, err := keyOf(t.def, &r)
	if err != nil {
		b.fail(err)
		return false
	}
	row, there := b.snap.Find(r.Table, key)
	_, fresh := t.fresh[key]
	if !there && !fresh && !add {
		return false
	}
	if there {
		t.put[row] = true
	} else {
		t.fresh[key], row = struct{}{}, -1
	}
	b.row.Table = r.Table
	b.row.Columns, b.row.Values = append(b.row.Columns[:0], r.Columns...), append(b.row.Values[:0], r.Values...)
	_, staged := t.staged[key]
	b.keepLists(t, key)
	b.derive(t, row, !there && !staged)
	if there && !staged && b.same(t, row) {
		return true
	}
	t.staged[key] = struct{}{}
	if r.Table == "hosts" || r.Table == "services" {
		b.checks[r.Table]++
		b.row.set("last_update", b.stamp)
	} else {
		b.other++
	}
	if err := b.stage(t, key); err != nil {
		b.fail(err)
		return false
	}
	return true
}

// keyOf returns the key of a row.
func keyOf(t *schema.Table, r *Row) (string, error) {
	if len(r.Columns) != len(r.Values) {
		return "", fmt.Errorf("replica: %s: %d columns, %d values", t.Name, len(r.Columns), len(r.Values))
	}
	parts := make([]string, len(t.Keys))
	for i, k := range t.Keys {
		switch v := r.get(k).(type) {
		case string:
			parts[i] = v
		case int64:
			parts[i] = strconv.FormatInt(v, 10)
		}
		if parts[i] == "" {
			return "", fmt.Errorf("replica: %s: a row without %s", t.Name, k)
		}
	}
	return store.Key(parts...), nil
}

// get returns the value of a column, nil if the row does not have it.
func (r *Row) get(column string) any {
	if i := slices.Index(r.Columns, column); i >= 0 {
		return r.Values[i]
	}
	return nil
}

func (r *Row) text(column string) string {
	s, _ := r.get(column).(string)
	return s
}

// set gives a column a value.
func (r *Row) set(column string, v any) {
	if i := slices.Index(r.Columns, column); i >= 0 {
		r.Values[i] = v
		return
	}
	r.Columns, r.Values = append(r.Columns, column), append(r.Values, v)
}

// stage hands b.row to the store. Rows of the same key go into groups one
// after the other, so that the later one counts.
func (b *Batch) stage(t *tableBatch, key string) error {
	if _, again := t.now[key]; again {
		t.groups = nil
		clear(t.now)
	}
	t.now[key] = struct{}{}
	var g *group
	for _, have := range t.groups {
		if slices.Equal(have.columns, b.row.Columns) {
			g = have
		}
	}
	if g == nil {
		g = &group{columns: slices.Clone(b.row.Columns), rows: b.out.Update(t.def.Name)}
		if err := g.rows.Columns(g.columns...); err != nil {
			return fmt.Errorf("replica: %w", err)
		}
		t.groups = append(t.groups, g)
	}
	for i, v := range b.row.Values {
		if err := put(g.rows, i, v); err != nil {
			return fmt.Errorf("replica: %s.%s: %w", t.def.Name, g.columns[i], err)
		}
	}
	return g.rows.EndRow()
}

var errKind = errors.New("a value of a type that no column has")

// put sets a cell of a row in the store.
func put(rows *store.Rows, i int, v any) error {
	switch v := v.(type) {
	case int64:
		rows.Int(i, v)
	case float64:
		rows.Float(i, v)
	case string:
		rows.Text(i, []byte(v))
	case []string:
		rows.TextList(i, texts(v))
	case []int64:
		rows.IntList(i, v)
	case []schema.Member:
		rows.Members(i, pairs(v, func(m schema.Member) (string, string) { return m.Host, m.Service }))
	case []schema.Pair:
		rows.Dict(i, pairs(v, func(p schema.Pair) (string, string) { return p.Name, p.Value }))
	case [][]any:
		rows.Tuples(i, v)
	default:
		return fmt.Errorf("%w: %T", errKind, v)
	}
	return nil
}

func texts(l []string) [][]byte {
	out := make([][]byte, len(l))
	for i, s := range l {
		out[i] = []byte(s)
	}
	return out
}

func pairs[T any](l []T, of func(T) (a, b string)) [][2][]byte {
	out := make([][2][]byte, len(l))
	for i, e := range l {
		x, y := of(e)
		out[i] = [2][]byte{[]byte(x), []byte(y)}
	}
	return out
}

// Commit shows the batch to clients and ends what [Replica.Fail] said. After an
// error nothing has changed.
func (b *Batch) Commit() error {
	b.finish()
	if b.err != nil {
		b.out.Abort()
		return b.err
	}
	change, err := b.out.Commit(b.r.o.Now())
	if err != nil {
		return fmt.Errorf("replica: %w", err)
	}
	b.r.stamp = b.stamp
	b.r.trouble.Store(nil)
	if change.Dropped > 0 {
		b.r.o.Log.Warn("replica: rows left out, as what they belong to does not exist", "rows", change.Dropped)
	}
	return nil
}

// finish derives what needs all rows, removes rows and counts.
func (b *Batch) finish() {
	for _, t := range b.tables {
		for row, put := range t.put {
			if t.replace && !put {
				t.deletes = append(t.deletes, b.snap.Key(t.def.Name, row))
			}
		}
	}
	b.follow()
	if b.r.o.Inverse {
		b.invert()
	}
	for name, t := range b.tables {
		b.out.Delete(name, t.deletes...)
		b.other += int64(len(t.deletes))
	}
	b.count()
}

// count moves the counters of status by what differs.
func (b *Batch) count() {
	if b.checks["hosts"]+b.checks["services"]+b.other == 0 {
		return
	}
	r := Row{Table: "status"}
	for column, n := range map[string]int64{"host_checks": b.checks["hosts"], "service_checks": b.checks["services"], "log_messages": b.other} {
		r.set(column, b.snap.Int("status", column, 0)+n)
	}
	b.Put(r)
}
