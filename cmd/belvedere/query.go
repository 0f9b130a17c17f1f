package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

type queryCmd struct {
	tlsFlags
	Query  string `arg:"" optional:"" help:"The request, for example 'GET hosts'; none: read from standard input."`
	At     string `help:"Address to ask." placeholder:"ADDRESS" default:"tcp://127.0.0.1:6557"`
	Format string `help:"table, csv, json or raw." enum:"table,csv,json,raw" default:"table"`
}

func (c queryCmd) Run(w *world) error {
	text := c.Query
	if text == "" {
		b, err := io.ReadAll(io.LimitReader(w.in, 10<<20))
		if err != nil {
			return fmt.Errorf("reading the request: %w", err)
		}
		text = string(b)
	}
	// A literal \n in an argument means a new line, as people type it.
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, `\n`, "\n")
	}
	req, err := lql.ParseRequest(strings.TrimRight(text, "\n") + "\n")
	if err != nil {
		var bad *lql.SyntaxError
		if errors.As(err, &bad) {
			return &usageError{bad.Error(), bad.Hint}
		}
		return err
	}
	if req.Query == nil {
		return &usageError{"this is an external command, not a query", "belvedere send sends it"}
	}
	address, err := c.address(c.At)
	if err != nil {
		return err
	}
	client := livestatus.NewClient(livestatus.Options{Address: address})
	defer client.Close()
	return c.print(w, client, req.Query)
}

func (c queryCmd) print(w *world, client *livestatus.Client, q *lql.Query) error {
	res, err := client.Query(w.ctx, q)
	if err != nil {
		return plain(err)
	}
	if c.Format == "table" {
		return printTable(w.out, res)
	}
	out := *q
	out.ColumnHeaders = lql.Off
	switch c.Format {
	case "csv":
		out.Format, out.ColumnHeaders = lql.QuotedCSV, lql.On
	case "json":
		out.Format = lql.JSON
	case "raw":
		if !q.FormatSet {
			out.Format = lql.CSV
		}
		out.ColumnHeaders = q.ColumnHeaders
	}
	_, err = w.out.Write(lql.EncoderFor(&out).Append(nil, res))
	return err
}

// printTable prints rows for reading: control characters never reach the
// terminal.
func printTable(w io.Writer, res *lql.Result) error {
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for i := range res.Vectors {
		if i > 0 {
			fmt.Fprint(tw, "\t")
		}
		fmt.Fprint(tw, strings.ToUpper(res.Vectors[i].Name))
	}
	fmt.Fprintln(tw)
	for row := range res.Rows {
		for i := range res.Vectors {
			if i > 0 {
				fmt.Fprint(tw, "\t")
			}
			fmt.Fprint(tw, printable(cell(&res.Vectors[i], row)))
		}
		fmt.Fprintln(tw)
	}
	return tw.Flush()
}

func cell(v *lql.Vector, row int) string {
	switch v.Kind {
	case lql.Ints, lql.Times:
		return strconv.FormatInt(v.Ints[row], 10)
	case lql.Floats:
		return strconv.FormatFloat(v.Floats[row], 'g', -1, 64)
	case lql.Texts:
		return v.Texts[row]
	}
	switch o := v.Objects[row].(type) {
	case []string:
		return strings.Join(o, ",")
	case [][2]string:
		var b strings.Builder
		for i, p := range o {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(p[0] + "|" + p[1])
		}
		return b.String()
	case nil:
		return ""
	default:
		return fmt.Sprint(o)
	}
}

// printable shows control characters as symbols.
func printable(s string) string {
	if !strings.ContainsFunc(s, isControl) {
		return s
	}
	var b bytes.Buffer
	for _, r := range s {
		if isControl(r) {
			fmt.Fprintf(&b, "\\x%02x", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isControl(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
