package ui

import (
	"strings"
	"unicode"
)

// Visible returns s with control characters shown as symbols, and characters
// that change the direction of the text around them as their code. Line ends
// and tabs stay.
func Visible(s string) string {
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !hidden(r):
			b.WriteRune(r)
		case r < 0x20:
			b.WriteRune('\u2400' + r)
		case r == 0x7f:
			b.WriteRune('\u2421')
		default:
			b.WriteRune('\ufffd')
		}
	}
	return b.String()
}

// hidden reports whether r must not reach a page as it is.
func hidden(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r):
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c:
		return true
	}
	return false
}

// A Piece is a part of an output: text, or a link when URL is not empty.
type Piece struct{ Text, URL string }

// Pieces splits an output into text and links. Only http and https become
// links, and only as they stand in the text.
func Pieces(s string) []Piece {
	s = Visible(s)
	var out []Piece
	for {
		at := linkStart(s)
		if at < 0 {
			break
		}
		end := at + strings.IndexFunc(s[at:]+" ", func(r rune) bool {
			return unicode.IsSpace(r) || strings.ContainsRune("<>\"'`|\\^{}\ufffd", r)
		})
		for end > at && strings.IndexByte(".,;:!?)]", s[end-1]) >= 0 {
			end--
		}
		if at > 0 {
			out = append(out, Piece{Text: s[:at]})
		}
		out = append(out, Piece{Text: s[at:end], URL: s[at:end]})
		s = s[end:]
	}
	if s != "" {
		out = append(out, Piece{Text: s})
	}
	return out
}

// linkStart returns where the first http(s) address with a host begins, -1
// when there is none.
func linkStart(s string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], "http")
		if i < 0 {
			return -1
		}
		i += from
		rest := strings.TrimPrefix(s[i+4:], "s")
		if host, ok := strings.CutPrefix(rest, "://"); ok && host != "" && (isAlnum(host[0]) || host[0] == '[') {
			return i
		}
		from = i + 4
	}
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// Newlines turns the two characters \ and n, as cores write line ends of long
// outputs, into line ends.
func Newlines(s string) string { return strings.ReplaceAll(s, `\n`, "\n") }
