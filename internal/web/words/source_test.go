package words_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../../../"

// found are the texts of the sources, with one place of each.
type found struct {
	keys map[string]string
	odd  []string // what cannot be read
}

// TestSources: every text that pages and rooms say stands in each catalogue,
// and no catalogue has one that nobody says.
func TestSources(t *testing.T) {
	f := found{keys: map[string]string{}}
	for _, dir := range []string{"internal/web", "internal/feature"} {
		goFiles(t, dir, f.file)
	}
	for _, o := range f.odd {
		t.Error(o)
	}
	compare(t, "", f.keys)
}

// TestBrowserSources: the same for the scripts in the browser.
func TestBrowserSources(t *testing.T) {
	keys := map[string]string{}
	one := regexp.MustCompile(`\bT\((?:n, )?("(?:[^"\\]|\\.)*")?`)
	many := regexp.MustCompile(`\bN\([^,]+, ("(?:[^"\\]|\\.)*"), ("(?:[^"\\]|\\.)*")`)
	paths, err := filepath.Glob(root + "web/src/*.ts")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d scripts: %v", len(paths), err)
	}
	for _, path := range paths {
		if filepath.Base(path) == "words.ts" {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range one.FindAllSubmatch(b, -1) {
			if m[1] == nil {
				t.Errorf("%s: %s… is no literal text", path, m[0])
				continue
			}
			keys[unquote(t, string(m[1]))] = path
		}
		for _, m := range many.FindAllSubmatch(b, -1) {
			keys[unquote(t, string(m[1]))], keys[unquote(t, string(m[2]))] = path, path
		}
	}
	compare(t, "browser", keys)
}

func unquote(t *testing.T, s string) string {
	t.Helper()
	text, err := strconv.Unquote(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return text
}

// compare fails for texts that a catalogue lacks or has for nobody.
func compare(t *testing.T, kind string, keys map[string]string) {
	t.Helper()
	pattern := "[a-z][a-z].json"
	if kind != "" {
		pattern = "[a-z][a-z]." + kind + ".json"
	}
	catalogues, err := filepath.Glob(pattern)
	if err != nil || len(catalogues) == 0 {
		t.Fatalf("no catalogue %s: %v", pattern, err)
	}
	for _, c := range catalogues {
		b, err := os.ReadFile(c)
		if err != nil {
			t.Fatal(err)
		}
		text := map[string]string{}
		if err := json.Unmarshal(b, &text); err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			if text[k] == "" {
				t.Errorf("%s lacks %q (%s)", c, k, keys[k])
			} else if a, b := verbs(k), verbs(text[k]); a != b {
				t.Errorf("%s: %q has the values %s, its translation %s", c, k, a, b)
			}
		}
		for _, k := range slices.Sorted(maps.Keys(text)) {
			if _, ok := keys[k]; !ok && k != "English" {
				t.Errorf("%s has %q, which nobody says", c, k)
			}
		}
	}
}

