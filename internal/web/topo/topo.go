// Package topo draws what hangs on what: hosts in layers from parents to
// children, as a picture and as a tree of links that says the same in words.
//
// It knows no query and no page: a room gives it [Node]s, [New] finds their
// places, and the templates draw them. Values are plain and never change after
// they were made.
package topo

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// A Node is one host, or a number of hosts that are not shown one by one.
type Node struct {
	status.Row
	Note    string // one short line below the name
	Path    string // where it leads, without prefix
	Parents []int  // indexes of nodes, the first is the one it hangs below in the tree
	Focus   bool   // the host that the picture is about
	More    int    // above 0: the node stands for so many further hosts below its parent
}

// The measures of a picture, in CSS pixels.
const (
	boxWidth, boxHeight = 160, 38
	columnGap, rowGap   = 36, 12
	margin              = 2
	maxName             = 15 // letters of a name in a box
)

// A Drawing is nodes with their places.
type Drawing struct {
	Width, Height int
	boxes         []box
	edges         []edge
	tree          []branch
}

// A box is the place of a node; x and y are its upper left corner.
type box struct {
	Node
	id   string
	x, y int
}

// An edge leads from a parent to a child.
type edge struct{ id, class, d string }

// A branch is a node with what hangs below it in the tree.
type branch struct {
	Node
	id    string
	kids  []branch
	other []string // further parents
}

// Empty reports whether there is nothing to draw.
func (d *Drawing) Empty() bool { return len(d.boxes) == 0 }

// Count returns how many hosts are drawn one by one.
func (d *Drawing) Count() int {
	n := 0
	for _, b := range d.boxes {
		if b.More == 0 {
			n++
		}
	}
	return n
}

// New finds places for nodes: layers from left to right by the longest way from
// a node without parents, and within a layer in the order of the tree, a parent
// in the middle of its children. Ways in a circle are cut where they close.
func New(nodes []Node) *Drawing {
	l := &layout{nodes: nodes, layer: make([]int, len(nodes)), state: make([]uint8, len(nodes)),
		kids: make([][]int, len(nodes)), y: make([]int, len(nodes)), parents: make([][]int, len(nodes))}
	for i := range nodes {
		l.climb(i)
	}
	d := &Drawing{}
	for i := range nodes {
		if len(l.parents[i]) > 0 {
			l.kids[l.parents[i][0]] = append(l.kids[l.parents[i][0]], i)
		}
	}
	for i := range nodes {
		if len(l.parents[i]) == 0 {
			l.place(i)
			d.tree = append(d.tree, l.branch(i))
		}
	}
	for i, n := range nodes {
		b := box{Node: n, id: l.id(i), x: margin + l.layer[i]*(boxWidth+columnGap), y: l.y[i]}
		d.boxes = append(d.boxes, b)
		d.Width = max(d.Width, b.x+boxWidth+margin)
		d.Height = max(d.Height, b.y+boxHeight+margin)
	}
	for i := range nodes {
		for _, p := range l.parents[i] {
			d.edges = append(d.edges, newEdge(d.boxes[p], d.boxes[i]))
		}
	}
	return d
}

// A layout is a drawing in the making.
type layout struct {
	nodes   []Node
	parents [][]int // without those that close a circle
	layer   []int
	state   []uint8 // 0 untouched, 1 on the way up, 2 done
	kids    [][]int // in the tree
	y       []int
	rows    int // places taken in the deepest layers
}

// climb sets layer and parents of a node and of all above it.
func (l *layout) climb(i int) {
	if l.state[i] != 0 {
		return
	}
	l.state[i] = 1
	for _, p := range l.nodes[i].Parents {
		if p < 0 || p >= len(l.nodes) || l.state[p] == 1 {
			continue
		}
		l.climb(p)
		l.parents[i] = append(l.parents[i], p)
		l.layer[i] = max(l.layer[i], l.layer[p]+1)
	}
	l.state[i] = 2
}

// place sets y of a node and of all below it in the tree.
func (l *layout) place(i int) {
	if len(l.kids[i]) == 0 {
		l.y[i] = margin + l.rows*(boxHeight+rowGap)
		l.rows++
		return
	}
	for _, k := range l.kids[i] {
		l.place(k)
	}
	first, last := l.kids[i][0], l.kids[i][len(l.kids[i])-1]
	l.y[i] = (l.y[first] + l.y[last]) / 2
}

// branch returns the tree below a node.
func (l *layout) branch(i int) branch {
	b := branch{Node: l.nodes[i], id: "t|" + l.id(i)}
	for _, p := range l.parents[i][min(1, len(l.parents[i])):] {
		b.other = append(b.other, l.nodes[p].Host)
	}
	for _, k := range l.kids[i] {
		b.kids = append(b.kids, l.branch(k))
	}
	return b
}

// id names the element of a node, so that a live update finds it again.
func (l *layout) id(i int) string {
	n := l.nodes[i]
	if n.More > 0 && len(l.parents[i]) > 0 {
		p := l.nodes[l.parents[i][0]]
		return "n|" + status.RowID(p.Site, p.Host, "") + "|more"
	}
	return "n|" + status.RowID(n.Site, n.Host, "")
}

func newEdge(from, to box) edge {
	x, y := from.x+boxWidth, from.y+boxHeight/2
	tx, ty := to.x, to.y+boxHeight/2
	half := strconv.Itoa((x + tx) / 2)
	p := func(a, b int) string { return strconv.Itoa(a) + " " + strconv.Itoa(b) }
	e := edge{id: "e|" + from.id + "|" + to.id, d: "M" + p(x, y) + "C" + half + " " + strconv.Itoa(y) + " " + half + " " + strconv.Itoa(ty) + " " + p(tx, ty)}
	if to.More == 0 && to.State.Problem() {
		e.class = to.State.Class
	}
	return e
}

// short cuts a name to what fits into a box.
func short(name string) string {
	name = ui.Visible(name)
	if utf8.RuneCountInString(name) <= maxName {
		return name
	}
	return string([]rune(name)[:maxName-1]) + "…"
}

// hollow reports whether the glyph of a node shouts at nobody: it is up, or
// handled, or cut off by another.
func (n Node) hollow() bool { return n.State.Done || !n.State.Problem() || n.State.Class == "unre" }

// label says a node in words.
func (n Node) label(ctx context.Context) string {
	if n.More > 0 {
		return n.Note
	}
	return strings.TrimSuffix(ui.Visible(n.Host)+", "+n.State.Label(ctx)+", "+n.Note, ", ")
}
