package internal_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"sort"
	"strings"
	"testing"
)

// layer is the house as a list: a package may import packages of a lower
// number, never of its own or a higher one. A trailing /* stands for every
// package below the folder; those of one room may import each other.
var layer = map[string]int{
	"internal/schema": 0, "internal/lql": 0, "internal/logline": 0, "internal/access": 0, "internal/memory": 0, "internal/when": 0,
	"internal/store": 1, "internal/live": 1, "internal/db": 1, "internal/corefiles": 1, "internal/search": 1, "internal/triage": 1, "internal/tunnel": 1,
	"internal/query": 2, "internal/auth": 2, "internal/livestatus": 2,
	"internal/replica": 3, "internal/command": 3,
	"internal/agent": 4, "internal/icinga2": 4, "internal/thruk": 4, "internal/filecore": 4,
	"internal/site": 5, "internal/web": 5, "internal/history": 5, "internal/recur": 5,
	"internal/feature": 6, "internal/api": 6, "internal/remote": 6,
	"internal/app":  7,
	"cmd/belvedere": 8,
}

// aside are packages outside the layers, with what of ours they may import.
var aside = map[string][]string{
	"internal/config":     {},
	"internal/testkit":    {"internal/schema"},
	"internal/schema/gen": {"internal/schema"},
	"web":                 {}, // the embedded bundle
	"tools/bare":          {},
	"tools/bundle":        {},
	"tools/ratio":         {},
	"test/realcore":       {},
	"test/harness":        {"internal/testkit", "internal/filecore", "internal/livestatus", "test/realcore"}, // a real Nagios by its files
	"test/load":           {},
	"test/crowd":          {"internal/testkit"},
	"test/matrix":         {},
	"test/contract":       {},
	"test/packages":       {},
	"test/chaos":          {},
	"test/pages":          {},
	"test/compat":         {"internal/access", "internal/livestatus", "internal/lql", "internal/query", "internal/schema", "internal/site", "internal/store", "test/realcore"},
	"docs":                {},

	// for tests of sites, wherever they are
	"internal/site/sitetest": {"internal/schema", "internal/store", "internal/testkit"},
	// and with agents
	"internal/agent/agenttest": {"internal/agent", "internal/db", "internal/schema"},
}

// outside lists the modules that may be used, and by whom. "*" is everybody.
var outside = map[string][]string{
	"github.com/a-h/templ":                {"internal/web", "internal/feature", "internal/app"},
	"github.com/alecthomas/kong":          {"cmd/belvedere"},
	"github.com/dlclark/regexp2":          {"internal/query"},
	"github.com/evanw/esbuild":            {"tools/bundle"},
	"github.com/goccy/go-yaml":            {"internal/config"},
	"github.com/hashicorp/yamux":          {"internal/agent"},
	"github.com/klauspost/compress":       {"internal/web", "internal/store", "internal/agent"},
	"github.com/pressly/goose/v3":         {"internal/db"},
	"github.com/xuri/excelize/v2":         {"internal/web"},
	"github.com/prometheus/client_golang": {"internal/app"},
	"modernc.org/sqlite":                  {"internal/db"},
	"golang.org/x/crypto":                 {"internal/auth", "internal/tunnel"},
	"github.com/robfig/cron/v3":           {"internal/recur"},
	"github.com/teambition/rrule-go":      {"internal/recur"},
	"golang.org/x/sync":                   {"*"},
	"golang.org/x/sys":                    {"*"},
	"golang.org/x/term":                   {"cmd/belvedere"},
	"golang.org/x/text":                   {"*"},
	"golang.org/x/time":                   {"*"},
	"golang.org/x/net":                    {"internal/web", "internal/feature", "internal/testkit"},
	// tests only
	"github.com/google/go-cmp":        {"*"},
	"github.com/rogpeppe/go-internal": {"*"},
	"go.uber.org/goleak":              {"*"},
	"pgregory.net/rapid":              {"*"},
}

type pkg struct {
	ImportPath   string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
	ForTest      string
	Module       *struct{ Path string }
}

