package filecore

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"belvedere/internal/corefiles"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

const (
	historyMost  = 100_000 // rows of an answer; the newest
	archivesMost = 10_000  // log files
)

// history answers a query for table log from the log and the rotated ones.
func (c *Core) history(ctx context.Context, q *lql.Query) (*lql.Result, error) {
	def, ok := schema.Lookup(q.Table)
	if !ok || q.Table != "log" {
		return nil, &lql.QueryError{Code: 404, Msg: fmt.Sprintf("no such table '%.60s'", q.Table)}
	}
	since, until := bounds(&q.Filter)
	config := c.configuration()
	h := &rowsKept{def: def, columns: q.Columns, most: historyMost}
	if q.Limit != lql.NoLimit && understood(&q.Filter) {
		h.most = min(h.most, q.Limit)
	}
	for _, name := range logFiles(&config, since) {
		err := readLog(ctx, name, func(r *corefiles.Row) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			at := r.Int("time")
			if at > until+clockStep {
				return errEnough
			}
			if at >= since && at <= until && matches(&q.Filter, r) {
				h.add(r)
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) && ctx.Err() == nil {
			c.o.Log.Warn("a log of the core cannot be read", "file", name, "reason", reason(err))
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return h.result(), nil
}

// errEnough ends the reading of a file.
var errEnough = errors.New("filecore: enough")

// clockStep is how far the clock of a core may go back within a log, in
// seconds.
const clockStep = 3600

// logFiles returns the logs that may hold entries since then, the oldest first.
func logFiles(c *corefiles.Config, since int64) []string {
	if c.Log == "" {
		return nil
	}
	folders := []string{c.Archives}
	if c.Archives == "" {
		folders = []string{filepath.Join(filepath.Dir(c.Log), "archives"), filepath.Dir(c.Log)}
	}
	type file struct {
		name  string
		mtime int64
	}
	var files []file
	base := strings.TrimSuffix(filepath.Base(c.Log), ".log")
	for _, folder := range folders {
		names, _ := filepath.Glob(filepath.Join(globQuote(folder), globQuote(base)+`[.\-]*`))
		for _, name := range names[:min(len(names), archivesMost)] {
			info, err := os.Stat(name)
			if err != nil || !info.Mode().IsRegular() || name == c.Log || info.ModTime().Unix() < since {
				continue
			}
			files = append(files, file{name, info.ModTime().Unix()})
		}
	}
	slices.SortFunc(files, func(a, b file) int {
		return cmp.Or(cmp.Compare(a.mtime, b.mtime), cmp.Compare(a.name, b.name))
	})
	var out []string
	for _, f := range files {
		out = append(out, f.name)
	}
	return append(out, c.Log)
}

// globQuote has a pattern of package filepath mean just that text.
func globQuote(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}

// unpackedMost bounds a log that lies there compressed, in bytes.
const unpackedMost = 8 << 30

func readLog(ctx context.Context, name string, each func(*corefiles.Row) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := corefiles.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReader(f)
	if head, err := in.Peek(2); err != nil || head[0] != 0x1f || head[1] != 0x8b {
		return corefiles.ReadLog(in, each)
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	defer z.Close()
	return corefiles.ReadLog(io.LimitReader(z, unpackedMost), each)
}

// bounds returns the span of time that a filter asks for at its top.
func bounds(f *lql.Filter) (since, until int64) {
	until = math.MaxInt64 - clockStep
	kids := f.Kids
	if f.Kind == lql.Leaf {
		kids = []lql.Filter{*f}
	}
	if f.Kind != lql.And && f.Kind != lql.Leaf {
		return since, until
	}
	for _, k := range kids {
		n, err := strconv.ParseInt(k.Value, 10, 64)
		if k.Kind != lql.Leaf || k.Column != "time" || err != nil {
			continue
		}
		switch k.Op {
		case lql.GreaterOrEqual, lql.Greater:
			since = max(since, n)
		case lql.LessOrEqual, lql.Less:
			until = min(until, n)
		case lql.Equal:
			since, until = max(since, n), min(until, n)
		}
	}
	return since, until
}

// understood reports whether matches decides a filter, or leaves some of it to
// who asks.
func understood(f *lql.Filter) bool {
	if f.Kind != lql.Leaf {
		return !slices.ContainsFunc(f.Kids, func(k lql.Filter) bool { return !understood(&k) })
	}
	switch f.Op {
	case lql.Equal, lql.NotEqual, lql.Less, lql.Greater, lql.LessOrEqual, lql.GreaterOrEqual:
	default:
		return false
	}
	t, _ := schema.Lookup("log")
	_, ok := t.Column(f.Column)
	return ok
}

// matches reports whether a row may match a filter: what is not understood
// does.
func matches(f *lql.Filter, r *corefiles.Row) bool {
	if !understood(f) {
		return f.Kind != lql.And || !slices.ContainsFunc(f.Kids, func(k lql.Filter) bool { return understood(&k) && !matches(&k, r) })
	}
	switch f.Kind {
	case lql.And:
		return !slices.ContainsFunc(f.Kids, func(k lql.Filter) bool { return !matches(&k, r) })
	case lql.Or:
		return slices.ContainsFunc(f.Kids, func(k lql.Filter) bool { return matches(&k, r) })
	case lql.Not:
		return !matches(&f.Kids[0], r)
	}
	var c int
	switch v := r.Get(f.Column).(type) {
	case int64:
		n, err := strconv.ParseInt(strings.TrimSpace(f.Value), 10, 64)
		if err != nil {
			n = 0
		}
		c = cmp.Compare(v, n)
	case string:
		c = strings.Compare(v, f.Value)
	default:
		c = strings.Compare("", f.Value)
	}
	switch f.Op {
	case lql.Equal:
		return c == 0
	case lql.NotEqual:
		return c != 0
	case lql.Less:
		return c < 0
	case lql.Greater:
		return c > 0
	case lql.LessOrEqual:
		return c <= 0
	}
	return c >= 0
}

// rowsKept are the newest rows, as a ring.
type rowsKept struct {
	def     *schema.Table
	columns []string
	most    int
	rows    [][]any
	next    int
}

func (k *rowsKept) add(r *corefiles.Row) {
	if k.most <= 0 {
		return
	}
	row := make([]any, len(k.columns))
	for i, c := range k.columns {
		row[i] = r.Get(c)
	}
	if len(k.rows) < k.most {
		k.rows = append(k.rows, row)
		return
	}
	k.rows[k.next] = row
	k.next = (k.next + 1) % k.most
}

// result returns the rows by column, in no order that matters.
func (k *rowsKept) result() *lql.Result {
	res := &lql.Result{Rows: len(k.rows), Total: len(k.rows)}
	for i, name := range k.columns {
		v := lql.Vector{Name: name, Kind: lql.Texts}
		c, ok := k.def.Column(name)
		number := ok && c.Kind != schema.Text
		if number {
			v.Kind = lql.Ints
		}
		for _, row := range k.rows {
			if number {
				n, _ := row[i].(int64)
				v.Ints = append(v.Ints, n)
			} else {
				s, _ := row[i].(string)
				v.Texts = append(v.Texts, s)
			}
		}
		res.Vectors = append(res.Vectors, v)
	}
	return res
}
