package query

import (
	"bytes"
	"errors"
	"fmt"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// places adds to the filter that rows stand between the places of the query.
func (b *binder) places() error {
	for _, side := range []struct {
		place         lql.Place
		reversed, not bool
	}{{place: b.q.After}, {place: b.q.First, reversed: true, not: true}, {place: b.q.Until, not: true}} {
		if side.place == nil {
			continue
		}
		n, err := b.behind(side.place, side.reversed)
		if err != nil {
			return err
		}
		if side.not {
			n = &node{kind: lql.Not, kids: []*node{n}}
		}
		b.plan.filter = &node{kind: lql.And, kids: []*node{b.plan.filter, n}}
	}
	return nil
}

// behind returns the filter for the rows that follow a place in the order of
// the query, or in the reversed one.
func (b *binder) behind(p lql.Place, reversed bool) (*node, error) {
	if len(p) != len(b.plan.sorts) || len(p) == 0 || len(b.q.Stats) > 0 {
		return nil, errors.New("query: a place has a text for each key that rows are sorted by")
	}
	var out *node
	for i := len(p) - 1; i >= 0; i-- {
		k := &b.plan.sorts[i]
		op := lql.Greater
		if k.desc != reversed {
			op = lql.Less
		}
		after, err := b.beside(k, op, p[i])
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = after
			continue
		}
		same, err := b.beside(k, lql.Equal, p[i])
		if err != nil {
			return nil, err
		}
		out = &node{kind: lql.Or, kids: []*node{after, {kind: lql.And, kids: []*node{same, out}}}}
	}
	return out, nil
}

// beside returns the filter that compares rows with a place in one key: Less,
// Equal or Greater.
func (b *binder) beside(k *sortKey, op lql.Op, value string) (*node, error) {
	if len(b.leaves) == maxLeaves {
		return nil, errTooManyLeaves
	}
	column := k.ref.column()
	l := &leaf{ref: k.ref, op: op, values: []string{value}, at: len(b.leaves), uses: 1}
	if isText(column.Kind) && (column.Kind != schema.Text || k.prefix > 0) {
		l.test, l.op = k.test(column.Kind, op, value), lql.Match // no = by which rows are found
	} else {
		var err error
		if l.test, err = compileTest(column, op, value, b.shift, b.slow); err != nil {
			return nil, fmt.Errorf("query: place: %w", err)
		}
	}
	b.leaves = append(b.leaves, l)
	return &node{kind: lql.Leaf, leaf: l}, nil
}

// test compares what texts and lists are sorted by.
func (k *sortKey) test(kind schema.Kind, op lql.Op, value string) *test {
	v, want := []byte(value), 0
	switch op {
	case lql.Less:
		want = -1
	case lql.Greater:
		want = 1
	}
	return &test{slow: 20, bytes: func(b []byte) bool { return bytes.Compare(k.bytes(kind, b), v) == want }}
}
