package schema

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocs holds docs/ref against what the schema says; -update writes it.
// requests.md is written by hand.
func TestDocs(t *testing.T) {
	dir := filepath.Join("..", "..", "docs", "ref")
	files := map[string]string{
		"README.md":      indexPage(),
		"normal-form.md": normalFormPage(),
		"commands.md":    commandsPage(),
	}
	for _, tab := range Tables() {
		files["table-"+tab.Name+".md"] = tablePage(tab)
	}
	for name, text := range files {
		golden(t, filepath.Join(dir, name), text)
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range there {
		if _, ok := files[f.Name()]; !ok && f.Name() != "requests.md" {
			t.Errorf("%s is generated no more: delete it", filepath.Join(dir, f.Name()))
		}
	}
}

const madeFrom = "\nThis page is made from `internal/schema` by `go test ./internal/schema -update`.\n"

func indexPage() string {
	var b strings.Builder
	b.WriteString("# Reference\n" + madeFrom + `
* [Requests](requests.md): how to ask, and how the answers look
* [Normal form](normal-form.md): how values are written, whatever the core
* [External commands](commands.md)

## Tables

Every table but ` + "`columns` and `tables`" + ` has the columns peer_key, peer_name and peer_section, which name the site of
a row. The own prefix may be written before an own column or be left out. Columns of joined tables are written with the prefix of the join.

| table | rows come from | identified by | own prefix | joined tables | |
|---|---|---|---|---|---|
`)
	for _, tab := range Tables() {
		var joins []string
		for _, j := range tab.Joins {
			joins = append(joins, fmt.Sprintf("%s (%s)", j.Prefix, j.Table))
		}
		fmt.Fprintf(&b, "| [%s](table-%s.md) | %s | %s | %s | %s | %s |\n", tab.Name, tab.Name, sourceText(tab),
			strings.Join(tab.Keys, ", "), tab.Own, strings.Join(joins, ", "), cell(tab.Doc))
	}
	return b.String()
}

func sourceText(tab *Table) string {
	switch tab.Source {
	case Expanded:
		return tab.Base + " and " + tab.Group
	case Virtual:
		return "this program"
	case Passed:
		return "the cores, asked each time"
	}
	return "the cores, kept in memory"
}

func tablePage(tab *Table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Table %s\n%s\n%s. Rows come from %s.\n", tab.Name, madeFrom, tab.Doc, sourceText(tab))
	if len(tab.Keys) > 0 {
		fmt.Fprintf(&b, "A row is identified by %s within its site.\n", strings.Join(tab.Keys, ", "))
	}
	for _, j := range tab.Joins {
		fmt.Fprintf(&b, "\nColumns that begin with `%s` are those of [%s](table-%s.md).", j.Prefix, j.Table, j.Table)
	}
	if len(tab.Joins) > 0 {
		b.WriteByte('\n')
	}
	if tab.Base != "" {
		fmt.Fprintf(&b, "\nThe own columns are those of [%s](table-%s.md).\n", tab.Base, tab.Base)
		return b.String()
	}
	b.WriteString("\n| column | type | class | unit | cores | where missing | |\n|---|---|---|---|---|---|---|\n")
	for i := range tab.Columns {
		c := &tab.Columns[i]
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", c.Name, c.Kind, c.Class, c.Unit, coresText(c), missingText(c), cell(c.text()))
	}
	return b.String()
}

func (c *Column) text() string {
	if c.Normal == "" {
		return c.Doc
	}
	return c.Doc + " (" + c.Normal + ")"
}

func coresText(c *Column) string {
	if c.Cores == 0 {
		return "this program"
	}
	return c.Cores.String()
}

func missingText(c *Column) string {
	if c.Cores == AllCores || c.Class == Derived {
		return ""
	}
	switch {
	case c.Default != "":
		return c.Default
	case c.Kind <= Time:
		return "0"
	}
	return "empty"
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func normalFormPage() string {
	var b strings.Builder
	b.WriteString("# Normal form\n" + madeFrom + `
Cores spell the same fact in different ways. Whatever comes from a core is converted into one form, which is that of
Naemon. Filters, pages, answers and tests know only this form.

* What has no check result yet is pending: state 0, last_check 0 and has_been_checked 0, whatever state the core shows (Icinga 2: 3 and -1).
* Names of custom variables are in upper case, without the leading underscore.
* States are numbers, also where Shinken writes words such as UP, CRITICAL or PENDING.
* Truth values are 0 and 1, also where Icinga 2 writes true and false.
* Null is the empty text, 0 or the empty list.
* Line ends in long_plugin_output are the two characters backslash and n, also where Shinken writes line ends.
* downtimes.type is 1 for services and 2 for hosts, also where Icinga 2 tells by it whether the downtime is in effect.
* Comments in lists have seven items and downtimes nine, also where a core gives three: they are made from the tables of these names.
* modified_attributes_list is a list, also where Icinga 2 writes 0.
* The worst state of hosts is by the order up, unreachable, down; that of services by ok, warning, unknown, critical.
* Numbers of objects that are ok or up leave out pending ones.
* A column a core does not have has the value its table page gives under "where missing".

## Types

| type | in table columns | normal form |
|---|---|---|
`)
	for k := Bool; k <= Tuples; k++ {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", k, k.Livestatus(), cell(k.Normal()))
	}
	b.WriteString(`
## Classes

| class | |
|---|---|
| key | identifies the row, does not change |
| static | changes only when the core reloads its configuration; never in comments, downtimes and log |
| settable | configuration that external commands can change |
| live | changes at any time |
| derived | computed here from other columns, so that counts and lists respect what a viewer may see |

## Columns with a form of their own

| column | type | normal form |
|---|---|---|
`)
	for _, tab := range Tables() {
		if tab.Base != "" || tab.Name == "backends" || tab.Name == "tables" {
			continue
		}
		for i := range tab.Columns {
			if c := &tab.Columns[i]; c.Normal != "" {
				fmt.Fprintf(&b, "| %s.%s | %s | %s |\n", tab.Name, c.Name, c.Kind, cell(c.Normal))
			}
		}
	}
	b.WriteString("\n## Modified attributes\n\n| bit | value | name |\n|---|---|---|\n")
	for i, name := range ModifiedAttributes() {
		fmt.Fprintf(&b, "| %d | %d | %s |\n", i, 1<<i, name)
	}
	return b.String()
}

func commandsPage() string {
	var b strings.Builder
	b.WriteString("# External commands\n" + madeFrom + `
A command is one line, ` + "`[seconds since 1970] NAME;parameter;parameter`" + `. Only the last parameter may hold semicolons, and none a line end.

Classes: *ordinary* commands act on what is monitored; *configuring* ones change how the core works; *dangerous* ones run
programs, touch files, change what is executed, or stop the core. Parameters in square brackets may be left out from the right.
CGI is the number of the command in cmd.cgi.

What a command does on a core, and how that shows, is in [the guide to commands](../commands.md).

| command | parameters | class | cores | CGI | |
|---|---|---|---|---|---|
`)
	for _, c := range Commands() {
		var params []string
		for _, p := range c.Params {
			text := p.Name
			if typ := p.Type.String(); typ != strings.TrimSuffix(p.Name, "_name") {
				text += ": " + typ
			}
			if p.Optional {
				text = "[" + text + "]"
			}
			params = append(params, text)
		}
		cgi := ""
		if c.CGI > 0 {
			cgi = fmt.Sprint(c.CGI)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", c.Name, strings.Join(params, "; "), c.Class, c.Cores, cgi, cell(c.Doc))
	}
	return b.String()
}
