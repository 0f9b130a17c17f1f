// Command ratio prints benchmark results beside recorded ones: it reads the
// output of go test -bench from its input, and that of an earlier day from a
// file.
//
//	go test -bench . ./... | ratio RECORDED
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: ratio RECORDED <RESULTS")
		os.Exit(2)
	}
	f, err := os.Open(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "ratio:", err)
		os.Exit(1)
	}
	defer f.Close()
	recorded := map[string]map[string]float64{}
	each(f, func(name string, metrics []metric) {
		recorded[name] = map[string]float64{}
		for _, m := range metrics {
			recorded[name][m.unit] = m.value
		}
	})
	each(os.Stdin, func(name string, metrics []metric) { fmt.Print(line(name, metrics, recorded[name])) })
}

// A metric is one number of a benchmark.
type metric struct {
	unit  string
	value float64
}

// processors ends the name of a benchmark where there is more than one.
var processors = regexp.MustCompile(`-\d+$`)

// each calls fn for every benchmark in the output of go test.
func each(r io.Reader, fn func(name string, metrics []metric)) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		var out []metric
		for i := 2; i+1 < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				break
			}
			out = append(out, metric{fields[i+1], v})
		}
		fn(processors.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), ""), out)
	}
}

// shown are the metrics worth a column, in their order.
var shown = []string{"ns/op", "cpu-ms", "ms-median", "allocs/op", "B/op", "MB/s", "bytes/service", "objects/service", "bytes/changed-row", "ns/changed-row"}

// line is a benchmark as one line: every metric and its ratio to the recorded
// one.
func line(name string, metrics []metric, recorded map[string]float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-46s", name)
	for _, unit := range shown {
		at := slices.IndexFunc(metrics, func(m metric) bool { return m.unit == unit })
		if at < 0 {
			continue
		}
		v := metrics[at].value
		ratio := "new"
		if was, ok := recorded[unit]; ok && was != 0 {
			ratio = fmt.Sprintf("x%.2f", v/was)
		}
		fmt.Fprintf(&b, "  %s %s (%s)", strconv.FormatFloat(v, 'g', 4, 64), unit, ratio)
	}
	return b.String() + "\n"
}