// TestLayers fails with one plain sentence for each line that points the wrong
// way.
func TestLayers(t *testing.T) {
	pkgs, modules := list(t)
	var wrong []string
	for _, p := range pkgs {
		name := strings.TrimPrefix(p.ImportPath, "belvedere/")
		if name == "internal" {
			continue
		}
		if _, ok := home(name); !ok {
			wrong = append(wrong, name+" is in no layer: add it to the list in internal/layers_test.go")
			continue
		}
		for _, imp := range p.Imports {
			wrong = append(wrong, check(name, imp, modules)...)
		}
		for _, imp := range append(p.TestImports, p.XTestImports...) {
			wrong = append(wrong, checkTest(name, imp)...)
		}
	}
	sort.Strings(wrong)
	for _, w := range wrong {
		t.Error(w)
	}
	if len(pkgs) < 5 {
		t.Fatalf("go list found only %d packages of ours", len(pkgs))
	}
}

// home returns the entry of layer or aside that a package belongs to.
func home(name string) (string, bool) {
	for n := name; ; {
		if _, ok := layer[n]; ok {
			return n, true
		}
		if _, ok := aside[n]; ok {
			return n, true
		}
		i := strings.LastIndexByte(n, '/')
		if i < 0 {
			return "", false
		}
		n = n[:i]
	}
}

func check(name, imp string, modules map[string]string) []string {
	from, _ := home(name)
	if !strings.HasPrefix(imp, "belvedere/") {
		return checkOutside(name, from, imp, modules)
	}
	imp = strings.TrimPrefix(imp, "belvedere/")
	to, ok := home(imp)
	if !ok {
		return nil // said already, by its own name
	}
	if imp == "web" && from == "internal/web" {
		return nil
	}
	if from == "internal/feature" && to == from && room(name) != room(imp) {
		return []string{name + " imports " + imp + ": rooms never import rooms"}
	}
	if from == to {
		return nil
	}
	if allowed, isAside := aside[from]; isAside {
		for _, a := range allowed {
			if a == to {
				return nil
			}
		}
		return []string{name + " imports " + imp + ": it stands aside and may import only " + strings.Join(allowed, ", ")}
	}
	switch to {
	case "internal/config":
		if from == "internal/app" || from == "cmd/belvedere" {
			return nil
		}
		return []string{name + " imports " + imp + ": only app and cmd read the configuration"}
	case "internal/testkit":
		if from == "cmd/belvedere" || from == "internal/app" {
			return nil // demo
		}
		return []string{name + " imports " + imp + ": simulated cores are for tests and the demo"}
	}
	if layer[from] <= layer[to] {
		return []string{name + " imports " + imp + ": imports point downwards only"}
	}
	return nil
}

func checkTest(name, imp string) []string {
	imp, ours := strings.CutPrefix(imp, "belvedere/")
	if !ours {
		return nil
	}
	from, _ := home(name)
	to, ok := home(imp)
	if !ok || from == to || from == "internal/feature" {
		return nil
	}
	if _, isAside := aside[to]; isAside {
		return nil
	}
	if _, isAside := aside[from]; isAside {
		return nil
	}
	if layer[from] < layer[to] {
		return []string{"a test of " + name + " imports " + imp + ": put it into the upper package"}
	}
	return nil
}

func checkOutside(name, from, imp string, modules map[string]string) []string {
	mod := modules[imp]
	if mod == "" {
		return nil // standard library
	}
	users, ok := outside[mod]
	if !ok {
		return []string{name + " uses " + mod + ": no outside module without an entry in internal/layers_test.go"}
	}
	for _, u := range users {
		if u == "*" || u == from {
			return nil
		}
	}
	return []string{name + " uses " + mod + ": that is for " + strings.Join(users, ", ")}
}

func room(name string) string {
	parts := strings.SplitN(name, "/", 4)
	if len(parts) < 3 {
		return name
	}
	return parts[2]
}

// list returns our packages, and the module of every outside package.
func list(t *testing.T) ([]pkg, map[string]string) {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-test", "-json=ImportPath,Standard,Imports,TestImports,XTestImports,ForTest,Module", "belvedere/...")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v: %s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var ours []pkg
	modules := map[string]string{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return ours, modules
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Standard || p.ForTest != "" || strings.HasSuffix(p.ImportPath, ".test") || p.Module == nil {
			continue
		}
		if p.Module.Path == "belvedere" {
			ours = append(ours, p)
		} else {
			modules[p.ImportPath] = p.Module.Path
		}
	}
}
