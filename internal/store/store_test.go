package store

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// model is a table as a plain map: key -> column -> value.
type model map[string]map[string]any

var testColumns = map[string][]string{
	"hosts":    {"name", "state", "plugin_output", "latency", "contacts", "custom_variables", "acknowledged", "last_check"},
	"services": {"host_name", "description", "state", "plugin_output", "latency", "contacts", "last_check"},
	"comments": {"id", "host_name", "service_description", "author", "comment"},
}

func feed(r *Rows, table string, row map[string]any) {
	for i, name := range testColumns[table] {
		switch v := row[name].(type) {
		case int64:
			r.Int(i, v)
		case float64:
			r.Float(i, v)
		case string:
			r.Text(i, []byte(v))
		case []string:
			var l [][]byte
			for _, s := range v {
				l = append(l, []byte(s))
			}
			r.TextList(i, l)
		case [][2]string:
			var l [][2][]byte
			for _, p := range v {
				l = append(l, [2][]byte{[]byte(p[0]), []byte(p[1])})
			}
			r.Dict(i, l)
		}
	}
	if err := r.EndRow(); err != nil {
		panic(err)
	}
}

func read(s *Snapshot, table string) model {
	m := model{}
	t := s.Table(table)
	for row := range t.Len() {
		out := map[string]any{}
		for _, name := range testColumns[table] {
			i := t.def.column[name]
			c := t.cols[i]
			switch {
			case c == nil && t.def.via[i].link < 0:
				switch def := defaultCell(&t.def.schema.Columns[i]); storageOf(t.def.schema.Columns[i].Kind) {
				case numbers:
					out[name] = def.num
				case floats:
					out[name] = math.Float64frombits(uint64(def.num))
				default:
					out[name] = fmt.Sprint(string(def.bytes))
				}
			case c != nil && c.st == numbers:
				out[name] = c.Int(row)
			case c != nil && c.st == floats:
				out[name] = c.Float(row)
			default:
				out[name] = string(s.textAt(t, i, row))
			}
		}
		m[s.keyOf(t, row)] = out
	}
	return m
}

func encodeRow(table string, row map[string]any) map[string]any {
	out := map[string]any{}
	for _, name := range testColumns[table] {
		switch v := row[name].(type) {
		case []string:
			var b []byte
			for _, s := range v {
				b = appendText(b, []byte(s))
			}
			out[name] = string(b)
		case [][2]string:
			var b []byte
			for _, p := range v {
				b = appendText(appendText(b, []byte(p[0])), []byte(p[1]))
			}
			out[name] = string(b)
		default:
			out[name] = v
		}
	}
	return out
}

var (
	genText = rapid.SampledFrom([]string{"", "OK", "a longer output that is not short, with ünïcödé", "x", "CRITICAL - 5 of 7", "zz\x01"})
	genInt  = rapid.SampledFrom([]int64{0, 0, 0, 1, 2, 3, 255, 256, -1, 70000, 1 << 33, math.MinInt64, math.MaxInt64})
	genFl   = rapid.SampledFrom([]float64{0, 0.1, 0.25, 12.345678, -1.5, 1e300, 1.0 / 3, 1790000000.123456, 5e-324})
	genHost = rapid.SampledFrom([]string{"a", "b", "c", "d", "ä", "h 1"})
	genList = rapid.SampledFrom([][]string{nil, {"anna"}, {"anna", "bob"}, {"bob", "", "x"}})
	genDesc = rapid.SampledFrom([]string{"cpu", "disk /", "load", ""})
)

func drawRow(t *rapid.T, table string, uniq int) map[string]any {
	row := map[string]any{
		"state": genInt.Draw(t, "state"), "latency": genFl.Draw(t, "latency"), "contacts": genList.Draw(t, "contacts"),
		"last_check": genInt.Draw(t, "last_check"), "plugin_output": genText.Draw(t, "out") + fmt.Sprint(uniq%7),
	}
	switch table {
	case "hosts":
		row["name"] = genHost.Draw(t, "name")
		row["acknowledged"] = int64(uniq % 2)
		row["custom_variables"] = [][2]string{{"A", fmt.Sprint(uniq % 3)}, {"B", "x"}}
	case "services":
		row["host_name"], row["description"] = genHost.Draw(t, "host"), genDesc.Draw(t, "desc")
	case "comments":
		row["id"] = int64(rapid.IntRange(1, 9).Draw(t, "id"))
		row["host_name"], row["service_description"] = genHost.Draw(t, "host"), genDesc.Draw(t, "desc")
		row["author"], row["comment"] = "me", genText.Draw(t, "text")
	}
	return row
}

