package schema

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files and docs/ref")

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is stale (run go test ./internal/schema -update to accept):\n%s", file, diff)
	}
}

func TestTablesGolden(t *testing.T) {
	var b strings.Builder
	for _, tab := range Tables() {
		fmt.Fprintf(&b, "table %s own=%s keys=%s source=%s base=%s group=%s\n", tab.Name, tab.Own, strings.Join(tab.Keys, ","), tab.Source, tab.Base, tab.Group)
		for _, j := range tab.Joins {
			fmt.Fprintf(&b, "  join %s %s\n", j.Prefix, j.Table)
		}
		for _, c := range tab.Columns {
			fmt.Fprintf(&b, "  %s %s %s unit=%q default=%q refers=%q cores=%s\n", c.Name, c.Kind, c.Class, c.Unit, c.Default, c.Refers, c.Cores)
		}
	}
	golden(t, filepath.Join("testdata", "tables.golden"), b.String())
}

func TestCommandsGolden(t *testing.T) {
	var b strings.Builder
	for _, c := range Commands() {
		fmt.Fprintf(&b, "%s %s cgi=%d min=%d cores=%s\n", c.Name, c.Class, c.CGI, c.Min, c.Cores)
		for _, p := range c.Params {
			fmt.Fprintf(&b, "  %s %s optional=%t\n", p.Name, p.Type, p.Optional)
		}
	}
	golden(t, filepath.Join("testdata", "commands.golden"), b.String())
}

func TestTables(t *testing.T) {
	seen := map[string]bool{}
	for _, tab := range Tables() {
		if seen[tab.Name] {
			t.Errorf("table %s is there twice", tab.Name)
		}
		seen[tab.Name] = true
		if got, ok := Lookup(tab.Name); !ok || got != tab {
			t.Errorf("Lookup(%q) finds another table", tab.Name)
		}
		if !strings.HasSuffix(tab.Own, "_") || tab.Doc == "" || strings.HasSuffix(tab.Doc, ".") {
			t.Errorf("table %s: own prefix %q, doc %q", tab.Name, tab.Own, tab.Doc)
		}
		for _, j := range tab.Joins {
			if _, ok := Lookup(j.Table); !ok {
				t.Errorf("table %s joins %s, which is not there", tab.Name, j.Table)
			}
		}
		for _, k := range tab.Keys {
			if _, err := tab.Resolve(k); err != nil {
				t.Errorf("table %s: key: %v", tab.Name, err)
			}
		}
		if (tab.Source == Expanded) != (tab.Base != "") || (tab.Base != "") != (tab.Group != "") {
			t.Errorf("table %s: source %s, base %q, group %q", tab.Name, tab.Source, tab.Base, tab.Group)
		}
		checkColumns(t, tab)
	}
	if _, ok := Lookup("Hosts"); ok {
		t.Error("table names must be exact")
	}
}

func checkColumns(t *testing.T, tab *Table) {
	t.Helper()
	if !slices.IsSortedFunc(tab.Columns, func(a, b Column) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("columns of %s are not sorted", tab.Name)
	}
	seen := map[string]bool{}
	for i := range tab.Columns {
		c := &tab.Columns[i]
		name := tab.Name + "." + c.Name
		if seen[c.Name] {
			t.Errorf("%s is there twice", name)
		}
		seen[c.Name] = true
		if got, ok := tab.Column(c.Name); !ok || got != c {
			t.Errorf("%s is not found", name)
		}
		if c.Doc == "" || strings.HasSuffix(c.Doc, ".") || strings.HasSuffix(c.Normal, ".") {
			t.Errorf("%s: doc %q, normal form %q", name, c.Doc, c.Normal)
		}
		if _, ok := Lookup(c.Refers); c.Refers != "" && !ok {
			t.Errorf("%s refers to %s, which is not there", name, c.Refers)
		}
		if key := slices.Contains(tab.Keys, c.Name); tab.Source != Expanded && key != (c.Class == Key) {
			t.Errorf("%s: class %s, in Keys: %t", name, c.Class, key)
		}
		if c.Kind == Tuples && c.Normal == "" {
			t.Errorf("%s does not say what its tuples hold", name)
		}
		switch c.Kind {
		case Bool, Int, Float, Time:
			if _, err := strconv.ParseFloat(c.Default, 64); c.Default != "" && err != nil {
				t.Errorf("%s: default %q", name, c.Default)
			}
		case Text:
		default:
			if c.Default != "" {
				t.Errorf("%s: default %q of a list", name, c.Default)
			}
		}
	}
	for _, site := range []string{"peer_key", "peer_name", "peer_section"} {
		if c, ok := tab.Column(site); tab.Columns != nil && tab.Name != "columns" && tab.Name != "tables" && (!ok || !c.Site()) {
			t.Errorf("table %s has no derived column %s", tab.Name, site)
		}
	}
}

