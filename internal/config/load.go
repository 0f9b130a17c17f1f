package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	fileMost   = 2 << 20 // bytes of one file
	filesMost  = 2000    // in conf.d
	errorsMost = 20      // reported at once
)

// Load reads the file at path, then conf.d/*.yaml beside it in the order of
// names, then the BELVEDERE_ variables of env ("KEY=value", as os.Environ
// gives them), which win over the files. With path "" there are no files. The
// error is of type [Errors].
func Load(path string, env []string) (Config, error) {
	l := newLoader()
	if path != "" && l.file(path) {
		l.folder(filepath.Join(filepath.Dir(path), "conf.d"))
	}
	l.environment(env)
	if len(l.errs) == 0 {
		l.check()
	}
	if len(l.errs) > 0 {
		return Config{}, l.sorted()
	}
	l.cfg.places = l.places
	return l.cfg, nil
}

// A loader collects one configuration from several files.
type loader struct {
	cfg    Config
	root   any // what is read into: &cfg, or an [*Agent]
	places places
	errs   []*Error
	order  map[string]int // of files, for sorting errors
	now    string         // the file being read
}

// A place is where a value is written.
type place struct {
	file         string
	line, column int
}

func newLoader() *loader {
	l := &loader{cfg: Default(), places: places{}, order: map[string]int{}}
	l.root = &l.cfg
	return l
}

func (l *loader) add(p place, msg, hint string) {
	l.errs = append(l.errs, &Error{File: p.file, Line: p.line, Column: p.column, Msg: msg, Hint: hint})
}

// addAt reports what is wrong with the value at path, or with what holds it.
func (l *loader) addAt(path, msg, hint string) {
	l.errs = append(l.errs, l.places.at(path, msg, hint))
}

// places is where each value is: "sites.0.name".
type places map[string]place

// at is what is wrong with the value at path, or with what holds it.
func (p places) at(path, msg, hint string) *Error {
	for at := path; ; {
		if p, ok := p[at]; ok {
			return &Error{File: p.file, Line: p.line, Column: p.column, Msg: msg, Hint: hint}
		}
		i := strings.LastIndexByte(at, '.')
		if i < 0 {
			return &Error{File: path, Msg: msg, Hint: hint}
		}
		at = at[:i]
	}
}

func (l *loader) sorted() Errors {
	slices.SortStableFunc(l.errs, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(l.order[a.File], l.order[b.File]), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if n := len(l.errs) - errorsMost; n > 0 {
		l.errs = append(l.errs[:errorsMost:errorsMost], &Error{File: l.errs[errorsMost].File, Msg: fmt.Sprintf("and %d further errors", n)})
	}
	return l.errs
}

// file reads one file into the configuration; false if it cannot be read.
func (l *loader) file(name string) bool {
	l.now = name
	l.order[name] = len(l.order)
	text, err := readFile(name)
	if err != nil {
		l.add(place{file: name}, "cannot be read: "+err.Error(), "check the path and the permissions of the user that runs belvedere")
		return false
	}
	l.cfg.Files = append(l.cfg.Files, name)
	l.parse(text)
	return true
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, reason(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, fileMost+1))
	if err != nil {
		return nil, reason(err)
	}
	if len(text) > fileMost {
		return nil, fmt.Errorf("it is larger than %d MiB", fileMost>>20)
	}
	return text, nil
}

// reason is a file system error without the path, which is said already.
func reason(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// folder reads the *.yaml files of conf.d, if there is one.
func (l *loader) folder(dir string) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		l.add(place{file: dir}, "cannot be read: "+reason(err).Error(), "check its permissions, or remove it")
		return
	}
	n := 0
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".yaml" || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if n++; n > filesMost {
			l.add(place{file: dir}, fmt.Sprintf("has more than %d files", filesMost), "put several sites into one file")
			return
		}
		l.file(filepath.Join(dir, e.Name()))
	}
}
