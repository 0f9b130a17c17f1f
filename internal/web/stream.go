package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"belvedere/internal/web/ui"
)

const streamType = "application/x-ndjson"

// A Stream sends parts of a page as they come about: the steps of a connection
// test. The browser asks for one with a form whose button carries data-stream;
// without scripts the same form gets a whole page, see [WantsStream]. The route
// has Stream set. Not safe for concurrent use.
type Stream struct {
	w   http.ResponseWriter
	rc  *http.ResponseController
	ctx context.Context
}

// WantsStream reports whether r asks for parts as they come.
func WantsStream(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), streamType)
}

// NewStream begins the answer.
func NewStream(w http.ResponseWriter, r *http.Request) *Stream {
	h := w.Header()
	h.Set("Content-Type", streamType)
	h.Set("X-Accel-Buffering", "no") // nginx must not hold parts back
	w.WriteHeader(http.StatusOK)
	return &Stream{w, http.NewResponseController(w), r.Context()}
}

// A part is one line of the stream.
type part struct {
	List string `json:"list,omitempty"` // id of the element that holds items
	ID   string `json:"id"`             // of the item, or of the element to fill
	HTML string `json:"html"`
	Go   string `json:"go,omitempty"` // address to open
}

// Item draws c as the element with id inside the element with the id list: in
// place of the one with that id, else at the end. c draws one element with
// that id. An error means the reader is gone.
func (s *Stream) Item(list, id string, c templ.Component) error {
	return s.send(part{List: list, ID: id}, c)
}

// Fill draws c as the content of the element with that id.
func (s *Stream) Fill(id string, c templ.Component) error { return s.send(part{ID: id}, c) }

// Go opens another page, path without prefix.
func (s *Stream) Go(path string) error {
	return s.send(part{Go: string(ui.Href(s.ctx, path))}, templ.NopComponent)
}

func (s *Stream) send(p part, c templ.Component) error {
	var html, line bytes.Buffer
	if err := c.Render(s.ctx, &html); err != nil {
		return fmt.Errorf("web: stream: %w", err)
	}
	p.HTML = html.String()
	if err := json.NewEncoder(&line).Encode(p); err != nil {
		return fmt.Errorf("web: stream: %w", err)
	}
	_ = s.rc.SetWriteDeadline(time.Now().Add(eventWithin)) // servers without deadlines say so
	if _, err := s.w.Write(line.Bytes()); err != nil {
		return fmt.Errorf("web: stream: %w", err)
	}
	if err := s.rc.Flush(); err != nil {
		return fmt.Errorf("web: stream: %w", err)
	}
	return nil
}
