package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommitted: the bundle in the tree is the one its sources make, and the
// same sources make the same bundle.
func TestCommitted(t *testing.T) {
	root := filepath.Join("..", "..")
	if err := run(root, true); err != nil {
		t.Fatal(err)
	}
	one, err := build(filepath.Join(root, "web"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := build(filepath.Join(root, "web"))
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range one {
		if !bytes.Equal(b, two[name]) {
			t.Errorf("%s differs from one run to the next", name)
		}
		if strings.HasSuffix(name, ".map") {
			t.Errorf("%s is a source map", name)
		}
	}
}

// TestStale: a bundle that is old, lacks a file or has one too many is named.
func TestStale(t *testing.T) {
	files := map[string][]byte{"a.js": []byte("1"), "b.css": []byte("2")}
	for name, change := range map[string]func(dir string) error{
		"a.js":  func(dir string) error { return os.WriteFile(filepath.Join(dir, "a.js"), []byte("old"), 0o600) },
		"b.css": func(dir string) error { return os.Remove(filepath.Join(dir, "b.css")) },
		"c.txt": func(dir string) error { return os.WriteFile(filepath.Join(dir, "c.txt"), nil, 0o600) },
	} {
		dir := filepath.Join(t.TempDir(), "dist")
		if err := write(dir, files); err != nil {
			t.Fatal(err)
		}
		if err := compare(dir, files); err != nil {
			t.Errorf("just written: %v", err)
		}
		if err := change(dir); err != nil {
			t.Fatal(err)
		}
		if err := compare(dir, files); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if err := write(dir, files); err != nil {
			t.Fatal(err)
		}
		if err := compare(dir, files); err != nil {
			t.Errorf("written again: %v", err)
		}
	}
}

// TestVendored: a vendored file that was touched is noticed.
func TestVendored(t *testing.T) {
	dir := t.TempDir()
	table := "| x | 1 | MIT | x.js | " + strings.Repeat("0", 64) + " |\n"
	for name, text := range map[string]string{"README.md": table, "x.js": "changed"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := vendored(dir); err == nil || !strings.Contains(err.Error(), "x.js is not the file") {
		t.Errorf("touched: %v", err)
	}
}
