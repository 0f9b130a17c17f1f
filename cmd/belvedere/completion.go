package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"belvedere/internal/schema"
)

type completionCmd struct {
	Shell string `arg:"" help:"bash, zsh or fish." enum:"bash,zsh,fish"`
}

// completions are the scripts: each asks this program what may come next.
var completions = map[string]string{
	"bash": `_belvedere() {
  local cur=${COMP_WORDS[COMP_CWORD]} IFS=$'\n'
  COMPREPLY=($(compgen -W "$(command belvedere complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "$cur"))
}
complete -o default -F _belvedere belvedere
`,
	"zsh": `#compdef belvedere
_belvedere() {
  local -a found
  found=("${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a found
}
if [ "$funcstack[1]" = _belvedere ]; then _belvedere "$@"; else compdef _belvedere belvedere; fi
`,
	"fish": `complete -c belvedere -f -a '(set -l words (commandline -opc) (commandline -ct); $words[1] complete -- $words[2..-1] 2>/dev/null)'
`,
}

func (c completionCmd) Run(w *world) error {
	_, err := fmt.Fprint(w.out, completions[c.Shell])
	return err
}

type completeCmd struct {
	Words []string `arg:"" optional:"" passthrough:""`
}

// Run prints what may stand for the last word, each in a line.
func (c completeCmd) Run(w *world, k *kong.Kong) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	for _, s := range candidates(k.Model.Node, words[:len(words)-1], last) {
		if strings.HasPrefix(s, last) {
			if _, err := fmt.Fprintln(w.out, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// candidates returns what may follow the words of a command line; word is what
// is being typed.
func candidates(node *kong.Node, before []string, word string) []string {
	var free []string      // words that are neither verbs nor flags
	var waiting *kong.Flag // whose value comes next
	for _, b := range before {
		switch {
		case waiting != nil:
			waiting = nil
		case strings.HasPrefix(b, "-"):
			if f := flagOf(node, b); f != nil && !f.IsBool() && !strings.Contains(b, "=") {
				waiting = f
			}
		default:
			if child := childOf(node, b); child != nil {
				node, free = child, nil
				continue
			}
			free = append(free, b)
		}
	}
	switch {
	case waiting != nil:
		return valuesOf(node, waiting, free)
	case strings.HasPrefix(word, "-"):
		return flagsOf(node)
	case node.Name == "query" && len(free) == 0, node.Name == "schema" && len(free) == 0:
		return tableNames()
	case node.Name == "query":
		return columnNames(free[0])
	case node.Name == "send" && len(free) == 0:
		return commandNames()
	case node.Name == "completion":
		return []string{"bash", "fish", "zsh"}
	}
	var names []string
	for _, child := range node.Children {
		if !child.Hidden {
			names = append(names, child.Name)
		}
	}
	return names
}

func childOf(node *kong.Node, name string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

// flagOf returns the flag that a word names, of the verb or of the program.
func flagOf(node *kong.Node, word string) *kong.Flag {
	name, _, _ := strings.Cut(word, "=")
	for _, group := range node.AllFlags(false) {
		for _, f := range group {
			if name == "--"+f.Name || f.Short != 0 && name == "-"+string(f.Short) {
				return f
			}
		}
	}
	return nil
}

func flagsOf(node *kong.Node) []string {
	var names []string
	for _, group := range node.AllFlags(true) {
		for _, f := range group {
			names = append(names, "--"+f.Name)
		}
	}
	slices.Sort(names)
	return names
}

// valuesOf returns what may be the value of a flag.
func valuesOf(node *kong.Node, f *kong.Flag, free []string) []string {
	switch {
	case len(f.Enum) > 0:
		return strings.Split(f.Enum, ",")
	case node.Name != "query" || len(free) == 0:
		return nil
	case f.Name == "filter", f.Name == "sort":
		return columnNames(free[0])
	case f.Name == "stats":
		return append([]string{"sum", "min", "max", "avg", "std"}, columnNames(free[0])...)
	}
	return nil
}

func tableNames() []string {
	var names []string
	for _, t := range schema.Tables() {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	return names
}

// columnNames returns the columns of a table, own and joined ones.
func columnNames(table string) []string {
	t, ok := schema.Lookup(table)
	if !ok {
		return nil
	}
	return t.Names()
}

func commandNames() []string {
	var names []string
	for _, c := range schema.Commands() {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names
}
