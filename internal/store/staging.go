package store

import (
	"bytes"
	"slices"

	"belvedere/internal/schema"
)

// staging are staged rows whose references have been found.
type staging struct {
	*staged
	refs []*Column
	gone []bool // rows that refer to something that does not exist
	lost int
}

// resolve finds the rows that staged rows refer to. The references are to be
// kept, or brief.
func (a *applier) resolve(st *staged, brief bool) *staging {
	def := st.def
	out := &staging{staged: st, refs: make([]*Column, len(def.links)), gone: make([]bool, st.n)}
	for j, l := range def.links {
		if l.cols == nil || slices.ContainsFunc(l.cols, func(c int) bool { return st.cols[c] == nil }) {
			continue
		}
		b := newColumnBuilder(schema.Int)
		b.brief = brief
		var texts, last [][]byte
		lastRow, lastOK := -1, false
		for row := range st.n {
			texts = st.texts(l.cols, row, texts[:0])
			if len(texts[len(texts)-1]) == 0 && !def.required(j) {
				b.add(cell{num: -1})
				continue
			}
			if row == 0 || !slices.EqualFunc(texts, last, bytes.Equal) {
				lastRow, lastOK = a.next.findTexts(l.target, texts)
				last = append(last[:0], texts...)
			}
			if !lastOK {
				if !out.gone[row] {
					out.gone[row] = true
					out.lost++
				}
				b.add(cell{num: -1})
				continue
			}
			b.add(cell{num: int64(lastRow)})
		}
		out.refs[j] = b.finish(a.version)
	}
	return out
}

// parts returns the key of a staged row.
func (st *staging) parts(row int, dst []keyPart) []keyPart {
	for _, k := range st.def.keys {
		var p keyPart
		if v := st.def.via[k]; v.link >= 0 {
			if ref := st.refs[v.link]; ref != nil {
				p.num = ref.Int(row)
			}
		} else if c := st.cols[k]; c != nil && c.st == numbers {
			p.num = c.Int(row)
		} else if c != nil {
			p.text = c.Bytes(row)
		}
		dst = append(dst, p)
	}
	return dst
}

// order returns the staged rows that count, by key; of equal keys the last.
// It returns nil if these are all rows in the order they came.
func (st *staging) order() (rows []int32, duplicates int) {
	inOrder := st.lost == 0
	var a, b [4]keyPart
	for row := 1; row < st.n && inOrder && len(st.def.keys) > 0; row++ {
		inOrder = compareParts(st.parts(row-1, a[:0]), st.parts(row, b[:0])) < 0
	}
	if inOrder {
		return nil, 0
	}
	rows = make([]int32, 0, st.n)
	for row := range st.n {
		if !st.gone[row] {
			rows = append(rows, int32(row))
		}
	}
	if len(st.def.keys) == 0 {
		return rows, 0
	}
	slices.SortStableFunc(rows, func(x, y int32) int {
		return compareParts(st.parts(int(x), a[:0]), st.parts(int(y), b[:0]))
	})
	kept := rows[:0]
	for i, r := range rows {
		if i+1 < len(rows) && compareParts(st.parts(int(r), a[:0]), st.parts(int(rows[i+1]), b[:0])) == 0 {
			duplicates++
			continue
		}
		kept = append(kept, r)
	}
	return kept, duplicates
}
