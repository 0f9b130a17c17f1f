package query

import (
	"bytes"

	"belvedere/internal/schema"
)

// A ranked is a row whose name is to be ranked among those of all sites.
type ranked struct {
	site, row int32
	name      []byte
}

// rank numbers the first part of the tables' keys in order, over all sites, so
// that sorting many rows compares numbers where their sort keys are equal: of
// services it ranks the hosts. Rows are by name within a site already.
func (st *sorter) rank() {
	var lists [][]ranked
	st.order = make([][]int32, len(st.names))
	for site := range st.names {
		if len(st.names[site]) == 0 {
			st.order = nil
			return
		}
		o := st.names[site][0]
		if o.kind != schema.Text || o.col == nil || o.xform != nil || len(o.place.hops) > 1 || st.r.table.Source != schema.FromCore {
			if o.place.table.Len() == 0 {
				continue
			}
			st.order = nil
			return
		}
		n := o.place.table.Len()
		list := make([]ranked, n)
		for row := range n {
			list[row] = ranked{int32(site), int32(row), o.col.Bytes(row)}
		}
		st.order[site] = make([]int32, n)
		lists = append(lists, list)
	}
	for len(lists) > 1 {
		var next [][]ranked
		for i := 0; i < len(lists); i += 2 {
			if i+1 == len(lists) {
				next = append(next, lists[i])
				break
			}
			next = append(next, mergeSorted(lists[i], lists[i+1], func(a, b *ranked) bool { return bytes.Compare(b.name, a.name) < 0 }))
		}
		lists = next
	}
	if len(lists) == 0 {
		return
	}
	at := int32(0)
	for i, e := range lists[0] {
		if i > 0 && !bytes.Equal(e.name, lists[0][i-1].name) {
			at++
		}
		st.order[e.site][e.row] = at
	}
}

// tie returns the rank of a row's name, 0 where names are not ranked.
func (st *sorter) tie(site, row int32) int32 {
	if st.order == nil {
		return 0
	}
	o := st.names[site][0]
	end := o.place.end(int(row))
	if end < 0 || end >= len(st.order[site]) {
		return 0
	}
	return st.order[site][end]
}

// mergeSorted merges two sorted lists; of equal elements those of a come first.
// after reports whether x comes after y.
func mergeSorted[T any](a, b []T, after func(x, y *T) bool) []T {
	if len(a) == 0 || len(b) == 0 {
		return append(a, b...)
	}
	out := make([]T, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if after(&a[0], &b[0]) {
			out, b = append(out, b[0]), b[1:]
		} else {
			out, a = append(out, a[0]), a[1:]
		}
	}
	return append(append(out, a...), b...)
}
