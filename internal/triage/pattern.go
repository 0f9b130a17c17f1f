package triage

import (
	"strings"
	"unicode/utf8"
)

// maxPattern is how much of an output counts, in bytes.
const maxPattern = 160

// Pattern returns an output with what varies masked, so that outputs that say
// the same are equal: numbers become #, words of hexadecimal digits too,
// blanks are one blank, and what follows the first 160 bytes is cut.
func Pattern(output string) string {
	if len(output) > maxPattern {
		output = output[:maxPattern]
		for len(output) > 0 && !utf8.ValidString(output[len(output)-min(len(output), utf8.UTFMax):]) {
			output = output[:len(output)-1]
		}
	}
	var b strings.Builder
	b.Grow(len(output))
	for _, word := range strings.Fields(output) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		mask(&b, word)
	}
	return b.String()
}

// mask writes a word with its numbers masked. A number takes its fraction,
// separators and sign with it.
func mask(b *strings.Builder, word string) {
	for i := 0; i < len(word); {
		if n := hexRun(word[i:]); n > 0 && (i == 0 || !alnum(word[i-1])) {
			b.WriteByte('#')
			i += n
			continue
		}
		if !digit(word[i]) {
			b.WriteByte(word[i])
			i++
			continue
		}
		for i < len(word) && (digit(word[i]) || i+1 < len(word) && strings.IndexByte(".,:", word[i]) >= 0 && digit(word[i+1])) {
			i++
		}
		b.WriteByte('#')
	}
}

// hexRun returns the length of the hexadecimal number that s begins with, 0
// when there is none: "0x" and digits, or four digits and more, one of them
// decimal, with nothing else behind them that belongs to the word.
func hexRun(s string) int {
	n, decimal := 0, false
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		n, decimal = 2, true
	}
	prefix := n
	for n < len(s) && (digit(s[n]) || s[n]|0x20 >= 'a' && s[n]|0x20 <= 'f') {
		decimal = decimal || digit(s[n])
		n++
	}
	if !decimal || n-prefix < 1 || prefix == 0 && n < 4 || n < len(s) && alnum(s[n]) {
		return 0
	}
	return n
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func alnum(c byte) bool {
	return digit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= utf8.RuneSelf
}

// A masker remembers the patterns of outputs that repeat.
type masker map[string]string

func (m masker) of(output string) string {
	p, ok := m[output]
	if !ok {
		p = Pattern(output)
		m[output] = p
	}
	return p
}
