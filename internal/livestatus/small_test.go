package livestatus

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReadSmall: files that people name are read when they are plain and small;
// devices and pipes neither fill the memory nor hang.
func TestReadSmall(t *testing.T) {
	dir := t.TempDir()
	pipe, file := filepath.Join(dir, "pipe"), filepath.Join(dir, "file")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("twelve bytes"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{pipe: "no plain file", "/dev/zero": "no plain file", file: "more than 11 bytes", dir + "/none": "no such file"} {
		if b, err := readSmall(name, 11); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q %v", name, b, err)
		}
	}
	if b, err := readSmall(file, 12); err != nil || string(b) != "twelve bytes" {
		t.Errorf("%q %v", b, err)
	}
}