func TestCommands(t *testing.T) {
	cmds := Commands()
	if !slices.IsSortedFunc(cmds, func(a, b Command) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("commands are not sorted")
	}
	for i := range cmds {
		c := &cmds[i]
		if got, ok := LookupCommand(c.Name); !ok || got != c {
			t.Errorf("%s is not found, or there twice", c.Name)
		}
		if c.Name != strings.ToUpper(c.Name) || c.Doc == "" || strings.HasSuffix(c.Doc, ".") || c.Cores == 0 {
			t.Errorf("%s: doc %q, cores %s", c.Name, c.Doc, c.Cores)
		}
		for k, p := range c.Params {
			switch {
			case p.Name == "":
				t.Errorf("%s: parameter %d has no name", c.Name, k+1)
			case p.Type == PService && (k == 0 || c.Params[k-1].Type != PHost):
				t.Errorf("%s: there is no host before the service", c.Name)
			case p.Optional && k+1 < len(c.Params) && !c.Params[k+1].Optional:
				t.Errorf("%s: an optional parameter before one that is not", c.Name)
			case slices.ContainsFunc(c.Params[:k], func(o Param) bool { return o.Name == p.Name }):
				t.Errorf("%s: parameter %s is there twice", c.Name, p.Name)
			}
		}
	}
	for name, want := range map[string]CommandClass{
		"ADD_HOST_COMMENT": Ordinary, "DISABLE_HOST_CHECK": Ordinary, "SCHEDULE_SVC_DOWNTIME": Ordinary,
		"DISABLE_NOTIFICATIONS": Configuring, "CHANGE_MAX_HOST_CHECK_ATTEMPTS": Configuring,
		"PROCESS_FILE": Dangerous, "SHUTDOWN_PROGRAM": Dangerous, "RESTART_PROCESS": Dangerous, "CHANGE_SVC_CHECK_COMMAND": Dangerous,
		"CHANGE_HOST_EVENT_HANDLER": Dangerous, "CHANGE_GLOBAL_SVC_EVENT_HANDLER": Dangerous, "CHANGE_CUSTOM_HOST_VAR": Dangerous, "LOG": Dangerous,
	} {
		if c, ok := LookupCommand(name); !ok || c.Class != want {
			t.Errorf("%s: class %v, want %v", name, c.Class, want)
		}
	}
	if _, ok := LookupCommand("NO_SUCH_COMMAND"); ok {
		t.Error("found a command that is not there")
	}
}

