package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/query"
)

type queryCmd struct {
	tlsFlags
	Query   []string      `arg:"" optional:"" help:"A request, like 'GET hosts\\nColumns: name'; or a table and columns. None: read from standard input." placeholder:"TABLE [COLUMN ...]"`
	Filter  []string      `short:"f" sep:"none" help:"Only rows for which it holds: 'state > 0'. All that are given must hold." placeholder:"'COLUMN OP VALUE'"`
	Stats   []string      `sep:"none" help:"Count rows ('state = 2') or add up ('avg latency'); columns are then what is grouped by." placeholder:"'...'"`
	Sort    []string      `sep:"none" help:"Order by a column: 'last_check desc'. The server must be able to." placeholder:"'COLUMN [desc]'"`
	Limit   int           `help:"Rows at most." placeholder:"N" default:"-1"`
	Backend []string      `help:"Key of a site that is asked, of a server with several; may be given several times." placeholder:"KEY"`
	Header  []string      `short:"H" sep:"none" help:"Any other header line: 'AuthUser: anna'." placeholder:"'NAME: VALUE'"`
	At      string        `help:"Address to ask: tcp://host:port, tls://host:port or unix:///path." placeholder:"ADDRESS" default:"tcp://127.0.0.1:6557"`
	Format  string        `help:"table, csv, json or raw." enum:"table,csv,json,raw" default:"table"`
	Watch   bool          `short:"w" help:"Answer again whenever the answer changes, until interrupted."`
	Every   time.Duration `help:"With --watch: how often a server is asked that cannot say when something changes." default:"2s"`
	Explain bool          `help:"Say how Belvedere runs it, and do not ask."`
}

func (c queryCmd) Run(w *world) error {
	q, err := c.query(w.in)
	if err != nil {
		return err
	}
	if c.Explain {
		return c.explain(w, q)
	}
	address, err := c.address(c.At)
	if err != nil {
		return err
	}
	client := livestatus.NewClient(livestatus.Options{Address: address})
	defer client.Close()
	if c.Watch {
		return c.watch(w, client, q)
	}
	if len(q.Sort) > 0 || q.Offset > 0 || q.AuthUser != "" || q.Backends != nil || q.Timelimit > 0 || q.Wait != nil {
		if _, err := client.Identify(w.ctx); err != nil { // not every server knows these
			return plain(err)
		}
	}
	out, err := c.ask(w.ctx, client, q)
	if err != nil {
		return err
	}
	_, err = w.out.Write(out)
	return err
}

// query makes a query of what was typed.
func (c queryCmd) query(in io.Reader) (*lql.Query, error) {
	text, err := c.text(in)
	if err != nil {
		return nil, err
	}
	req, err := lql.ParseRequest(text)
	if err != nil {
		var bad *lql.SyntaxError
		if errors.As(err, &bad) {
			return nil, &usageError{bad.Error(), bad.Hint}
		}
		return nil, err
	}
	if req.Query == nil {
		return nil, &usageError{"this is an external command, not a query", "belvedere send sends it"}
	}
	return req.Query, nil
}

// text returns the request, each of its lines with an end.
func (c queryCmd) text(in io.Reader) (string, error) {
	text := strings.Join(c.Query, " ")
	switch first, _, _ := strings.Cut(text, " "); {
	case text == "":
		b, err := io.ReadAll(io.LimitReader(in, 10<<20))
		if err != nil {
			return "", fmt.Errorf("reading the request: %w", err)
		}
		text = string(b)
	case first != "GET" && !strings.HasPrefix(text, "COMMAND") && !strings.Contains(text, ":") && !strings.Contains(text, `\n`):
		text = "GET " + first // a table, and columns
		if len(c.Query) > 1 {
			text += "\nColumns: " + strings.Join(c.Query[1:], " ")
		}
	case !strings.Contains(text, "\n"): // people type a literal \n for a new line
		text = strings.ReplaceAll(text, `\n`, "\n")
	}
	var b strings.Builder
	b.WriteString(strings.TrimRight(text, "\n") + "\n")
	line := func(name string, values ...string) error {
		for _, v := range values {
			if strings.ContainsAny(v, "\r\n") {
				return &usageError{fmt.Sprintf("%q has a line break", short(v)), "give each header by itself"}
			}
			b.WriteString(name + v + "\n")
		}
		return nil
	}
	if c.Limit >= 0 {
		line("Limit: ", strconv.Itoa(c.Limit)) //nolint:errcheck // a number
	}
	if len(c.Backend) > 0 {
		c.Header = append(c.Header, "Backends: "+strings.Join(c.Backend, " "))
	}
	err := errors.Join(line("Filter: ", c.Filter...), line("Stats: ", c.Stats...), line("Sort: ", c.Sort...), line("", c.Header...))
	return b.String(), err
}

// explain prints how the engine runs a query.
func (c queryCmd) explain(w *world, q *lql.Query) error {
	steps, err := query.Explain(q)
	if err != nil {
		return plain(err)
	}
	width := 0
	for _, s := range steps {
		width = max(width, min(40, 2*s.Deep+len([]rune(s.What))))
	}
	for _, s := range steps {
		what := strings.Repeat("  ", s.Deep) + printable(s.What)
		if _, err := fmt.Fprintln(w.out, strings.TrimRight(fmt.Sprintf("%-*s  %s", width, what, printable(s.How)), " ")); err != nil {
			return err
		}
	}
	return nil
}

// ask returns the answer as it is printed.
func (c queryCmd) ask(ctx context.Context, client *livestatus.Client, q *lql.Query) ([]byte, error) {
	res, err := client.Query(ctx, q)
	if err != nil {
		return nil, plain(err)
	}
	if c.Format == "table" {
		return appendTable(nil, res), nil
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
	return lql.EncoderFor(&out).Append(nil, res), nil
}
