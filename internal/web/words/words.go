// Package words holds what Belvedere says to people in each language. The
// English text is the key, as in gettext; a catalogue gives the other
// languages. It knows no page: components call [ui.T] and [ui.N].
//
// A language LANG has three catalogues beside this file, each one JSON object
// of English text to translation: LANG.json for pages, LANG.browser.json for
// the scripts in the browser, LANG.said.json for what the rooms below the face
// say: causes, fixes, refusals. Tests read all sources and fail when a text is
// missing in a catalogue, or a catalogue has one that nobody uses. README.md
// says how terms are translated.
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
	tag      string
	name     string
	text     map[string]string
	browser  map[string]string
	said     map[string]string
	patterns patterns
}

// A Catalogue is all languages there are. It never changes.
type Catalogue struct {
	words   map[string]*Words
	tags    []string
	matcher language.Matcher
}

// Load reads the embedded catalogues.
func Load() (*Catalogue, error) {
	c := &Catalogue{words: map[string]*Words{"en": {tag: "en", name: "English"}}, tags: []string{"en"}}
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, fmt.Errorf("words: %w", err)
	}
	known := []language.Tag{language.English}
	for _, name := range names {
		tag, kind, _ := strings.Cut(strings.TrimSuffix(name, ".json"), ".")
		w := c.words[tag]
		if w == nil {
			parsed, err := language.Parse(tag)
			if err != nil {
				return nil, fmt.Errorf("words: %s: %w", name, err)
			}
			w = &Words{tag: tag}
			c.words[tag] = w
			c.tags = append(c.tags, tag)
			known = append(known, parsed)
		}
		if err := w.read(name, kind); err != nil {
			return nil, err
		}
	}
	c.matcher = language.NewMatcher(known)
	return c, nil
}

// read takes over one catalogue.
func (w *Words) read(file, kind string) error {
	b, err := files.ReadFile(file)
	if err != nil {
		return fmt.Errorf("words: %s: %w", file, err)
	}
	text := map[string]string{}
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("words: %s: %w", file, err)
	}
	switch kind {
	case "":
		w.text, w.name = text, text["English"]
	case "browser":
		w.browser = text
	case "said":
		w.said = text
		w.patterns = patternsOf(text)
	default:
		return fmt.Errorf("words: %s is no catalogue", file)
	}
	return nil
}

// Tags returns the languages there are, "en" first.
func (c *Catalogue) Tags() []string { return c.tags }

// Of returns the language of a tag of [Catalogue.Tags], nil for any other.
func (c *Catalogue) Of(tag string) *Words { return c.words[tag] }

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

// Name returns what the language calls itself.
func (w *Words) Name() string {
	if w == nil {
		return "English"
	}
	return w.name
}

// Browser returns the texts of the scripts, nil where they are as written. It
// must not be changed.
func (w *Words) Browser() map[string]string {
	if w == nil {
		return nil
	}
	return w.browser
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
