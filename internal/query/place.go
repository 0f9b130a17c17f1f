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
	after, err := b.behind(b.q.After)
	if err != nil {
		return err
	}
	until, err := b.behind(b.q.Until)
	if err != nil {
		return err
	}
	if after != nil {
		b.plan.filter = &node{kind: lql.And, kids: []*node{b.plan.filter, after}}
	}
	if until != nil {
		b.plan.filter = &node{kind: lql.And, kids: []*node{b.plan.filter, {kind: lql.Not, kids: []*node{until}}}}
	}
	return nil
}

// behind returns the filter for the rows that follow a place, nil for no place.
func (b *binder) behind(p lql.Place) (*node, error) {
	if p == nil {
		return nil, nil
	}
	if len(p) != len(b.plan.sorts) || len(p) == 0 || len(b.q.Stats) > 0 {
		return nil, errors.New("query: a place has a text for each key that rows are sorted by")
	}
	var out *node
	for i := len(p) - 1; i >= 0; i-- {
		k := &b.plan.sorts[i]
		op := lql.Greater
		if k.desc {
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
