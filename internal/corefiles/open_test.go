package corefiles

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestOpen: only plain files are opened, and nothing hangs.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	pipe, file, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{pipe, link, dir, filepath.Join(dir, "none")} {
		if f, err := Open(name); err == nil {
			t.Errorf("%s is opened", f.Name())
		}
	}
	f, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
