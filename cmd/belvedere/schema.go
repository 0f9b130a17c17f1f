package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"belvedere/internal/schema"
)

type schemaCmd struct {
	Table    string `arg:"" optional:"" help:"Table to describe; none: a list of all."`
	Commands bool   `help:"List the external commands instead."`
}

func (c schemaCmd) Run(w *world) error {
	tw := tabwriter.NewWriter(w.out, 0, 8, 2, ' ', 0)
	switch {
	case c.Commands:
		for _, cmd := range schema.Commands() {
			names := make([]string, len(cmd.Params))
			for i, p := range cmd.Params {
				names[i] = p.Name
				if p.Optional {
					names[i] = "[" + p.Name + "]"
				}
			}
			fmt.Fprintf(tw, "%s\t%s\t%s\n", cmd.Name, cmd.Class, strings.Join(names, "; "))
		}
	case c.Table == "":
		for _, t := range schema.Tables() {
			fmt.Fprintf(tw, "%s\t%d columns\t%s\n", t.Name, len(t.Columns), t.Doc)
		}
	default:
		t, ok := schema.Lookup(c.Table)
		if !ok {
			return &usageError{fmt.Sprintf("there is no table %q", c.Table), "belvedere schema lists all tables"}
		}
		for _, col := range t.Columns {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", col.Name, col.Kind, col.Class, col.Doc)
		}
		for _, j := range t.Joins {
			fmt.Fprintf(tw, "%s*\tof table %s\n", j.Prefix, j.Table)
		}
	}
	return tw.Flush()
}
