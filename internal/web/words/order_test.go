package words_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "put the catalogues in order")

// TestOrder: the lines of a catalogue are sorted and each text stands once, so
// that two people who add to it rarely meet; where they do, both lines stay
// (.gitattributes) and -update puts them in order.
func TestOrder(t *testing.T) {
	line := regexp.MustCompile(`(?m)^\s*("(?:[^"\\]|\\.)*"): ("(?:[^"\\]|\\.)*"),?$`)
	paths, err := filepath.Glob("*.json")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text := map[string][]byte{}
		for _, m := range line.FindAllSubmatch(b, -1) {
			var key string
			if err := json.Unmarshal(m[1], &key); err != nil {
				t.Fatalf("%s: %s: %v", path, m[1], err)
			}
			text[key] = bytes.TrimSuffix(bytes.TrimSpace(m[0]), []byte(","))
		}
		var lines [][]byte
		for _, k := range slices.Sorted(maps.Keys(text)) {
			lines = append(lines, append([]byte("  "), text[k]...))
		}
		want := append(append([]byte("{\n"), bytes.Join(lines, []byte(",\n"))...), "\n}\n"...)
		if bytes.Equal(b, want) {
			continue
		}
		if !*update {
			t.Errorf("%s is not in order: go test ./internal/web/words -run TestOrder -update", path)
			continue
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