func rowKey(table string, row map[string]any) string {
	switch table {
	case "hosts":
		return row["name"].(string)
	case "services":
		return Key(row["host_name"].(string), row["description"].(string))
	}
	return fmt.Sprint(row["id"])
}

// sweep drops what refers to nothing, as the store does.
func sweep(w map[string]model) {
	maps.DeleteFunc(w["services"], func(_ string, r map[string]any) bool { return w["hosts"][r["host_name"].(string)] == nil })
	maps.DeleteFunc(w["comments"], func(_ string, r map[string]any) bool { return orphan(w, "comments", r) })
}

func orphan(w map[string]model, table string, r map[string]any) bool {
	if table == "hosts" {
		return false
	}
	if w["hosts"][r["host_name"].(string)] == nil {
		return true
	}
	d, _ := r["service_description"].(string)
	return table == "comments" && d != "" && w["services"][Key(r["host_name"].(string), d)] == nil
}

// TestDeltasEndAsFreshSync: any sequence of batches ends in the same store as
// one that is fed the result, and no snapshot taken on the way ever changes.
func TestDeltasEndAsFreshSync(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := NewFleet(Options{})
		site := f.Add(SiteInfo{Key: "s"})
		w := map[string]model{"hosts": {}, "services": {}, "comments": {}}
		type shot struct {
			s    *Snapshot
			want map[string]model
		}
		var shots []shot
		for step := range rapid.IntRange(1, 12).Draw(t, "steps") {
			before := cloneWorld(w)
			b := site.Begin()
			abort := rapid.IntRange(0, 9).Draw(t, "abort") == 0
			for _, table := range []string{"hosts", "services", "comments"} {
				drawOps(t, b, w, table, step)
			}
			if abort {
				b.Abort()
				w = before
				continue
			}
			change, err := b.Commit(time.Unix(int64(step), 0))
			if err != nil {
				t.Fatal(err)
			}
			spoil(&f.desks)
			shots = append(shots, shot{site.Snapshot(), cloneWorld(w)})
			for table := range w {
				if got := read(site.Snapshot(), table); fmt.Sprint(got) != fmt.Sprint(w[table]) {
					t.Fatalf("step %d, table %s:\n got %v\nwant %v", step, table, got, w[table])
				}
			}
			checkChange(t, change, before, w)
		}
		for i, sh := range shots {
			for table := range w {
				got := read(sh.s, table)
				if fmt.Sprint(got) != fmt.Sprint(sh.want[table]) {
					t.Fatalf("shot %d, table %s:\n got %v\nwant %v", i, table, got, sh.want[table])
				}
				checkOrder(t, sh.s, table)
			}
		}
	})
}

// spoil writes over what updates were staged in, as the next one does.
func spoil(d *desks) {
	for _, cols := range d.free {
		for _, c := range cols[:cap(cols)] {
			for i := range c.build.buf[:cap(c.build.buf)] {
				c.build.buf[:cap(c.build.buf)][i] = -7
			}
			for i := range c.build.blob[:cap(c.build.blob)] {
				c.build.blob[:cap(c.build.blob)][i] = 'x'
			}
		}
	}
}

func cloneWorld(w map[string]model) map[string]model {
	out := map[string]model{}
	for k, m := range w {
		out[k] = model{}
		for key, r := range m {
			out[k][key] = maps.Clone(r)
		}
	}
	return out
}

func drawOps(t *rapid.T, b *Batch, w map[string]model, table string, step int) {
	op := rapid.IntRange(0, 5).Draw(t, "op "+table)
	if op == 0 || op == 1 && len(w[table]) == 0 && step == 0 {
		r := b.Replace(table)
		if err := r.Columns(testColumns[table]...); err != nil {
			t.Fatal(err)
		}
		clear(w[table])
		addRows(t, r, w, table, step)
	} else {
		sweep(w)
		if op == 1 {
			keys := slices.Sorted(maps.Keys(w[table]))
			if len(keys) > 0 {
				k := rapid.SampledFrom(keys).Draw(t, "del")
				b.Delete(table, k, "no such")
				delete(w[table], k)
				sweep(w)
			}
		}
		if op <= 3 {
			r := b.Update(table)
			if err := r.Columns(testColumns[table]...); err != nil {
				t.Fatal(err)
			}
			addRows(t, r, w, table, step)
		}
	}
	sweep(w)
}

