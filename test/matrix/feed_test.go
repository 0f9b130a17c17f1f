package matrix_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/corefiles"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// merged are rows by table and key: what objects.cache says of them, and over
// it what status.dat says.
type merged map[string]map[string]map[string]any

func (m merged) add(r *corefiles.Row) error {
	def, ok := schema.Lookup(r.Table)
	if !ok {
		return fmt.Errorf("there is no table %q", r.Table)
	}
	key := ""
	for _, k := range def.Keys {
		key += fmt.Sprint(r.Get(k)) + "\x00"
	}
	if m[r.Table] == nil {
		m[r.Table] = map[string]map[string]any{}
	}
	if m[r.Table][key] == nil {
		m[r.Table][key] = map[string]any{}
	}
	for i, c := range r.Columns {
		m[r.Table][key][c] = r.Values[i]
	}
	return nil
}

// feed writes what the files say into the store.
func (n *nagios) feed() error {
	if st, err := os.Stat(n.c.Status); err != nil || st.ModTime().Equal(n.fed) {
		return err
	} else {
		n.fed = st.ModTime()
	}
	all := merged{"comments": {}, "downtimes": {}}
	objects, err := os.Open(n.c.Objects)
	if err != nil {
		return err
	}
	defer objects.Close()
	if _, err := corefiles.ReadObjects(objects, all.add); err != nil {
		return err
	}
	status, err := os.Open(n.c.Status)
	if err != nil {
		return err
	}
	defer status.Close()
	info, err := corefiles.ReadStatus(status, all.add)
	if err != nil || info.Cut {
		return err
	}
	batch := n.site.Begin()
	defer batch.Abort()
	for table, rows := range all {
		if table == "status" {
			for _, r := range rows {
				r["check_external_commands"] = int64(1)
			}
		}
		if err := replace(batch, table, rows); err != nil {
			return err
		}
	}
	_, err = batch.Commit(time.Unix(info.Created, 0))
	return err
}

func replace(batch *store.Batch, table string, rows map[string]map[string]any) error {
	names := map[string]bool{}
	for _, r := range rows {
		for c := range r {
			names[c] = true
		}
	}
	columns := slices.Sorted(maps.Keys(names))
	out := batch.Replace(table)
	if len(columns) == 0 {
		return nil
	}
	if err := out.Columns(columns...); err != nil {
		return err
	}
	for _, r := range rows {
		for i, c := range columns {
			write(out, i, r[c])
		}
		if err := out.EndRow(); err != nil {
			return err
		}
	}
	return nil
}

// write sets a cell from a value in normal form.
func write(out *store.Rows, i int, v any) {
	switch v := v.(type) {
	case int64:
		out.Int(i, v)
	case float64:
		out.Float(i, v)
	case string:
		out.Text(i, []byte(v))
	case []string:
		var l [][]byte
		for _, s := range v {
			l = append(l, []byte(s))
		}
		out.TextList(i, l)
	case []schema.Member:
		var l [][2][]byte
		for _, m := range v {
			l = append(l, [2][]byte{[]byte(m.Host), []byte(m.Service)})
		}
		out.Members(i, l)
	case []schema.Pair:
		var l [][2][]byte
		for _, p := range v {
			l = append(l, [2][]byte{[]byte(p.Name), []byte(p.Value)})
		}
		out.Dict(i, l)
	case [][]any:
		out.Tuples(i, v)
	}
}

// look reads the files block by block: what they say that no column holds
// counts too.
func (n *nagios) look(t *testing.T) facts {
	t.Helper()
	var f *os.File
	until(t, "there is a status.dat", func() (ok bool) { // not while it restarts
		var err error
		f, err = os.Open(n.c.Status)
		return err == nil
	})
	defer f.Close()
	out := facts{}
	_, err := corefiles.ReadBlocks(f, func(b *corefiles.Block) error {
		who := fact{table: b.Name, owner: b.Get("host_name"), key: b.Get("service_description")}
		switch b.Name {
		case "info":
			return nil
		case "contactstatus":
			who.owner = b.Get("contact_name")
		case "hostcomment", "servicecomment":
			who.key += ";" + b.Get("author") + ";" + b.Get("comment_data") + ";" + b.Get("entry_type")
		case "hostdowntime", "servicedowntime":
			who.key += ";" + b.Get("author") + ";" + b.Get("comment") + ";" + b.Get("start_time")
		}
		out[who] = map[string]string{}
		for i, k := range b.Keys {
			out[who][k] = b.Values[i]
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	n.lookAtLog(t, out)
	return out
}

func (n *nagios) lookAtLog(t *testing.T, out facts) {
	t.Helper()
	f, err := os.Open(n.c.Log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = corefiles.ReadLog(f, func(r *corefiles.Row) error {
		kind, host := r.Text("type"), r.Text("host_name")
		if rest, ok := strings.CutPrefix(r.Text("message")[13:], "Warning: Unrecognized external command -> "); ok {
			name, _, _ := strings.Cut(rest, ";")
			out[fact{table: "log: unknown", owner: name, key: fmt.Sprint(r.Int("lineno"))}] = map[string]string{}
		}
		switch r.Int("class") {
		case 4, 5, 6:
			return nil
		}
		if host != "" {
			out[fact{table: "log: " + kind, owner: host, key: fmt.Sprint(r.Int("lineno"))}] = map[string]string{}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// unknown are the commands of which the log says that the core does not know
// them.
func (n *nagios) unknown(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	f := facts{}
	n.lookAtLog(t, f)
	for who := range f {
		if who.table == "log: unknown" {
			out[who.owner] = true
		}
	}
	return out
}