var verbs = func() func(string) string {
	verb := regexp.MustCompile(`%(\[\d+\])?[a-z%]|\{\d?\}`)
	return func(s string) string {
		n := 0
		var out []string
		for _, m := range verb.FindAllStringSubmatch(s, -1) {
			if strings.HasPrefix(m[0], "{") || m[0] == "%%" {
				out = append(out, m[0])
				continue
			}
			n++
			if m[1] == "" {
				m[1] = fmt.Sprintf("[%d]", n)
			}
			out = append(out, m[1]+m[0][len(m[0])-1:])
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
}()

// goFiles calls do with each Go file below dir that is no test, templates as
// they were generated included.
func goFiles(t *testing.T, dir string, do func(path string, set *token.FileSet, f *ast.File)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(root+dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/webtest/") {
			return nil
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		n++
		do(strings.TrimPrefix(path, root), set, f)
		return nil
	})
	if err != nil || n < 3 {
		t.Fatalf("%s: %d files: %v", dir, n, err)
	}
}

// declared are the types whose labels the shell or a list translates, and the
// functions whose literal arguments it does.
var (
	declaredTypes = []string{"MenuItem", "PaletteItem"}
	declaredCalls = map[string][]int{"BadRequest": {0, 1}, "BadParameter": {1, 2}, "NotFound": {0, 1}, "Forbidden": {0, 1}, "Conflict": {0, 1}, "Unavailable": {0, 1}, "Redirect": {3}}
)

// file takes the texts of one file.
func (f *found) file(path string, set *token.FileSet, file *ast.File) {
	if strings.HasSuffix(path, "/words/words.go") || strings.HasSuffix(path, "/ui/words.go") {
		return
	}
	ast.Inspect(file, func(n ast.Node) bool {
		at := ""
		if n != nil {
			at = path + ":" + strconv.Itoa(set.Position(n.Pos()).Line)
		}
		switch n := n.(type) {
		case *ast.CallExpr:
			f.call(n, at)
		case *ast.CompositeLit:
			f.composite(n, at)
		}
		return true
	})
}

// call takes the texts of T and N, and of functions that take keys.
func (f *found) call(n *ast.CallExpr, at string) {
	name, bound := nameOf(n.Fun)
	first, last := -1, -1
	switch {
	case name == "T" && bound:
		first, last = 1, 1
	case name == "N" && bound:
		first, last = 2, 3
	default:
		for _, i := range declaredCalls[name] {
			if i < len(n.Args) {
				if s, ok := literal(n.Args[i]); ok && s != "" {
					f.keys[s] = at
				} else if made(n.Args[i]) {
					f.odd = append(f.odd, at+": what "+name+" says has values: make it by ui.T")
				}
			}
		}
		return
	}
	for i := first; i <= last && i < len(n.Args); i++ {
		s, ok := literal(n.Args[i])
		if !ok {
			f.odd = append(f.odd, at+": "+name+" needs literal text")
			continue
		}
		f.keys[s] = at
	}
}

// made reports whether a text is put together where no catalogue can follow.
func made(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		_, whole := literal(e)
		return e.Op == token.ADD && !whole
	case *ast.CallExpr:
		name, _ := nameOf(e.Fun)
		return name == "Sprintf" || name == "Sprint"
	}
	return false
}

// composite takes labels of declared types, and the texts of errors.
func (f *found) composite(n *ast.CompositeLit, at string) {
	name := typeName(n.Type)
	if slices.Contains(declaredTypes, name) {
		f.labels(n, at)
		for _, e := range n.Elts {
			if inner, ok := e.(*ast.CompositeLit); ok && inner.Type == nil {
				f.labels(inner, at)
			}
		}
	}
	if name == "Error" {
		f.fields(n, at, "Msg", "Hint")
	}
}

func (f *found) labels(n *ast.CompositeLit, at string) { f.fields(n, at, "Label") }

func (f *found) fields(n *ast.CompositeLit, at string, names ...string) {
	for _, e := range n.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		id, ok := kv.Key.(*ast.Ident)
		if !ok || !slices.Contains(names, id.Name) {
			continue
		}
		if s, ok := literal(kv.Value); ok && s != "" {
			f.keys[s] = at
		}
	}
}

// nameOf returns the name of a called function; bound says that it is one of
// package ui, whose first argument is the context.
func nameOf(e ast.Expr) (name string, bound bool) {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name, true
	case *ast.SelectorExpr:
		x, ok := e.X.(*ast.Ident)
		return e.Sel.Name, ok && x.Name == "ui"
	}
	return "", false
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.ArrayType:
		return typeName(e.Elt)
	case *ast.StarExpr:
		return typeName(e.X)
	}
	return ""
}

// literal returns a text that stands in the source.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.BinaryExpr:
		a, ok := literal(e.X)
		b, also := literal(e.Y)
		return a + b, ok && also && e.Op == token.ADD
	case *ast.ParenExpr:
		return literal(e.X)
	}
	return "", false
}
