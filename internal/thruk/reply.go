package thruk

import (
	"bytes"
	"encoding/json"
	"errors"
	"html"
	"regexp"
	"strconv"
	"strings"
)

// A replyError is what Thruk has against a request, in its own words.
type replyError struct{ text string }

func (e *replyError) Error() string { return "thruk: " + e.text }

// unwrap takes the answer of a core out of what Thruk wraps it in. A Thruk with
// an LMD of its own does not wrap. The error is a [*replyError], or says that
// this is no answer of a Thruk.
func unwrap(body []byte) ([]byte, error) {
	head := bytes.TrimLeft(body, " \t\r\n\xef\xbb\xbf")
	if len(head) == 0 {
		return nil, nil
	}
	if head[0] == '<' {
		return nil, errors.New("a page for people")
	}
	if head[0] != '{' {
		return body, nil
	}
	var reply struct {
		RC     json.RawMessage `json:"rc"`
		Output json.RawMessage `json:"output"`
	}
	if err := json.Unmarshal(head, &reply); err != nil {
		return nil, err
	}
	if rc := strings.Trim(string(reply.RC), `" `); rc != "0" && rc != "" {
		return nil, &replyError{line(anyText(reply.Output))}
	}
	var output []json.RawMessage
	if err := json.Unmarshal(reply.Output, &output); err != nil {
		return nil, err
	}
	if len(output) < 3 {
		return nil, errors.New("an answer without what the core said")
	}
	if len(output) > 3 {
		if said := line(anyText(output[3])); said != "" {
			return nil, &replyError{strings.TrimSuffix(strings.TrimPrefix(said, "ERROR: "), ".")}
		}
	}
	return mend(anyText(output[2])), nil
}

// anyText is a JSON value as text: what stands in a string, nothing for null,
// else the value as it is written.
func anyText(v json.RawMessage) string {
	var s *string
	if json.Unmarshal(v, &s) == nil {
		if s == nil {
			return ""
		}
		return *s
	}
	return string(v)
}

// headSize is the length of the header of a Livestatus answer.
const headSize = 16

// mend returns the bytes of a core's answer. Thruk takes these for letters of
// one byte each and encodes them once more; the length in the answer's header
// tells whether it did.
func mend(answer string) []byte {
	if len(answer) < headSize || answer[headSize-1] != '\n' {
		return []byte(answer)
	}
	n, err := strconv.Atoi(strings.TrimSpace(answer[4 : headSize-1]))
	if err != nil || len(answer) == headSize+n {
		return []byte(answer)
	}
	out := make([]byte, 0, len(answer))
	for _, r := range answer {
		if r > 0xff {
			return []byte(answer)
		}
		out = append(out, byte(r))
	}
	if len(out) != headSize+n {
		return []byte(answer)
	}
	return out
}

var (
	pageTitle = regexp.MustCompile(`(?is)<(?:h1|title)[^>]*>(.{0,400}?)</(?:h1|title)>`)
	tags      = regexp.MustCompile(`<[^>]*>`)
)

// pageText is what an answer that is none says for people: the message of an
// error in JSON, the heading of a page, else nothing.
func pageText(body []byte) string {
	var said struct{ Message, Description string }
	body = body[:min(len(body), 64<<10)]
	if json.Unmarshal(body, &said) == nil && said.Message != "" {
		return line(strings.TrimSpace(said.Message + " " + said.Description))
	}
	if m := pageTitle.FindSubmatch(body); m != nil {
		return line(html.UnescapeString(tags.ReplaceAllString(string(m[1]), " ")))
	}
	return ""
}

// line makes a text of elsewhere one short line.
func line(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if r := []rune(text); len(r) > 300 {
		text = string(r[:300]) + "…"
	}
	return text
}
