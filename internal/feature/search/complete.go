package search

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"belvedere/internal/search"
	"belvedere/internal/web"
	"belvedere/internal/web/filter"
	"belvedere/internal/web/ui"
)

// completeWithin is how long looking for completions may take, wordWithin how
// long looking for what a bare word may mean.
const (
	completeWithin = 2 * time.Second
	wordWithin     = 80 * time.Millisecond
)

// A completion is what may stand at the cursor; places are in UTF-16 units, as
// browsers count.
type completion struct {
	From   int     `json:"from"`
	To     int     `json:"to"`
	Groups []items `json:"groups,omitempty"`
	Wrong  *wrong  `json:"wrong,omitempty"`
}

// items are those of one kind with a title.
type items struct {
	Title string `json:"title"`
	Items []item `json:"items"`
}

type item struct {
	Insert string `json:"insert"`
	Head   string `json:"head,omitempty"` // the field of a value that stands for itself
	Label  string `json:"label"`
	Note   string `json:"note,omitempty"`
	N      string `json:"n,omitempty"`
	Whole  bool   `json:"whole,omitempty"` // it ends a term
}

// wrong is the word of the text that is wrong, when it is not the one that is
// being written.
type wrong struct {
	From int    `json:"from"`
	To   int    `json:"to"`
	Text string `json:"text"`
}

// complete serves GET /complete: what may come next in the query bar. The
// parameters are text with the cursor at, counted in UTF-16 units; with, the
// terms that hold besides; tables, those whose rows are listed; limit.
func complete(w http.ResponseWriter, r *http.Request) error {
	t := search.Typing{Text: r.FormValue("text"), With: r.FormValue("with"), Tables: strings.Split(r.FormValue("tables"), ","), Within: wordWithin}
	if len(t.Text) > search.MaxText || len(t.With) > search.MaxText || !utf8.ValidString(t.Text) {
		return web.BadRequest(ui.T(r.Context(), "text and with must be at most %d bytes of UTF-8", search.MaxText), "")
	}
	for _, table := range t.Tables {
		if !slices.Contains(search.Tables(), table) || len(t.Tables) > 3 {
			return web.BadRequest(ui.T(r.Context(), "tables must be one to three of %s, separated by commas", strings.Join(search.Tables(), ", ")), "")
		}
	}
	at, err := web.Int(r, "at", units(t.Text), 0, units(t.Text))
	if err != nil {
		return err
	}
	if t.Limit, err = web.Int(r, "limit", 12, 1, 50); err != nil {
		return err
	}
	t.At = bytesOf(t.Text, at)
	ctx, cancel := context.WithTimeout(r.Context(), completeWithin)
	defer cancel()
	c, err := search.Complete(ctx, web.Data(r), t, ui.Now(ctx))
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("search: complete: %w", err)
	}
	return web.JSON(w, http.StatusOK, answer(ctx, t, c))
}

// answer puts a completion into words.
func answer(ctx context.Context, t search.Typing, c search.Completion) completion {
	out := completion{From: units(t.Text[:c.From]), To: units(t.Text[:c.To])}
	titles := map[search.ItemKind]string{
		search.FieldItem: ui.T(ctx, "Fields"), search.ValueItem: ui.T(ctx, "Values"), search.KeywordItem: ui.T(ctx, "Words between terms"),
	}
	valueOnly := strings.ContainsAny(t.Text[:c.From], ":=<>~") && c.From > 0 && !strings.HasSuffix(t.Text[:c.From], " ")
	for _, i := range c.Items {
		title := titles[i.Kind]
		if n := len(out.Groups); n == 0 || out.Groups[n-1].Title != title {
			out.Groups = append(out.Groups, items{Title: title})
		}
		g := &out.Groups[len(out.Groups)-1]
		one := item{Insert: i.Insert, Label: ui.Visible(i.Label), Note: ui.Visible(i.Note), Whole: i.Kind == search.ValueItem}
		switch {
		case i.Kind == search.FieldItem:
			one.Note = fieldNote(ctx, i)
		case i.Kind == search.ValueItem:
			one.N = ui.Number(i.N)
			if !valueOnly {
				one.Head = i.Field + ":"
			}
		}
		g.Items = append(g.Items, one)
	}
	if _, err := search.Parse(t.Text); err != nil {
		if bad, ok := errors.AsType[*search.Error](err); ok && apart(t, bad) {
			out.Wrong = &wrong{units(t.Text[:bad.From]), units(t.Text[:bad.To]), filter.Message(ctx, bad)}
		}
	}
	return out
}

// apart reports whether the wrong word is not the one that is being written.
func apart(t search.Typing, bad *search.Error) bool {
	switch {
	case bad.To < t.At:
		return strings.Contains(t.Text[bad.To:t.At], " ")
	case bad.From > t.At:
		return strings.Contains(t.Text[t.At:bad.From], " ")
	}
	return false
}

// fieldNote says what a field is about; where several operators of one field
// are offered, what this one does.
func fieldNote(ctx context.Context, i search.Item) string {
	if op := strings.TrimPrefix(i.Label, i.Field); op != ":" {
		return filter.OpNote(ctx, op)
	}
	return filter.FieldNote(ctx, i.Field)
}

// units counts UTF-16 units.
func units(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// bytesOf returns the place in bytes behind so many UTF-16 units.
func bytesOf(s string, n int) int {
	for i, r := range s {
		if n <= 0 {
			return i
		}
		n--
		if r > 0xffff {
			n--
		}
	}
	return len(s)
}
