package query

import (
	"encoding/binary"
	"regexp"
	"regexp/syntax"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// maxStates bounds the states of all automata of one query. An expression that
// would need more goes on in the matcher of the standard library.
const maxStates = 10_000

// A dfa answers whether an expression matches anywhere in an ASCII text, with
// one table look-up per byte. Its states are made when they are first reached.
// Texts with other bytes go to the standard library's matcher. Safe for
// concurrent use.
type dfa struct {
	prog     *syntax.Prog
	exact    *regexp.Regexp
	anchored bool // matches at the beginning of the text only
	class    [utf8.RuneSelf]uint8
	classes  int // the last stands for the end of the text
	left     *atomic.Int32

	start *dfaState
	mu    sync.Mutex
	known map[string]*dfaState
}

// A dfaState is a set of instructions, and what is before the next byte.
type dfaState struct {
	next   []atomic.Pointer[dfaState] // by class
	pcs    []uint32
	before rune // -1: nothing
}

// dfaYes and dfaNo are where it is decided.
var dfaYes, dfaNo = &dfaState{}, &dfaState{}

// newDFA makes the automaton of an expression, or returns nil where that cannot
// pay.
func newDFA(parsed *syntax.Regexp, exact *regexp.Regexp, left *atomic.Int32) *dfa {
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(prog.Inst) > 1000 {
		return nil
	}
	d := &dfa{prog: prog, exact: exact, left: left, known: map[string]*dfaState{}}
	d.anchored = prog.StartCond()&syntax.EmptyBeginText != 0
	d.split()
	d.start = d.state([]uint32{uint32(prog.Start)}, -1)
	return d
}

// split puts bytes that no instruction tells apart in one class.
func (d *dfa) split() {
	var cut [utf8.RuneSelf + 1]bool
	edge := func(lo, hi rune) {
		if lo < utf8.RuneSelf {
			cut[lo] = true
			cut[min(hi+1, utf8.RuneSelf)] = true
		}
	}
	for _, in := range d.prog.Inst {
		switch in.Op {
		case syntax.InstRune1, syntax.InstRune:
			for i := 0; i < len(in.Rune); i += 2 {
				lo, hi := in.Rune[i], in.Rune[min(i+1, len(in.Rune)-1)]
				edge(lo, hi)
			}
			if syntax.Flags(in.Arg)&syntax.FoldCase != 0 && len(in.Rune) == 1 {
				edge(in.Rune[0]|0x20, in.Rune[0]|0x20)
				edge(in.Rune[0]&^0x20, in.Rune[0]&^0x20)
			}
		}
	}
	edge('\n', '\n')
	edge('0', '9')
	edge('A', 'Z')
	edge('_', '_')
	edge('a', 'z')
	n := 0
	for c := range d.class {
		if cut[c] && c > 0 {
			n++
		}
		d.class[c] = uint8(n)
	}
	d.classes = n + 2
}

// state returns the state of that content. d.mu must be held, or d not yet be
// in use. It returns nil when there are too many.
func (d *dfa) state(pcs []uint32, before rune) *dfaState {
	if len(pcs) == 0 {
		return dfaNo
	}
	slices.Sort(pcs)
	pcs = slices.Compact(pcs)
	switch { // only this much of it matters
	case before == '\n' || before < 0:
	case syntax.IsWordChar(before):
		before = 'a'
	default:
		before = ' '
	}
	key := binary.AppendVarint(nil, int64(before))
	for _, pc := range pcs {
		key = binary.AppendUvarint(key, uint64(pc))
	}
	if s := d.known[string(key)]; s != nil {
		return s
	}
	if d.left.Add(-1) < 0 {
		return nil
	}
	s := &dfaState{next: make([]atomic.Pointer[dfaState], d.classes), pcs: pcs, before: before}
	d.known[string(key)] = s
	return s
}

// step makes the state after c, -1 at the end of the text.
func (d *dfa) step(s *dfaState, class int, c rune) *dfaState {
	d.mu.Lock()
	defer d.mu.Unlock()
	if next := s.next[class].Load(); next != nil {
		return next
	}
	seen := make([]bool, len(d.prog.Inst))
	flags := syntax.EmptyOpContext(s.before, c)
	var out []uint32
	match := false
	var follow func(pc uint32)
	follow = func(pc uint32) {
		if seen[pc] {
			return
		}
		seen[pc] = true
		in := &d.prog.Inst[pc]
		switch in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			follow(in.Out)
			follow(in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			follow(in.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(in.Arg)&^flags == 0 {
				follow(in.Out)
			}
		case syntax.InstMatch:
			match = true
		case syntax.InstFail:
		default:
			if c >= 0 && in.MatchRune(c) {
				out = append(out, in.Out)
			}
		}
	}
	for _, pc := range s.pcs {
		follow(pc)
	}
	var next *dfaState
	switch {
	case match:
		next = dfaYes
	case c < 0:
		next = dfaNo
	default:
		if !d.anchored {
			out = append(out, uint32(d.prog.Start))
		}
		next = d.state(out, c)
	}
	if next != nil {
		s.next[class].Store(next)
	}
	return next
}

// match reports whether the expression matches anywhere in b.
func (d *dfa) match(b []byte) bool {
	s := d.start
	if s == nil {
		return d.exact.Match(b)
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return d.exact.Match(b)
		}
		class := d.class[c]
		next := s.next[class].Load()
		if next == nil {
			if next = d.step(s, int(class), rune(c)); next == nil {
				return d.exact.Match(b)
			}
		}
		s = next
		if len(s.next) == 0 {
			return s == dfaYes
		}
	}
	end := s.next[d.classes-1].Load()
	if end == nil {
		end = d.step(s, d.classes-1, -1)
	}
	return end == dfaYes
}
