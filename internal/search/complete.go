package search

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"belvedere/internal/lql"
)

// An Item is something that may stand at the cursor.
type Item struct {
	Kind   ItemKind
	Insert string // what to put between From and To of the [Completion]
	Label  string // what to show: the value, the field with its operator, the word
	Field  string // the field it belongs to, "" for keywords
	Note   string // more about a value: the name of a site; may be empty
	N      int    // values: rows that the query would show with it
}

// ItemKind says what an Item is.
type ItemKind uint8

// The kinds of items.
const (
	FieldItem   ItemKind = iota // name of a field with an operator
	ValueItem                   // value of a field; N counts
	KeywordItem                 // and, or, not
)

// A Completion is what may stand instead of the bytes From to To of a text. Done
// items make a whole term: a blank may follow them.
type Completion struct {
	From, To int
	Items    []Item
}

// Typing is a text with the cursor in it.
type Typing struct {
	Text   string
	At     int      // the cursor, in bytes of Text
	With   string   // terms that hold besides those of Text; values are counted among them
	Tables []string // whose rows are listed
	Limit  int      // items at most; 0: 12
	// Within bounds the search for names that a bare word may mean: what is
	// found until then is offered. 0: no bound.
	Within time.Duration
}

// maxTyped bounds the word that is looked for, in bytes.
const maxTyped = 100

// Complete says what may stand at the cursor. Values are counted by q, which
// should be bound to whoever asks: what they may not see is not offered. The
// error is of q, or of ctx.
func Complete(ctx context.Context, q lql.Querier, t Typing, now time.Time) (Completion, error) {
	if t.At < 0 || t.At > len(t.Text) || len(t.Text) > MaxText || !validText(t.Text) {
		return Completion{}, nil
	}
	if t.Limit <= 0 {
		t.Limit = 12
	}
	f := t.fragment()
	c := completer{q: q, now: now, tables: t.Tables, with: t.others(f), fragment: f}
	var err error
	if f.known {
		err = c.values(ctx, f.field, f.op, f.typed, t.Limit)
	} else {
		err = c.words(ctx, t)
	}
	items := c.items[:min(len(c.items), t.Limit)]
	return Completion{From: c.from, To: c.to, Items: items}, err
}

// A fragment is the piece of a text that the cursor is in.
type fragment struct {
	start    int    // of the term or word, behind what negates it
	from, to int    // what an item replaces
	known    bool   // field and operator stand there: typed is a value
	field    Field  // known
	op       Op     // known
	first    bool   // known: the first value of the term
	typed    string // without quotes
}

// fragment finds the piece at the cursor.
func (t Typing) fragment() fragment {
	before := t.Text[:t.At]
	f := fragment{start: wordStart(before), to: t.At}
	f.to += wordEnd(t.Text[t.At:])
	f.from = f.start
	p := &parser{text: before, at: f.start}
	if f.start >= len(before) {
		return f
	}
	name := before[f.start:]
	end := strings.IndexFunc(name, func(r rune) bool { return r > 0x7f || !isNameByte(byte(r), 1) })
	if end > 0 {
		p.at += end
		op, ok := p.operator(true)
		field, known := fieldOf(name[:end])
		if ok && known {
			f.known, f.field, f.op = true, field, op
			f.from, f.first = valueStart(before, p.at)
			if op != Has && op != Equal && op != NotEqual {
				f.from, f.first = p.at, true
			} else if comma := listEnd(t.Text[t.At:f.to]); comma < f.to-t.At {
				f.to = t.At + comma
			}
		}
	}
	f.typed = strings.Trim(before[f.from:], `"'`)
	f.typed = strings.ToValidUTF8(f.typed[:min(len(f.typed), maxTyped)], "")
	return f
}

// wordStart returns where the word that text ends in begins, quotes and what
// negates it considered.
func wordStart(text string) int {
	start := 0
	var quote byte
	for i := 0; i < len(text); i++ {
		c := text[i]
		opens := i == start || strings.IndexByte(":=~<>,", text[i-1]) >= 0
		switch {
		case quote != 0 && c == '\\':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
		case c == '"' && opens:
			quote = c
		case (c == '(' || c == '-' || c == '!') && i == start:
			start = i + 1
		case c < utf8.RuneSelf && unicode.IsSpace(rune(c)):
			start = i + 1
		}
	}
	return min(start, len(text))
}

// valueStart returns where the value that text ends in begins, given that
// values begin at from, and whether it is the first.
func valueStart(text string, from int) (int, bool) {
	at := from
	quoted := false
	for i := from; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"' && (quoted || i == at):
			quoted = !quoted
		case c == ',' && !quoted:
			at = i + 1
		}
	}
	return min(at, len(text)), at == from
}

// others returns what holds besides the piece at the cursor, as far as it can
// be told: nothing, where the rest is not whole or only an alternative.
func (t Typing) others(f fragment) Expr {
	start := f.start
	for start > 0 && (t.Text[start-1] == '-' || t.Text[start-1] == '!') {
		start--
	}
	with, err := Parse(t.With)
	if err != nil {
		with = Expr{}
	}
	rest, err := Parse(t.Text[:start] + " " + t.Text[f.to:])
	if err != nil || rest.Kind == Any {
		return with
	}
	return And(with, rest)
}

