package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
)

// AgentFile is where an agent's configuration is looked for.
const AgentFile = "/etc/belvedere/agent.yaml"

// An Agent is the configuration of the agent beside a core.
type Agent struct {
	// Data is the folder of its certificate and its journal of orders.
	Data string `yaml:"data"`
	// Livestatus is the address of the core's own Livestatus; "": it is looked
	// for.
	Livestatus string `yaml:"livestatus"`
	// Core is the main configuration of a core without Livestatus, which is
	// read from its files; "": it is looked for where no Livestatus is found.
	Core string `yaml:"core"`
	// Listen is host:port for a server that comes here; "": the agent goes to
	// the server.
	Listen string `yaml:"listen"`
	// Commands are the external commands that are taken, by name; none: none.
	Commands []string `yaml:"commands"`
	// Log says what is logged and how.
	Log Log `yaml:"log"`
}

// DefaultAgent returns the configuration without any file.
func DefaultAgent() Agent {
	return Agent{Data: "/var/lib/belvedere-agent", Log: Log{Level: "info", Format: "text"}}
}

// commandWord is the name of an external command, or of a class of them.
var commandWord = regexp.MustCompile(`^([A-Z][A-Z0-9_]{0,99}|ordinary|configuring)$`)

// LoadAgent reads the file of an agent. With path [AgentFile] it need not be
// there. The error is of type [Errors].
func LoadAgent(path string) (Agent, error) {
	a := DefaultAgent()
	if _, err := os.Stat(path); path == AgentFile && errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	l := newLoader()
	l.root = &a
	l.file(path)
	if len(l.errs) == 0 {
		l.checkAgent(&a)
	}
	if len(l.errs) > 0 {
		return Agent{}, l.sorted()
	}
	return a, nil
}

func (l *loader) checkAgent(a *Agent) {
	if a.Data == "" {
		l.addAt("data", "the data folder is empty", "name a folder that the agent may write, and nobody else may read")
	}
	if a.Listen != "" {
		if _, _, err := splitHostPort(a.Listen, false); err != nil {
			l.addAt("listen", fmt.Sprintf("%q is not an address to listen on", a.Listen), "write it like :6560 for all addresses of this machine")
		}
	}
	if a.Core != "" && a.Livestatus != "" {
		l.addAt("core", "a core is read either over its Livestatus or from its files", "remove core: or livestatus:")
	}
	for i, name := range a.Commands {
		if !commandWord.MatchString(name) {
			l.addAt(fmt.Sprintf("commands.%d", i), fmt.Sprintf("%q is not the name of an external command", name), "belvedere schema --commands lists them; ordinary and configuring stand for all of that kind")
		}
	}
	l.checkChoice("log.level", a.Log.Level, "debug", "info", "warn", "error")
	l.checkChoice("log.format", a.Log.Format, "text", "json")
}
