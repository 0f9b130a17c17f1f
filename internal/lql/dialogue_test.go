package lql

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestDialogues feeds what clients send, file "stream", and compares what is
// understood, file "requests": each request in canonical form, or the error.
// In streams ␍ stands for a carriage return, and ⌁ for the end of the stream
// in the middle of a line.
func TestDialogues(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "dialogues", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no dialogues: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil || len(archive.Files) != 2 {
				t.Fatalf("%d files, error %v", len(archive.Files), err)
			}
			got := understood(string(archive.Files[0].Data))
			if *update {
				archive.Files[1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(archive.Files[1].Data), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func understood(stream string) string {
	stream, _, _ = strings.Cut(strings.ReplaceAll(stream, "␍", "\r"), "⌁")
	r := NewReader(strings.NewReader(stream), Limits{})
	var out strings.Builder
	for {
		block, err := r.Next()
		if err == io.EOF {
			return out.String()
		}
		var req Request
		broken := err != nil
		if err == nil {
			req, err = ParseRequest(block)
		}
		if se, ok := errors.AsType[*SyntaxError](err); ok {
			fmt.Fprintf(&out, "! %d, line %d: %s: %q\n  %s\n\n", se.Status(), se.Line, se.Msg, se.Text, se.Hint)
		} else if err == nil {
			out.WriteString(printed(req))
		}
		if broken {
			return out.String()
		}
	}
}
