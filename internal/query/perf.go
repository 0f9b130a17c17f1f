package query

import (
	"slices"
	"strconv"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// maxLabels bounds the measured values that one query adds up.
const maxLabels = 300_000

// measured reports whether Stats of a column are taken of each measured value in
// it by itself, as MK Livestatus and Naemon do.
func measured(c *schema.Column) bool { return c.Kind == schema.Text && c.Name == "perf_data" }

// perf feeds the measured values of rows of a chunk.
func (g *grouping) perf(a *accu, st *stat, s *siteRun, chunk int, rows *store.Bits) {
	o := s.operand(st.ref)
	eachBit(rows, func(i int) {
		eachMeasured(string(o.bytesAt(o.place.end(chunk*store.ChunkRows+i))), func(label string, value float64) {
			of := a.perf[label]
			if of == nil {
				if g.r.labels.Add(1) > maxLabels {
					return // the query is refused
				}
				if a.perf == nil {
					a.perf = map[string]*accu{}
				}
				of = &accu{}
				a.perf[strings.Clone(label)] = of
			}
			st.feed(of, true, 0, value)
		})
	})
}

// mergePerf adds the measured values that another worker found.
func (a *accu) mergePerf(b *accu) {
	for label, of := range b.perf {
		have := a.perf[label]
		if have == nil {
			have = &accu{}
			if a.perf == nil {
				a.perf = map[string]*accu{}
			}
			a.perf[label] = have
		}
		have.merge(of)
	}
}

// perf prints what became of the measured values, by label, as MK Livestatus
// does: without units, with eight decimals.
func (s *stat) perf(a *accu) string {
	if a.said != "" {
		return a.said
	}
	labels := make([]string, 0, len(a.perf))
	for label := range a.perf {
		labels = append(labels, label)
	}
	slices.Sort(labels)
	var b strings.Builder
	for i, label := range labels {
		if i > 0 {
			b.WriteByte(' ')
		}
		if strings.ContainsAny(label, " '=") {
			b.WriteString("'" + strings.ReplaceAll(label, "'", "''") + "'")
		} else {
			b.WriteString(label)
		}
		b.WriteByte('=')
		b.WriteString(strconv.FormatFloat(s.float(a.perf[label]), 'f', 8, 64))
	}
	a.said = b.String()
	return a.said
}

// eachMeasured calls fn for every value of performance data that is a number.
func eachMeasured(text string, fn func(label string, value float64)) {
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		if text == "" {
			return
		}
		label, rest, ok := cutLabel(text)
		if !ok {
			_, text, _ = strings.Cut(text, " ")
			continue
		}
		value := rest
		if i := strings.IndexAny(rest, " \t\r\n"); i >= 0 {
			value, text = rest[:i], rest[i:]
		} else {
			text = ""
		}
		end := 0
		for end < len(value) && strings.IndexByte("+-.0123456789", value[end]) >= 0 {
			end++
		}
		if f, err := strconv.ParseFloat(value[:end], 64); err == nil {
			fn(label, finite(f))
		}
	}
}

// cutLabel takes the label, which may stand in quotes, and the = after it off.
func cutLabel(text string) (label, rest string, ok bool) {
	if text[0] != '\'' {
		end := strings.IndexAny(text, "= \t\r\n")
		if end <= 0 || text[end] != '=' {
			return "", text, false
		}
		return text[:end], text[end+1:], true
	}
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '\'':
		case i+1 < len(text) && text[i+1] == '\'':
			i++
		case i > 1 && i+1 < len(text) && text[i+1] == '=':
			return strings.ReplaceAll(text[1:i], "''", "'"), text[i+2:], true
		default:
			return "", text, false
		}
	}
	return "", text, false
}

// overLabels is the error of a query with more measured values than one may
// have.
func (r *run) overLabels() error {
	if r.labels.Load() > maxLabels {
		return &lql.QueryError{Code: 413, Msg: "the answer is too large: measured values of too many names", Hint: "narrow it with filters, or group by less"}
	}
	return nil
}
