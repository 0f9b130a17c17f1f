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
	historyBytes = 2 << 30 // that are read for an answer, unpacked
	histories    = 2       // answers at once
	archivesMost = 10_000  // log files
)

// history answers a query for table log from the log and the rotated ones, the
// newest first, until there are enough rows. More than historyBytes is an error:
// an answer with a part of what was asked for would pass for the whole.
func (c *Core) history(ctx context.Context, q *lql.Query) (*lql.Result, error) {
	def, ok := schema.Lookup(q.Table)
	if !ok || q.Table != "log" {
		return nil, &lql.QueryError{Code: 404, Msg: fmt.Sprintf("no such table '%.60s'", q.Table)}
	}
	since, until := bounds(&q.Filter)
	config := c.configuration()
	most := historyMost
	if q.Limit != lql.NoLimit && understood(&q.Filter) {
		most = min(most, q.Limit)
	}
	select {
	case c.reading <- struct{}{}:
		defer func() { <-c.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	left := c.historyBytes
	var rows [][]any
	for _, name := range slices.Backward(logFiles(&config, since)) {
		h := &rowsKept{columns: q.Columns, most: most - len(rows)}
		if h.most <= 0 {
			break
		}
		err := readLog(ctx, name, &left, func(r *corefiles.Row) error {
			at := r.Int("time")
			if at > until+clockStep {
				return errEnough
			}
			if at >= since && at <= until && matches(&q.Filter, r) {
				h.add(r)
			}
			return nil
		})
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, errTooMuch):
			return nil, &lql.QueryError{Code: 413, Msg: fmt.Sprintf("the logs of this core hold more than %d MB of what was asked for", c.historyBytes>>20), Hint: "ask for a shorter span of time"}
		case err != nil && !errors.Is(err, errEnough):
			c.o.Log.Warn("a log of the core cannot be read", "file", name, "reason", reason(err))
		}
		rows = append(rows, h.rows...)
	}
	return resultOf(def, q.Columns, rows), nil
}

var (
	errEnough  = errors.New("filecore: enough") // ends the reading of a file
	errTooMuch = errors.New("filecore: too much to read")
)

// A meter reads until ctx ends or left is used up.
type meter struct {
	ctx  context.Context
	in   io.Reader
	left *int64
}

// Read reads from in.
func (m *meter) Read(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	if *m.left <= 0 {
		return 0, errTooMuch
	}
	n, err := m.in.Read(p)
	*m.left -= int64(n)
	return n, err
}

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

// readLog reads one file, packed or not, and takes what it reads off left.
func readLog(ctx context.Context, name string, left *int64, each func(*corefiles.Row) error) error {
	f, err := corefiles.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReader(f)
	if head, err := in.Peek(2); err != nil || head[0] != 0x1f || head[1] != 0x8b {
		return corefiles.ReadLog(&meter{ctx, in, left}, each)
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	defer z.Close()
	return corefiles.ReadLog(&meter{ctx, z, left}, each)
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
	columns []string
	most    int
	rows    [][]any
	next    int
}

func (k *rowsKept) add(r *corefiles.Row) {
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

// resultOf returns rows by column, in no order that matters.
func resultOf(def *schema.Table, columns []string, rows [][]any) *lql.Result {
	res := &lql.Result{Rows: len(rows), Total: len(rows)}
	for i, name := range columns {
		v := lql.Vector{Name: name, Kind: lql.Texts}
		c, ok := def.Column(name)
		number := ok && c.Kind != schema.Text
		if number {
			v.Kind = lql.Ints
		}
		for _, row := range rows {
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