func addRows(t *rapid.T, r *Rows, w map[string]model, table string, step int) {
	for i := range rapid.IntRange(0, 8).Draw(t, "rows") {
		row := drawRow(t, table, step*10+i)
		feed(r, table, row)
		if !orphan(w, table, row) {
			w[table][rowKey(table, row)] = encodeRow(table, row)
		}
	}
}

// checkChange makes sure that a Change names exactly what differs.
func checkChange(t *rapid.T, c Change, before, after map[string]model) {
	for table := range after {
		var want []string
		for k, r := range after[table] {
			if fmt.Sprint(before[table][k]) != fmt.Sprint(r) {
				want = append(want, k)
			}
		}
		for k := range before[table] {
			if after[table][k] == nil {
				want = append(want, k)
			}
		}
		slices.Sort(want)
		got := c.Keys[table]
		for _, k := range want {
			if !slices.Contains(got, k) {
				t.Fatalf("table %s: change %q misses %q", table, got, k)
			}
		}
	}
}

func checkOrder(t *rapid.T, s *Snapshot, table string) {
	tb := s.Table(table)
	for row := range tb.Len() {
		if got, ok := s.Find(table, s.keyOf(tb, row)); !ok || got != row {
			t.Fatalf("table %s: Find(%q) = %d, %v, want %d", table, s.keyOf(tb, row), got, ok, row)
		}
	}
}