var resolveTests = []struct {
	table, name string
	join        string // prefix of the join; "" own
	want        string // name of the column; "" none
	near        string
}{
	{table: "hosts", name: "name", want: "name"},
	{table: "hosts", name: "host_name", want: "name"},
	{table: "hosts", name: "host_host_state", want: "state"},
	{table: "services", name: "host_name", want: "host_name"},
	{table: "services", name: "service_host_name", want: "host_name"},
	{table: "services", name: "service_description", want: "description"},
	{table: "services", name: "host_state", join: "host_", want: "state"},
	{table: "services", name: "state", want: "state"},
	{table: "services", name: "service_state", want: "state"},
	{table: "services", name: "host_name_lc", join: "host_", want: "name_lc"},
	{table: "comments", name: "host_name", want: "host_name"},
	{table: "comments", name: "comment_id", want: "id"},
	{table: "comments", name: "service_state", join: "service_", want: "state"},
	{table: "comments", name: "service_host_name", join: "service_", want: "host_name"},
	{table: "comments", name: "comment", want: "comment"},
	{table: "downtimes", name: "service_description", want: "service_description"},
	{table: "hostsbygroup", name: "host_name", want: "name"},
	{table: "hostsbygroup", name: "hostgroup_name", join: "hostgroup_", want: "name"},
	{table: "servicesbygroup", name: "servicegroup_alias", join: "servicegroup_", want: "alias"},
	{table: "servicesbygroup", name: "host_alias", join: "host_", want: "alias"},
	{table: "servicesbyhostgroup", name: "hostgroup_name", join: "hostgroup_", want: "name"},
	{table: "log", name: "current_host_name", join: "current_host_", want: "name"},
	{table: "log", name: "current_service_contacts", join: "current_service_", want: "contacts"},
	{table: "log", name: "current_command_line", join: "current_command_", want: "line"},
	{table: "log", name: "log_time", want: "time"},
	{table: "statehist", name: "current_host_address", join: "current_host_", want: "address"},
	{table: "status", name: "status_program_start", want: "program_start"},
	{table: "sites", name: "peer_key", want: "peer_key"},

	{table: "hosts", name: "stat", near: "state"},
	{table: "hosts", name: "adress", near: "address"},
	{table: "services", name: "host_adress", near: "host_address"},
	{table: "services", name: "descripiton", near: "description"},
	{table: "services", name: "State", near: "state"},
	{table: "hosts", name: "host_", near: ""},
	{table: "hosts", name: ""},
	{table: "hosts", name: strings.Repeat("x", 5000)},
	{table: "comments", name: "service_host_alias"},
	{table: "hosts", name: "something_else_entirely"},
}

func TestResolve(t *testing.T) {
	for _, tt := range resolveTests {
		tab, ok := Lookup(tt.table)
		if !ok {
			t.Fatalf("no table %s", tt.table)
		}
		ref, err := tab.Resolve(tt.name)
		if tt.want == "" {
			e, ok := err.(*NoColumnError)
			if !ok || tt.near != "" && e.Near != tt.near || e.Name != tt.name || e.Table != tt.table {
				t.Errorf("%s: Resolve(%.50q) = %+v, %v; want nearest %q", tt.table, tt.name, ref, err, tt.near)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: Resolve(%q): %v", tt.table, tt.name, err)
			continue
		}
		join := ""
		if ref.Join >= 0 {
			join = tab.Joins[ref.Join].Prefix
		}
		if join != tt.join || ref.Column.Name != tt.want {
			t.Errorf("%s: Resolve(%q) = %s %s, want %s %s", tt.table, tt.name, join, ref.Column.Name, tt.join, tt.want)
		}
	}
}

func TestNamesResolve(t *testing.T) {
	for _, tab := range Tables() {
		names := tab.Names()
		if !slices.IsSorted(names) || len(names) != len(slices.Compact(slices.Clone(names))) {
			t.Errorf("table %s: names are not sorted or not unique", tab.Name)
		}
		for _, n := range names {
			if _, err := tab.Resolve(n); err != nil {
				t.Errorf("table %s lists a name it does not know: %v", tab.Name, err)
			}
		}
	}
}

func TestStrings(t *testing.T) {
	for c, want := range map[Cores]string{0: "none", AllCores: "all", MK | LMD: "MK, LMD", MK12 | Icinga2: "MK 1.2, Icinga 2"} {
		if c.String() != want {
			t.Errorf("%b is %q, want %q", c, c, want)
		}
	}
	if !AllCores.Has(MK) || Naemon.Has(MK) {
		t.Error("Has is wrong")
	}
	if len(ModifiedAttributes()) != 17 || ModifiedAttributes()[16] != "notification_timeperiod" {
		t.Error("modified attributes are wrong")
	}
}
