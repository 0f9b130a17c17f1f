package topo

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

func nodes(parents ...[]int) []Node {
	out := make([]Node, len(parents))
	for i, p := range parents {
		out[i] = Node{Row: status.Row{Site: "a", Host: "h" + strconv.Itoa(i), State: ui.HostState(0, true, false)}, Parents: p, Path: "/x"}
	}
	return out
}

func places(d *Drawing) (xs, ys []int) {
	for _, b := range d.boxes {
		xs = append(xs, (b.x-margin)/(boxWidth+columnGap))
		ys = append(ys, b.y)
	}
	return xs, ys
}

func TestLayers(t *testing.T) {
	// 0 is above 1 and 2, 3 hangs on both of them and, by a short way, on 0; 4 stands alone.
	d := New(nodes(nil, []int{0}, []int{0}, []int{1, 2, 0}, nil))
	xs, ys := places(d)
	if !slices.Equal(xs, []int{0, 1, 1, 2, 0}) {
		t.Errorf("layers %v", xs)
	}
	if ys[0] != (ys[1]+ys[2])/2 || ys[1] != ys[3] {
		t.Errorf("a parent is not in the middle of its children: %v", ys)
	}
	if len(d.edges) != 5 || len(d.tree) != 2 || len(d.tree[0].kids[0].kids) != 1 {
		t.Errorf("%d edges, tree %+v", len(d.edges), d.tree)
	}
	if got := d.tree[0].kids[0].kids[0].other; !slices.Equal(got, []string{"h2", "h0"}) {
		t.Errorf("further parents %q", got)
	}
}

// FuzzLayout: boxes never lie on each other, whatever the parents, circles
// included.
func FuzzLayout(f *testing.F) {
	f.Add([]byte{0, 0, 1, 2, 1})
	f.Add([]byte{1, 0})
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 3, 1, 5})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 200 {
			return
		}
		parents := make([][]int, len(b))
		for i, x := range b {
			if x != 0 {
				parents[i] = []int{int(x) % (len(b) + 1), (int(x) * 7) % len(b)}
			}
		}
		d := New(nodes(parents...))
		if len(d.boxes) != len(b) {
			t.Fatalf("%d boxes of %d nodes", len(d.boxes), len(b))
		}
		in := 0
		var count func(bs []branch)
		count = func(bs []branch) {
			for _, x := range bs {
				in++
				count(x.kids)
			}
		}
		count(d.tree)
		if in != len(b) {
			t.Errorf("%d of %d nodes are in the tree", in, len(b))
		}
		taken := map[[2]int]bool{}
		for _, x := range d.boxes {
			if x.x < 0 || x.y < 0 || x.x+boxWidth > d.Width || x.y+boxHeight > d.Height {
				t.Errorf("%s at %d, %d is outside of %d by %d", x.Host, x.x, x.y, d.Width, d.Height)
			}
			if taken[[2]int{x.x, x.y}] {
				t.Errorf("two boxes at %d, %d", x.x, x.y)
			}
			taken[[2]int{x.x, x.y}] = true
		}
	})
}

func TestDraw(t *testing.T) {
	n := nodes(nil, []int{0}, []int{1})
	n[1].State = ui.HostState(1, true, false)
	n[1].Host = `<b>&"` + strings.Repeat("long", 10)
	n[1].Focus = true
	n[2] = Node{More: 7, Note: "7 more hosts", Path: "/more", Parents: []int{1}}
	d := New(n)
	var b bytes.Buffer
	if err := Graph(d, "Map").Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	html := b.String()
	for _, want := range []string{`class="ed down"`, `class="down sel"`, "&lt;b&gt;", "7 more hosts", `role="group"`, "…", `aria-label="h0, UP"`} {
		if !strings.Contains(html, want) {
			t.Errorf("the picture lacks %q", want)
		}
	}
	b.Reset()
	if err := Tree(d).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"DOWN", "UP", "longlonglonglonglonglonglonglonglonglong", `aria-current="true"`, "/more"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the tree lacks %q", want)
		}
	}
	if d.Count() != 2 || d.Empty() {
		t.Errorf("%d hosts", d.Count())
	}
}
