package schema

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// leftOut says which columns of testdata/columns.tsv, the columns of all known
// implementations, are not declared, and why. A name ends in * for all names
// that begin so; "*." stands for any table, and a joined column is left out
// with the column it joins.
var leftOut = map[string]string{
	"brokers.*":                 "daemons of Shinken",
	"pollers.*":                 "daemons of Shinken",
	"reactionners.*":            "daemons of Shinken",
	"schedulers.*":              "daemons of Shinken",
	"problems.*":                "Shinken's impacts and source_problems again",
	"crashreports.*":            "inside of Checkmk",
	"eventconsoleevents.*":      "another product of Checkmk",
	"eventconsolehistory.*":     "another product of Checkmk",
	"eventconsolereplication.*": "another product of Checkmk",
	"eventconsolerules.*":       "another product of Checkmk",
	"eventconsolestatus.*":      "another product of Checkmk",
	"labels.*":                  "names and values of the labels columns again",
	"log.host_*":                "Icinga 2's second name of current_host_",
	"statehist.host_*":          "Icinga 2's second name of current_host_",

	"*.lmd_last_cache_update": "the age of data is last_update of sites",
	"columns.lmd_*":           "inside of LMD",
	"tables.lmd_*":            "inside of LMD",
	"status.configtool":       "settings of Thruk",
	"status.thruk":            "settings of Thruk",

	"*.mk_inventory*":                    "a file of Checkmk",
	"*.mk_logwatch_*":                    "a file of Checkmk",
	"*.prediction_file*":                 "a file of Checkmk",
	"*.robotmk_*":                        "a file of Checkmk",
	"*.rrddata":                          "a column with arguments: graphs are asked for elsewhere",
	"*.metrics":                          "files of graphs; perf_data has the names",
	"*.performance_data":                 "perf_data in another form",
	"*.structured_status":                "inside of Checkmk",
	"*.flappiness":                       "inside of Checkmk",
	"*.smartping_timeout":                "inside of Checkmk",
	"*.notification_postponement_reason": "inside of Checkmk",
	"*.previous_hard_state":              "inside of Checkmk",
	"*.in_passive_check_period":          "inside of Checkmk",
	"*.passive_check_period":             "inside of Checkmk",
	"*.label_*":                          "labels has it, sources of labels only matter to Checkmk",
	"*.tag_*":                            "tags has it",
	"timeperiods.next_transition*":       "inside of Checkmk",
	"timeperiods.num_transitions":        "inside of Checkmk",
	"timeperiods.transitions":            "inside of Checkmk",

	"*.x_2d":                        "constant in Icinga 2",
	"*.y_2d":                        "constant in Icinga 2",
	"commands.modified_attributes*": "constant in Icinga 2",
	"log.current_command_modified_attributes*": "constant in Icinga 2",
	"*.vars_*": "Icinga 2's name of custom_variables",

	"*.host_name_lc": "host_name in lower case through two joins",

	"status.average_*":             "daemons of Checkmk",
	"status.carbon_*":              "daemons of Checkmk",
	"status.core_pid":              "daemons of Checkmk",
	"status.has_event_handlers":    "daemons of Checkmk",
	"status.helper_usage_*":        "daemons of Checkmk",
	"status.influxdb_*":            "daemons of Checkmk",
	"status.is_trial_expired":      "daemons of Checkmk",
	"status.license_usage_history": "daemons of Checkmk",
	"status.livestatus_overflows*": "daemons of Checkmk",
	"status.livestatus_usage":      "daemons of Checkmk",
	"status.metrics_count*":        "daemons of Checkmk",
	"status.num_queued_*":          "daemons of Checkmk",
	"status.perf_data_count*":      "daemons of Checkmk",
	"status.rrdcached_*":           "daemons of Checkmk",
	"status.state_file_created":    "daemons of Checkmk",
}

// TestEveryColumnDecided holds the schema against the columns of all known
// implementations: each is declared or left out for a reason.
func TestEveryColumnDecided(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "columns.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, line := range lines[1:] {
		f := strings.Split(line, "\t")
		table, column, joined := f[0], f[1], f[12]
		prefix, _, _ := strings.Cut(joined, "->")
		own := column
		if joined != "-" {
			own = strings.TrimPrefix(column, prefix+"_")
		}
		declared := false
		if tab, ok := Lookup(table); ok {
			_, err := tab.Resolve(column)
			declared = err == nil
		}
		rule := leftOutRule(table, column, own)
		if rule != "" {
			used[rule] = true
		}
		switch {
		case !declared && rule == "":
			t.Errorf("%s.%s is neither declared nor left out", table, column)
		case declared && rule != "" && !strings.HasSuffix(rule, ".host_*"):
			t.Errorf("%s.%s is declared and left out by %s", table, column, rule)
		}
	}
	for rule := range leftOut {
		if !used[rule] {
			t.Errorf("nothing is left out by %s", rule)
		}
	}
}

func leftOutRule(table, column, own string) string {
	for _, try := range []string{table + "." + column, "*." + own} {
		if _, ok := leftOut[try]; ok {
			return try
		}
		for i := range len(try) + 1 {
			if _, ok := leftOut[try[:i]+"*"]; ok {
				return try[:i] + "*"
			}
		}
	}
	return ""
}
