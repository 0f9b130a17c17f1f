// Package words holds what Belvedere says to people in each language. The
// English text is the key, as in gettext; a catalogue gives the other
// languages. It knows no page: components call [ui.T] and [ui.N].
//
// Catalogues are the files LANG.json beside this one: one JSON object of
// English text to translation. A test reads all sources and fails when a text
// is missing in a catalogue, or a catalogue has one that nobody uses.
package words

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/text/language"
)

//go:embed *.json
var files embed.FS

// A Words is one language. The nil Words is English. It never changes and may
// be used by any number of goroutines.
type Words struct {
	tag  string
	text map[string]string
}

// A Catalogue is all languages there are.
type Catalogue struct {
	words   map[string]*Words
	tags    []string
	matcher language.Matcher
}

// Load reads the embedded catalogues.
func Load() (*Catalogue, error) {
	c := &Catalogue{words: map[string]*Words{"en": {tag: "en"}}, tags: []string{"en"}}
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, fmt.Errorf("words: %w", err)
	}
	known := []language.Tag{language.English}
	for _, name := range names {
		b, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("words: %s: %w", name, err)
		}
		w := &Words{tag: strings.TrimSuffix(name, ".json")}
		if err := json.Unmarshal(b, &w.text); err != nil {
			return nil, fmt.Errorf("words: %s: %w", name, err)
		}
		tag, err := language.Parse(w.tag)
		if err != nil {
			return nil, fmt.Errorf("words: %s: %w", name, err)
		}
		c.words[w.tag] = w
		c.tags = append(c.tags, w.tag)
		known = append(known, tag)
	}
	c.matcher = language.NewMatcher(known)
	return c, nil
}

// Tags returns the languages there are, "en" first.
func (c *Catalogue) Tags() []string { return c.tags }

// Pick returns the language of a preference ("de"), or, when that is empty or
// unknown, the best one for an Accept-Language header. It is never nil.
func (c *Catalogue) Pick(preference, accept string) *Words {
	if w, ok := c.words[preference]; ok {
		return w
	}
	wanted, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(wanted) == 0 {
		return c.words["en"]
	}
	_, i, _ := c.matcher.Match(wanted...)
	return c.words[c.tags[i]]
}

// Tag returns the language as HTML names it: "en", "de".
func (w *Words) Tag() string {
	if w == nil {
		return "en"
	}
	return w.tag
}

// T returns text in this language, itself where the catalogue has no entry.
// With args, text is a format of [fmt.Sprintf]; a translation may order them
// anew with %[2]s. Text never comes from a core or a person: args do.
func (w *Words) T(text string, args ...any) string {
	if w != nil {
		if t, ok := w.text[text]; ok {
			text = t
		}
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// N is T with one when n is 1, else with many.
func (w *Words) N(n int, one, many string, args ...any) string {
	if n == 1 {
		return w.T(one, args...)
	}
	return w.T(many, args...)
}
