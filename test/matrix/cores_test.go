package matrix_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"belvedere/internal/agent/agenttest"
	"belvedere/internal/corefiles"
	"belvedere/internal/filecore"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/site"
	"belvedere/internal/testkit"
	"belvedere/test/realcore"
)

// A core is what commands are tried on.
type core interface {
	// tell gives a command to the core itself, past everything of ours.
	tell(line string) error
	// look asks the core itself.
	look(t *testing.T) facts
	bench() *bench
}

// truthTables are those in which commands show.
var truthTables = []string{"hosts", "services", "contacts", "commands", "comments", "downtimes", "status"}

// simulated is a core of package testkit.
type simulated struct {
	c *testkit.Core
	b *bench
}

// How many hosts simulated cores have: one for each command, or enough to be
// quick to look at.
const (
	manyHosts = 220
	fewHosts  = 30
)

func simulatedOptions(p testkit.Profile, hosts int) testkit.Options {
	return testkit.Options{Profile: p, Hosts: hosts, ServicesPerHost: 2, Seed: 3, Quiet: true, Churn: -1}
}

func newSimulated(t *testing.T, p testkit.Profile, hosts int) *simulated {
	t.Helper()
	c := testkit.NewCore(simulatedOptions(p, hosts))
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	a, err := c.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return &simulated{c, livestatusBench(t, "tcp://"+a.String())}
}

func (s *simulated) tell(line string) error { return s.c.Command(line) }
func (s *simulated) bench() *bench          { return s.b }

func (s *simulated) look(*testing.T) facts {
	out := facts{}
	for _, table := range append([]string{"log"}, truthTables...) {
		for _, row := range s.c.Rows(table) {
			text := map[string]string{}
			for k, v := range row {
				text[k] = fmt.Sprint(v)
			}
			out.add(table, text)
		}
	}
	return out
}

// add notes a row as a table of Livestatus has it; of the log only what is no
// mention of a command.
func (f facts) add(table string, row map[string]string) {
	def, _ := schema.Lookup(table)
	who := fact{table: table, owner: row["host_name"]}
	switch table {
	case "hosts", "contacts", "commands":
		who.owner = row["name"]
	case "services":
		who.key = row["description"]
	case "comments", "downtimes":
		who.key = row["service_description"] + ";" + row["author"] + ";" + row["comment"] + ";" + row["start_time"] + ";" + row["entry_type"]
	case "log":
		if row["class"] == "5" || row["class"] == "6" || row["class"] == "4" || row["host_name"] == "" && row["type"] != madeUp {
			return
		}
		who = fact{table: "log: " + row["type"], owner: row["host_name"], key: row["message"]}
	}
	kept := map[string]string{}
	for _, c := range def.Columns {
		if v, ok := row[c.Name]; ok && c.Class != schema.Derived {
			kept[c.Name] = v
		}
	}
	f[who] = kept
}

// icinga is a real Icinga 2.
type icinga struct {
	c *realcore.Icinga
	b *bench
}

func newIcinga(t *testing.T, extra string) *icinga {
	t.Helper()
	c := realcore.ForTest(t, realcore.Options{Hosts: 1, ServicesPerHost: 1, CheckInterval: 24 * time.Hour, NoXinetd: true, Extra: extra})
	return &icinga{c, livestatusBench(t, "unix://"+c.Unix)}
}

// newIcingaAPI is a real Icinga 2 that is commanded over its API; it is still
// looked at over Livestatus.
func newIcingaAPI(t *testing.T, extra string) *icinga {
	t.Helper()
	c := realcore.ForTest(t, realcore.Options{Hosts: 1, ServicesPerHost: 1, CheckInterval: 24 * time.Hour, NoXinetd: true, API: true, Extra: extra})
	return &icinga{c, siteBench(t, site.Spec{Addresses: []string{"icinga2://" + realcore.APIRoot + "@" + c.API},
		TLS: livestatus.TLSOptions{CA: c.CA, ServerName: "realcore", Password: realcore.APIPassword}}, site.Options{})}
}

func (i *icinga) bench() *bench { return i.b }

// tell sends a command over Livestatus, which answers.
func (i *icinga) tell(line string) error {
	b, err := i.c.Query(fmt.Sprintf("COMMAND [%d] %s\nResponseHeader: fixed16\n\n", time.Now().Unix(), line))
	if err != nil {
		return err
	}
	if text := string(b); !strings.HasPrefix(text, "200") {
		_, reason, _ := strings.Cut(text, "\n")
		first, _, _ := strings.Cut(reason, "\n")
		return errors.New(first)
	}
	return nil
}

func (i *icinga) look(t *testing.T) facts {
	t.Helper()
	out := facts{}
	for _, table := range append([]string{"log"}, truthTables...) {
		b, err := i.c.Query("GET " + table + "\nOutputFormat: json\nColumnHeaders: on\n\n")
		if err != nil {
			t.Fatal(err)
		}
		var rows [][]any
		if err := json.Unmarshal(b, &rows); err != nil && len(b) > 0 {
			t.Fatalf("%s: %v: %.200s", table, err, b)
		}
		for n, row := range rows {
			if n == 0 {
				continue
			}
			text := map[string]string{}
			for j, name := range rows[0] {
				column := name.(string)
				if table == "contacts" { // custom variables have other names there
					column = strings.Replace(column, "vars_variable", "custom_variable", 1)
				}
				text[column] = plain(row[j])
			}
			out.add(table, text)
		}
	}
	return out
}

// plain writes a value of JSON the way the other cores write theirs.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return "1"
		}
		return "0"
	case float64, string:
		return fmt.Sprint(v)
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// nagios is a real Nagios 4, which has no Livestatus: an agent beside it reads
// its files and writes commands into its pipe.
type nagios struct {
	c *realcore.Nagios
	b *bench
}

func newNagios(t *testing.T, objects string) *nagios {
	t.Helper()
	c := realcore.NagiosForTest(t, realcore.NagiosOptions{Objects: objects})
	files, err := filecore.New(filecore.Options{Main: c.Main})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(files.Close)
	agenttest.Background(t, func(ctx context.Context) error { files.Run(ctx); return nil })
	server := agenttest.NewServer(t)
	address := server.Run(t, agenttest.Agent{Site: "matrix", Core: files})
	return &nagios{c, siteBench(t, site.Spec{Addresses: []string{address}}, site.Options{Agents: server.Hub})}
}

func (n *nagios) bench() *bench { return n.b }

func (n *nagios) tell(line string) error {
	name, rest, has := strings.Cut(line, ";")
	c := lql.Command{Time: time.Now().Unix(), Name: name}
	if def, ok := schema.LookupCommand(name); ok && has {
		c.Args = strings.SplitN(rest, ";", len(def.Params))
	}
	return corefiles.Pipe(n.c.Pipe).Send(context.Background(), c)
}
