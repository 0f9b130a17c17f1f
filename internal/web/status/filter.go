package status

import (
	"regexp"
	"strings"

	"belvedere/internal/lql"
)

// MaxWords is how many words of a free text filter count.
const MaxWords = 12

// Words returns a filter that holds when each word of text is found, case
// ignored, in at least one of the columns. ok is false when text has no word.
// Nothing in text has a special meaning.
func Words(text string, columns ...string) (f lql.Filter, ok bool) {
	words := strings.Fields(text)
	if len(words) > MaxWords {
		words = words[:MaxWords]
	}
	all := make([]lql.Filter, 0, len(words))
	for _, w := range words {
		in := make([]lql.Filter, len(columns))
		for i, c := range columns {
			in[i] = lql.Cmp(c, lql.MatchFold, regexp.QuoteMeta(w))
		}
		all = append(all, lql.OrOf(in...))
	}
	return lql.AndOf(all...), len(words) > 0
}
