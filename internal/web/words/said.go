package words

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// saidDepth bounds how deep sentences and values within one text are looked
// at, and sentencesAtMost how many sentences one text is taken apart into.
const (
	saidDepth       = 4
	sentencesAtMost = 8
)

// A pattern is a text of the lower rooms with values in it.
type pattern struct {
	parts []string // what stands before, between and behind the values
	verbs []string // how each value is written: "%s", "%d", "%q"
	to    string   // translation, a format of strings
}

// patterns are indexed by the first word of their texts; those that begin with
// a value are under "". The first of a word has the most text.
type patterns map[string][]pattern

// verb is a place for a value in a text.
var verb = regexp.MustCompile(`%(\[\d+\])?(?:\.\d| )?[sdqvfx]`)

// patternsOf returns the texts with values in them.
func patternsOf(text map[string]string) patterns {
	out := patterns{}
	for _, key := range slices.Sorted(maps.Keys(text)) {
		parts := verb.Split(key, -1)
		if len(parts) == 1 {
			continue
		}
		word := firstWord(parts[0])
		out[word] = append(out[word], pattern{parts, verb.FindAllString(key, -1), verb.ReplaceAllString(text[key], "%${1}s")})
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b pattern) int { return cmp.Compare(b.weight(), a.weight()) })
	}
	return out
}

// firstWord returns the first word of s, "" when a value can be part of it.
func firstWord(s string) string {
	word, _, found := strings.Cut(s, " ")
	if !found {
		return ""
	}
	return word
}

// weight is how much of a text is its own.
func (p pattern) weight() int { return len(strings.Join(p.parts, "")) }

// match returns the values that text has in the places of p.
func (p pattern) match(text string) ([]string, bool) {
	rest, ok := strings.CutPrefix(text, p.parts[0])
	if !ok || !strings.HasSuffix(rest, p.parts[len(p.parts)-1]) {
		return nil, false
	}
	values := make([]string, len(p.verbs))
	for i, v := range p.verbs {
		if i == len(p.verbs)-1 {
			values[i], ok = strings.CutSuffix(rest, p.parts[i+1])
		} else {
			values[i], rest, ok = strings.Cut(rest, p.parts[i+1])
		}
		if !ok || !fits(v, values[i]) {
			return nil, false
		}
	}
	return values, true
}

// fits reports whether verb can have written value.
func fits(verb, value string) bool {
	switch verb[len(verb)-1] {
	case 'd':
		return value != "" && strings.Trim(value, "-0123456789") == ""
	case 'q':
		return len(value) > 1 && strings.ContainsAny(value[:1], "\"'")
	}
	return value != ""
}

// Said returns what one of the lower rooms said, or a text declared elsewhere
// such as the label of a menu entry, in this language: by the whole text, by
// its sentences, or by a text of the catalogue whose values it has. It returns
// text as it is when nothing of that kind is known. Values come from cores and
// people: the result is escaped as text is.
func (w *Words) Said(text string) string {
	if w == nil || text == "" {
		return text
	}
	if t, ok := w.text[text]; ok {
		return t
	}
	if t, ok := w.saying(text, saidDepth); ok {
		return t
	}
	// A page begins what a room says with a capital.
	if c := text[0]; c >= 'A' && c <= 'Z' {
		if t, ok := w.saying(string(c+32)+text[1:], saidDepth); ok {
			return strings.ToUpper(t[:1]) + t[1:]
		}
	}
	return text
}

// saying looks text up in the catalogue of what the lower rooms say.
func (w *Words) saying(text string, depth int) (string, bool) {
	if t, ok := w.said[text]; ok {
		return t, true
	}
	if depth == 0 {
		return "", false
	}
	at := 0
	for range sentencesAtMost {
		i := strings.Index(text[at:], ". ")
		if i < 0 {
			break
		}
		at += i + 2
		head, known := w.sentence(text[:at-1], depth)
		if !known {
			continue
		}
		if tail, known := w.saying(text[at:], depth-1); known {
			return head + " " + tail, true
		}
	}
	return w.patterned(text, depth)
}

// sentence looks up text as one entry.
func (w *Words) sentence(text string, depth int) (string, bool) {
	if t, ok := w.said[text]; ok {
		return t, true
	}
	return w.patterned(text, depth)
}

// patterned looks text up among the texts with values; a value that is a text
// of the lower rooms itself is translated too.
func (w *Words) patterned(text string, depth int) (string, bool) {
	first := firstWord(text)
	if first == "" { // no text of one word has a value
		return "", false
	}
	for _, word := range []string{first, ""} {
		for _, p := range w.patterns[word] {
			values, ok := p.match(text)
			if !ok {
				continue
			}
			args := make([]any, len(values))
			for i, v := range values {
				if t, ok := w.saying(v, depth-1); ok && depth > 1 {
					v = t
				}
				args[i] = v
			}
			return fmt.Sprintf(p.to, args...), true
		}
	}
	return "", false
}