// A completer collects items.
type completer struct {
	fragment
	q      lql.Querier
	now    time.Time
	tables []string
	with   Expr
	items  []Item
}

// base returns a query over the rows of a table that the rest of the text
// leaves; ok is false when it leaves none.
func (c *completer) base(ctx context.Context, table string) (*lql.Query, bool, error) {
	fs, err := Bind(ctx, c.q, c.with, c.now, c.tables...)
	if _, own := errors.AsType[*Error](err); own {
		fs, err = make([]lql.Filter, len(c.tables)), nil
		for i := range fs {
			fs[i] = lql.AndOf()
		}
	}
	if err != nil {
		return nil, false, err
	}
	f := fs[slices.Index(c.tables, table)]
	return lql.Get(table).Where(f), !Never(f), nil
}

// words offers what may begin a term: fields, their words, names, keywords.
func (c *completer) words(ctx context.Context, t Typing) error {
	typed := strings.ToLower(c.typed)
	c.fields(typed)
	if typed == "" {
		return nil
	}
	for _, k := range []string{"and", "or", "not"} {
		if strings.HasPrefix(k, typed) && (k == "not" || strings.TrimSpace(t.Text[:c.start]) != "") {
			c.items = append(c.items, Item{Kind: KeywordItem, Insert: k + " ", Label: k})
		}
	}
	if strings.HasPrefix(typed, "_") {
		return c.variables(ctx, typed[1:])
	}
	if len(typed) < 2 {
		return nil
	}
	if err := c.meanings(ctx, t.Within); err != nil {
		return err
	}
	if len(typed) > 2 {
		c.columns(typed)
	}
	return nil
}

// meanings offers the values of the fields that a bare word most often means.
func (c *completer) meanings(ctx context.Context, within time.Duration) error {
	if within > 0 {
		short, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		err := c.meanings(short, 0)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return nil
		}
		return err
	}
	for _, name := range []string{"state", "is", "host", "service", "hostgroup", "servicegroup", "site"} {
		f, _ := fieldOf(name)
		if err := c.values(ctx, f, Has, c.typed, 3); err != nil {
			return err
		}
	}
	return nil
}

// fields offers fields: those whose name begins with typed, and the operators
// of the one that is typed in full.
func (c *completer) fields(typed string) {
	for _, f := range curated {
		if !c.meant(f) || !strings.HasPrefix(f.Name, typed) && !slices.Contains(f.Aliases, typed) {
			continue
		}
		ops := f.Ops()[:1]
		if typed == f.Name || slices.Contains(f.Aliases, typed) {
			ops = f.Ops()
		}
		for _, op := range ops {
			text := f.Name + op.String()
			c.items = append(c.items, Item{Kind: FieldItem, Insert: text, Label: text, Field: f.Name})
		}
	}
}

// columns offers the columns that have typed in their name.
func (c *completer) columns(typed string) {
	for _, name := range fieldNames() {
		f, ok := fieldOf(name)
		if ok && f.Name == name && strings.Contains(name, typed) && c.meant(f) && !strings.HasSuffix(name, "_lc") &&
			!slices.ContainsFunc(c.items, func(i Item) bool { return i.Field == name }) {
			text := name + f.Ops()[0].String()
			c.items = append(c.items, Item{Kind: FieldItem, Insert: text, Label: text, Field: name})
		}
	}
}

func (c *completer) meant(f Field) bool { return slices.ContainsFunc(c.tables, f.In) }

// counted adds the best of the values found: those that begin with what is
// typed, then those that more rows have.
func (c *completer) counted(f Field, op Op, found map[string]Item, typed string, limit int) {
	typed = strings.ToLower(typed)
	var best []ranked
	for _, i := range found {
		r := ranked{Item: i, folded: strings.ToLower(i.Label)}
		r.begins = strings.HasPrefix(r.folded, typed)
		if len(best) == limit && r.compare(best[limit-1]) > 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, r, ranked.compare)
		best = slices.Insert(best, at, r)
		best = best[:min(len(best), limit)]
	}
	for _, r := range best {
		r.Kind, r.Field = ValueItem, f.Name
		c.items = append(c.items, c.insertion(f, op, r.Item))
	}
}

// A ranked is a value with what its place depends on.
type ranked struct {
	Item
	folded string
	begins bool // with what is typed
}

func (r ranked) compare(o ranked) int {
	switch {
	case r.begins != o.begins && r.begins:
		return -1
	case r.begins != o.begins:
		return 1
	}
	return cmp.Or(cmp.Compare(o.N, r.N), strings.Compare(r.folded, o.folded), strings.Compare(r.Label, o.Label))
}

// insertion sets what an item inserts: the value alone behind a field, else the
// whole term. Of texts a value that was chosen is meant exactly.
func (c *completer) insertion(f Field, op Op, i Item) Item {
	e := term(f.Name, op, []string{i.Insert})
	if f.Kind == Texts && op == Has && (c.first || !c.known) {
		e.Op = Equal
	}
	text := e.String()
	if c.known && e.Op == op {
		text = strings.TrimPrefix(text, e.Field+e.Op.String())
	}
	i.Insert = text
	return i
}
