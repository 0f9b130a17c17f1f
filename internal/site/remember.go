package site

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// Notes keep texts by key for as long as the installation lives. Note returns ""
// for a key that has none. Both are called from several goroutines.
type Notes interface {
	Note(ctx context.Context, key string) (string, error)
	SetNote(ctx context.Context, key, text string) error
}

// noteWithin bounds one note's way to where it is kept.
const noteWithin = 5 * time.Second

// A remembered is what was behind a way when it was last reached, so that these
// sites are known, and known to be missing, when this program starts while the
// other end is away.
type remembered struct {
	Addresses []string        `json:"addresses"` // of the way: another one leads to others
	Sites     []rememberedFar `json:"sites"`
}

type rememberedFar struct {
	Key     string `json:"key"`
	Name    string `json:"name"`
	Section string `json:"section,omitempty"`
}

func noteKey(via string) string { return "behind:" + via }

// recall takes what was behind those of the sites that do not run yet. The
// caller holds apply.
func (m *Manager) recall(specs []Spec) {
	if m.o.Notes == nil {
		return
	}
	for _, s := range specs {
		if s.Paused || m.has(s.Key) {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), noteWithin)
		text, err := m.o.Notes.Note(ctx, noteKey(s.Key))
		cancel()
		if err != nil {
			m.o.Log.Warn("site: what is behind a site is not remembered", "site", s.Name, "err", err)
			continue
		}
		all := read(text, s.Addresses)
		all, _, _ = m.offered(s.Key, all)
		m.mu.Lock()
		m.noted[s.Key] = text
		if len(all) > 0 {
			m.fars[s.Key] = all
		}
		m.mu.Unlock()
	}
}

// read takes what is kept of a way with these addresses.
func read(text string, addresses []string) []far {
	var r remembered
	if text == "" || json.Unmarshal([]byte(text), &r) != nil || !slices.Equal(r.Addresses, addresses) {
		return nil
	}
	all := make([]far, len(r.Sites))
	for i, f := range r.Sites {
		all[i] = far{key: f.Key, name: line(f.Name, 100), section: sectionOf(f.Section), age: -1}
	}
	return all
}

// remember keeps what is behind a way, nil for nothing, unless that is kept
// already.
func (m *Manager) remember(s Spec, all []far) {
	if m.o.Notes == nil {
		return
	}
	text := ""
	if len(all) > 0 {
		r := remembered{Addresses: s.Addresses}
		for _, f := range all {
			r.Sites = append(r.Sites, rememberedFar{f.key, f.name, f.section})
		}
		b, err := json.Marshal(r)
		if err != nil {
			m.o.Log.Warn("site: what is behind a site cannot be kept", "site", s.Name, "err", err)
			return
		}
		text = string(b)
	}
	m.mu.Lock()
	kept := m.noted[s.Key] == text
	m.mu.Unlock()
	if kept {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), noteWithin)
	defer cancel()
	if err := m.o.Notes.SetNote(ctx, noteKey(s.Key), text); err != nil {
		m.o.Log.Warn("site: what is behind a site cannot be kept", "site", s.Name, "err", err)
		return
	}
	m.mu.Lock()
	m.noted[s.Key] = text
	m.mu.Unlock()
}
