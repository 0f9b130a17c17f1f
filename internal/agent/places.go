package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"belvedere/internal/livestatus"
	"belvedere/internal/schema"
)

// sockets are where cores have their Livestatus by custom; patterns of package
// filepath.
var sockets = []string{
	"/var/cache/naemon/live", "/var/lib/naemon/live", "/run/naemon/live",
	"/var/lib/nagios4/rw/live", "/var/lib/nagios3/rw/live", "/var/lib/nagios/rw/live", "/var/spool/nagios/cmd/live",
	"/usr/local/nagios/var/rw/live", "/usr/local/nagios/var/rw/livestatus",
	"/var/lib/icinga/rw/live", "/var/spool/icinga/cmd/live",
	"/run/icinga2/cmd/livestatus", "/var/run/icinga2/cmd/livestatus",
	"/var/lib/shinken/live", "/omd/sites/*/tmp/run/live",
}

// FindSockets returns the Livestatus sockets that are where cores have them by
// custom, those one may not look at included.
func FindSockets() []string {
	var found []string
	for _, pattern := range sockets {
		names, _ := filepath.Glob(pattern) // the patterns are well formed
		for _, name := range names {
			if info, err := os.Stat(name); err == nil && info.Mode()&os.ModeSocket != 0 && !slices.ContainsFunc(found, same(info)) {
				found = append(found, name)
			}
		}
	}
	return found
}

func same(info os.FileInfo) func(string) bool {
	return func(name string) bool {
		other, err := os.Stat(name)
		return err == nil && os.SameFile(info, other)
	}
}

// Livestatus returns the address that text names, or, if it is empty, that of
// the one socket found. Errors are [*Error].
func Livestatus(text string) (livestatus.Address, error) {
	if text == "" {
		found := FindSockets()
		if len(found) == 0 {
			return livestatus.Address{}, &Error{Msg: "no Livestatus socket was found in the usual places", Hint: "load the core's Livestatus module, or write its address into livestatus: in agent.yaml"}
		}
		if len(found) > 1 {
			return livestatus.Address{}, &Error{Msg: fmt.Sprintf("there are several Livestatus sockets: %q", found), Hint: "write into livestatus: in agent.yaml which one is meant; each core has an agent of its own"}
		}
		text = found[0]
	}
	a, err := livestatus.ParseAddress(text)
	if err == nil && a.Scheme == "agent" {
		return a, &Error{Msg: "the core of an agent cannot be an agent", Hint: "write the address of the core's Livestatus into livestatus: in agent.yaml"}
	}
	if err != nil {
		return a, &Error{Msg: err.Error(), Hint: "write it like unix:///var/cache/naemon/live", Err: err}
	}
	return a, nil
}

// AllowedFrom reads a list of names of commands, in which the classes ordinary
// and configuring stand for all commands of theirs. Errors are [*Error].
func AllowedFrom(list []string) (Allowed, error) {
	classes := map[string]schema.CommandClass{"ordinary": schema.Ordinary, "configuring": schema.Configuring}
	var a Allowed
	for _, word := range list {
		class, ok := classes[word]
		if !ok {
			if _, known := schema.LookupCommand(word); !known {
				return nil, &Error{Msg: fmt.Sprintf("there is no command %q", word), Hint: "belvedere schema --commands lists them"}
			}
			a = append(a, word)
			continue
		}
		for _, c := range schema.Commands() {
			if c.Class == class {
				a = append(a, c.Name)
			}
		}
	}
	return a, nil
}