func TestUnchangedReplaceTouchesNothing(t *testing.T) {
	f := NewFleet(Options{})
	site := f.Add(SiteInfo{Key: "s"})
	write := func() Change {
		b := site.Begin()
		for _, table := range []string{"hosts", "services"} {
			r := b.Replace(table)
			if err := r.Columns(testColumns[table]...); err != nil {
				t.Fatal(err)
			}
			for i := range 3000 {
				row := map[string]any{"name": fmt.Sprintf("h%04d", i), "host_name": fmt.Sprintf("h%04d", i/2), "description": fmt.Sprint("s", i%2),
					"state": int64(i % 4), "plugin_output": fmt.Sprint("out ", i), "latency": float64(i) / 1000}
				feed(r, table, row)
			}
		}
		c, err := b.Commit(time.Unix(1, 0))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	write()
	before := site.Snapshot()
	if c := write(); len(c.Tables) != 0 || c.Version != before.Version() {
		t.Errorf("second replace changed %v", c.Tables)
	}
	after := site.Snapshot()
	if before.Table("hosts") != after.Table("hosts") || before.Table("services") != after.Table("services") {
		t.Error("tables were replaced")
	}
}

// TestReferencesFollow: rows that stay as they are keep what they refer to when
// that moves, because something new comes before it.
func TestReferencesFollow(t *testing.T) {
	site := NewFleet(Options{}).Add(SiteInfo{Key: "s"})
	write := func(services ...string) {
		t.Helper()
		b := site.Begin()
		hosts, svc, down := b.Replace("hosts"), b.Replace("services"), b.Replace("downtimes")
		for _, err := range []error{hosts.Columns("name"), svc.Columns("host_name", "description"), down.Columns("id", "host_name", "service_description", "comment")} {
			if err != nil {
				t.Fatal(err)
			}
		}
		hosts.Text(0, []byte("web"))
		if err := hosts.EndRow(); err != nil {
			t.Fatal(err)
		}
		for _, s := range services {
			svc.Text(0, []byte("web"))
			svc.Text(1, []byte(s))
			if err := svc.EndRow(); err != nil {
				t.Fatal(err)
			}
		}
		down.Int(0, 1)
		for i, text := range []string{"web", "CPU", "for CPU"} {
			down.Text(i+1, []byte(text))
		}
		if err := down.EndRow(); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Commit(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	write("CPU", "Disk")
	write("Brand new", "CPU", "Disk")
	if got := site.Snapshot().Text("downtimes", "service_description", 0); got != "CPU" {
		t.Errorf("the downtime for CPU is one of %q now", got)
	}
}

func TestErrors(t *testing.T) {
	f := NewFleet(Options{})
	site := f.Add(SiteInfo{Key: "s"})
	b := site.Begin()
	if err := b.Replace("hosts").Columns("name", "no_such"); err == nil {
		t.Error("unknown column accepted")
	}
	b = site.Begin()
	b.Replace("log")
	if _, err := b.Commit(time.Now()); err == nil {
		t.Error("table that is not kept accepted")
	}
	b = site.Begin()
	r := b.Update("services")
	_ = r.Columns("host_name", "state")
	r.Text(0, []byte("a"))
	_ = r.EndRow()
	if _, err := b.Commit(time.Now()); err == nil {
		t.Error("rows without key accepted")
	}
}

// TestRoom ends the feeding of a table for which there is no room, and keeps
// what was there.
func TestRoom(t *testing.T) {
	full := errors.New("full")
	asked, most := 0, 1
	f := NewFleet(Options{Room: func() error {
		if asked++; asked > most {
			return full
		}
		return nil
	}})
	site := f.Add(SiteInfo{Key: "s"})
	feed := func(rows int) error {
		b := site.Begin()
		r := b.Replace("hosts")
		if err := r.Columns("name"); err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			r.Text(0, fmt.Appendf(nil, "host%06d", i))
			if err := r.EndRow(); err != nil {
				if _, other := b.Commit(time.Now()); !errors.Is(other, full) {
					t.Errorf("committed all the same: %v", other)
				}
				return err
			}
		}
		_, err := b.Commit(time.Now())
		return err
	}
	if err := feed(20_000); err != nil {
		t.Fatal(err)
	}
	if err := feed(40_000); !errors.Is(err, full) {
		t.Errorf("without room: %v", err)
	}
	if n := site.Snapshot().Rows("hosts"); n != 20_000 {
		t.Errorf("%d hosts left", n)
	}
}

func TestAddTellsChangesOnly(t *testing.T) {
	f := NewFleet(Options{})
	told := 0
	f.OnChange(func(Change) { told++ })
	info := SiteInfo{Key: "a", Name: "A"}
	first := f.Add(info)
	if second := f.Add(info); second != first || told != 1 {
		t.Errorf("the same site again: told %d times, want 1", told)
	}
	info.Name = "B"
	if f.Add(info); told != 2 || first.Info().Name != "B" {
		t.Errorf("renamed: told %d times, name %q", told, first.Info().Name)
	}
}

// TestChurnKeepsMemory: new outputs push out old ones, in texts that repeat and
// in texts that do not, and every snapshot reads what was written.
func TestChurnKeepsMemory(t *testing.T) {
	const n = 4000
	f := NewFleet(Options{})
	site := f.Add(SiteInfo{Key: "s"})
	want := make([]string, n)
	write := func(round, step int, table func(b *Batch) *Rows) {
		b := site.Begin()
		r := table(b)
		if err := r.Columns("name", "plugin_output", "check_source", "last_check"); err != nil {
			t.Fatal(err)
		}
		for i := round % step; i < n; i += step {
			want[i] = fmt.Sprintf("output %d of round %d, which is about as long as outputs are, %d", i, round, i*round)
			r.Text(0, fmt.Appendf(nil, "h%05d", i))
			r.Text(1, []byte(want[i]))
			r.Text(2, fmt.Appendf(nil, "worker %d", (i+round/20)%50))
			r.Int(3, int64(1_790_000_000+round))
			if err := r.EndRow(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Commit(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	write(0, 1, func(b *Batch) *Rows { return b.Replace("hosts") })
	first := site.Snapshot().Size()
	largest := 0
	for round := 1; round <= 300; round++ {
		write(round, 10, func(b *Batch) *Rows { return b.Update("hosts") })
		largest = max(largest, site.Snapshot().Size())
	}
	s := site.Snapshot()
	for i, w := range want {
		if got := s.Text("hosts", "plugin_output", i); got != w {
			t.Fatalf("row %d: %q, want %q", i, got, w)
		}
	}
	if largest > first*9/5 {
		t.Errorf("grew from %d to %d bytes", first, largest)
	}
}

// TestBytesPerChange bounds what is copied for a changed row when one in a
// hundred changes, in numbers and texts.
func TestBytesPerChange(t *testing.T) {
	const n = 200_000
	f := NewFleet(Options{})
	site := f.Add(SiteInfo{Key: "s"})
	write := func(round, step int, r *Rows) {
		if err := r.Columns("name", "plugin_output", "last_check", "next_check", "latency"); err != nil {
			t.Fatal(err)
		}
		for i := round % step; i < n; i += step {
			r.Text(0, fmt.Appendf(nil, "h%06d", i))
			r.Text(1, fmt.Appendf(nil, "output %d of round %d, which is about as long as outputs are", i, round))
			r.Int(2, int64(1_790_000_000+round+i%90))
			r.Int(3, int64(1_790_000_090+round+i%90))
			r.Float(4, float64(i*round%1000)/1000)
			if err := r.EndRow(); err != nil {
				t.Fatal(err)
			}
		}
	}
	b := site.Begin()
	write(0, 1, b.Replace("hosts"))
	if _, err := b.Commit(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	var spent uint64
	const rounds = 40
	for round := 1; round <= rounds; round++ {
		b := site.Begin()
		write(round, 100, b.Update("hosts"))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := b.Commit(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		spent += after.TotalAlloc - before.TotalAlloc
	}
	per := spent / (rounds * n / 100)
	t.Logf("%d bytes for each changed row of four columns", per)
	if per > 860 { // 777 were measured
		t.Errorf("%d bytes were allocated for each changed row", per)
	}
}

// TestDesks: an update of rows that are there allocates nothing for what it
// stages once another one was committed, and what is kept for that is bounded.
func TestDesks(t *testing.T) {
	f := NewFleet(Options{})
	site := f.Add(SiteInfo{Key: "s"})
	var b *Batch
	write := func(rows *Rows, n int) {
		if err := rows.Columns(testColumns["hosts"]...); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			feed(rows, "hosts", map[string]any{"name": fmt.Sprintf("h%05d", i), "plugin_output": strings.Repeat("x", 100), "last_check": int64(n)})
		}
	}
	commit := func() {
		if _, err := b.Commit(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	b = site.Begin()
	write(b.Replace("hosts"), 5000)
	commit()
	for range 2 * desksAtMost {
		b = site.Begin()
		write(b.Update("hosts"), 5)
		write(b.Update("hosts"), 50)
		commit()
	}
	if n := len(f.desks.free); n != 2 {
		t.Errorf("%d desks are kept of two that were used at a time", n)
	}
	staged := f.desks.free[1][1].build
	b = site.Begin()
	r := b.Update("hosts")
	write(r, 3)
	if at := r.cols[1].build; &at.buf[0] != &staged.buf[:1][0] {
		t.Error("what was staged in is not used again")
	}
	commit()
	b = site.Begin()
	for range desksAtMost + 5 {
		write(b.Update("hosts"), 1)
	}
	commit()
	b = site.Begin()
	write(b.Update("hosts"), 5000) // more than a desk may keep
	commit()
	if n := len(f.desks.free); n > desksAtMost {
		t.Errorf("%d desks are kept, at most %d may", n, desksAtMost)
	}
	for _, cols := range f.desks.free {
		size := 0
		for _, c := range cols[:cap(cols)] {
			size += 8*cap(c.build.buf) + cap(c.build.blob)
		}
		if size > deskAtMost {
			t.Errorf("a desk of %d bytes is kept", size)
		}
	}
}

// TestHide: a hidden site is in no view and takes its health and its name all
// the same; shown again it is at its place.
func TestHide(t *testing.T) {
	f := NewFleet(Options{})
	names := func() string {
		var out []string
		for _, s := range f.View().Sites {
			out = append(out, s.Info.Name)
		}
		return strings.Join(out, " ")
	}
	a := f.Add(SiteInfo{Key: "a", Name: "A"})
	f.Add(SiteInfo{Key: "b", Name: "B"})
	f.Hide("a")
	f.Hide("nobody")
	if got := f.Add(SiteInfo{Key: "a", Name: "C"}); got != a || names() != "B" {
		t.Errorf("another handle, or seen: %q", names())
	}
	a.SetHealth(Health{State: Down})
	f.Show("a")
	f.Show("a")
	if names() != "B C" || f.View().Sites[1].Health.State != Down {
		t.Errorf("shown again: %q", names())
	}
	f.Hide("b")
	f.Remove("b")
	f.Show("b")
	if names() != "C" {
		t.Errorf("removed while hidden: %q", names())
	}
}
