package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"belvedere/internal/db"
)

func ownerOf(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Uid
}

// TestLinkInPlace: while root writes a file into the folder of the agent's user,
// that user puts a link to a file of root in its place, again and again. The
// file of root stays root's, and what was written belongs to the user.
func TestLinkInPlace(t *testing.T) {
	dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "shadow")
	if err := os.WriteFile(victim, []byte("root"), 0o600); err != nil {
		t.Fatal(err)
	}
	user := os.Geteuid()
	if user == 0 {
		user = 12345
	}
	if err := os.Chown(dir, user, -1); err != nil {
		t.Fatal(err)
	}
	file, link := filepath.Join(dir, stateFile), filepath.Join(dir, "link")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = os.Symlink(victim, link)
			_ = os.Rename(link, file)
		}
	}()
	owner := ownerOf(t, victim)
	for range 300 {
		_ = state{}.write(dir) // it may meet the link
		if now := ownerOf(t, victim); now != owner {
			t.Errorf("the file of user %d was given to %d", owner, now)
			break
		}
	}
	cancel()
	<-done
	if text, err := os.ReadFile(victim); err != nil || string(text) != "root" {
		t.Errorf("%q, %v", text, err)
	}
	if err := (state{}).write(dir); err != nil {
		t.Fatal(err)
	}
	if now := ownerOf(t, file); now != uint32(user) {
		t.Errorf("the file belongs to %d, the folder to %d", now, user)
	}
	if left, err := filepath.Glob(filepath.Join(dir, stateFile+".*")); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// TestLinks: links in the place of other files are not followed.
func TestLinks(t *testing.T) {
	dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
	if err := os.Symlink(victim, filepath.Join(dir, "agent.lock")); err != nil {
		t.Fatal(err)
	}
	if f, err := lockFolder(dir); err == nil {
		f.Close()
		t.Error("the lock was taken through a link")
	}
	if _, err := os.Lstat(victim); err == nil {
		t.Error("a file was made elsewhere")
	}
	pipe := filepath.Join(dir, stateFile)
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readState(dir); err == nil {
		t.Error("a pipe was read")
	}
}

// TestSyncAtOnce: readings of the store that happen at the same time leave the
// newest list in force.
func TestSyncAtOnce(t *testing.T) {
	p := newPlace(t)
	for i := range 40 {
		done := make(chan error, 8)
		for j := range cap(done) {
			go func() {
				_, _, err := p.store.AddAgent(t.Context(), db.Site{Name: fmt.Sprint("site", i, "x", j)}, "", p.hub.o.Now(), db.Audit{Who: "test"})
				if err == nil {
					err = p.hub.Sync(t.Context())
				}
				done <- err
			}()
		}
		for range cap(done) {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		list, err := p.store.Agents(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.hub.mu.Lock()
		known := len(p.hub.agents)
		p.hub.mu.Unlock()
		if known != len(list) {
			t.Fatalf("round %d: %d agents are known, the store has %d", i, known, len(list))
		}
	}
}
