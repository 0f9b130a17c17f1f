// Bundle makes web/dist of the sources in web: TypeScript and CSS go through
// esbuild, the icons are copied. The result depends on nothing but the sources
// and the version of esbuild in go.mod.
//
//	go run ./tools/bundle          writes web/dist
//	go run ./tools/bundle -check   fails when web/dist is not what would be written
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	check := flag.Bool("check", false, "fail when web/dist is stale instead of writing it")
	root := flag.String("root", ".", "the folder with go.mod")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run builds the bundle and writes or compares it.
func run(root string, check bool) error {
	dir := filepath.Join(root, "web")
	if err := vendored(filepath.Join(dir, "vendor")); err != nil {
		return err
	}
	files, err := build(dir)
	if err != nil {
		return err
	}
	dist := filepath.Join(dir, "dist")
	if check {
		return compare(dist, files)
	}
	return write(dist, files)
}

// build returns the files of the bundle by their name in dist.
func build(dir string) (map[string][]byte, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	res := api.Build(api.BuildOptions{
		AbsWorkingDir: abs,
		EntryPoints:   []string{"src/app.ts", "src/worker.ts", "src/sw.ts", "css/app.css"},
		EntryNames:    "[name]",
		Outdir:        "dist",
		Bundle:        true,
		Format:        api.FormatIIFE,
		Target:        api.ES2022,
		Engines: []api.Engine{{Name: api.EngineChrome, Version: "123"}, {Name: api.EngineFirefox, Version: "121"},
			{Name: api.EngineSafari, Version: "17.5"}},
		MinifyWhitespace:  true,
		MinifySyntax:      true,
		MinifyIdentifiers: true,
		LegalComments:     api.LegalCommentsNone,
		Charset:           api.CharsetUTF8,
		Write:             false,
	})
	if len(res.Errors) > 0 {
		lines := api.FormatMessages(res.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return nil, errors.New(strings.TrimSpace(strings.Join(lines, "")))
	}
	files := map[string][]byte{}
	for _, f := range res.OutputFiles {
		files[filepath.Base(f.Path)] = f.Contents
	}
	for _, name := range []string{"icons.svg", "favicon.svg", "icon-192.png", "icon-512.png", "manifest.webmanifest"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("bundle: %w", err)
		}
		files[name] = b
	}
	licences, err := licences(filepath.Join(dir, "vendor"))
	if err != nil {
		return nil, err
	}
	files["licences.txt"] = licences
	return files, nil
}

// pinned is a line of the table in web/vendor/README.md.
var pinned = regexp.MustCompile(`(?m)^\| *([\w.-]+) *\| *([\w.-]+) *\| *([^|]+?) *\| *([\w./-]+) *\| *([0-9a-f]{64}) *\|$`)

// vendored checks that vendored files are the ones that were vendored.
func vendored(dir string) error {
	table, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	rows := pinned.FindAllSubmatch(table, -1)
	if len(rows) == 0 {
		return errors.New("bundle: web/vendor/README.md lists no library")
	}
	for _, row := range rows {
		name := string(row[4])
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
		sum := sha256.Sum256(b)
		if got := hex.EncodeToString(sum[:]); got != string(row[5]) {
			return fmt.Errorf("bundle: web/vendor/%s is not the file that was vendored: its SHA-256 is %s, the table says %s", name, got, row[5])
		}
	}
	return nil
}

// licences returns the licence texts of everything vendored.
func licences(dir string) ([]byte, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*", "LICENSE"))
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	slices.Sort(paths)
	var b bytes.Buffer
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			return nil, fmt.Errorf("bundle: %w", err)
		}
		fmt.Fprintf(&b, "%s\n\n%s\n", filepath.Base(filepath.Dir(p)), bytes.TrimSpace(text))
	}
	return b.Bytes(), nil
}

// write makes dist hold exactly files.
func write(dist string, files map[string][]byte) error {
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	have, err := present(dist)
	if err != nil {
		return err
	}
	for name := range have {
		if _, ok := files[name]; !ok {
			if err := os.Remove(filepath.Join(dist, name)); err != nil {
				return fmt.Errorf("bundle: %w", err)
			}
		}
	}
	for name, b := range files {
		if bytes.Equal(have[name], b) {
			continue
		}
		if err := os.WriteFile(filepath.Join(dist, name), b, 0o644); err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
	}
	return nil
}

// compare says which files of dist are not what build makes.
func compare(dist string, files map[string][]byte) error {
	have, err := present(dist)
	if err != nil {
		return err
	}
	var stale []string
	for name, b := range files {
		if !bytes.Equal(have[name], b) {
			stale = append(stale, name)
		}
	}
	for name := range have {
		if _, ok := files[name]; !ok {
			stale = append(stale, name)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	slices.Sort(stale)
	return fmt.Errorf("bundle: web/dist is stale (%s): run go run ./tools/bundle and commit the result", strings.Join(stale, ", "))
}

// present reads the files of dist.
func present(dist string) (map[string][]byte, error) {
	out := map[string][]byte{}
	entries, err := os.ReadDir(dist)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dist, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("bundle: %w", err)
		}
		out[e.Name()] = b
	}
	return out, nil
}
