package site

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// cellsOf reads one row of JSON the way an answer of a core is read.
func cellsOf(t *testing.T, row string, f func(cells []livestatus.Cell)) {
	t.Helper()
	body := "[[" + row + "]]\n"
	c := livestatus.NewClient(livestatus.Options{
		Address: livestatus.Address{Scheme: "tcp", Host: "core", Port: "1"},
		Dial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer theirs.Close()
				in := bufio.NewReader(theirs)
				for {
					if line, err := in.ReadString('\n'); err != nil || line == "\n" {
						break
					}
				}
				_, _ = io.WriteString(theirs, fmt.Sprintf("200 %11d\n%s", len(body), body)) // the client shows it
			}()
			return ours, nil
		},
	})
	defer c.Close()
	rows := 0
	_, err := c.Fetch(t.Context(), lql.Get("hosts", "a", "b"), rowFunc(func(cells []livestatus.Cell) error {
		rows++
		f(cells)
		return nil
	}))
	if err != nil || rows != 1 {
		t.Fatalf("row %s: %d rows, %v", row, rows, err)
	}
}

// pairs are names with their values.
func pairs(s ...string) [][2]string {
	out := [][2]string{}
	for i := 0; i < len(s); i += 2 {
		out = append(out, [2]string{s[i], s[i+1]})
	}
	return out
}

var convertTests = []struct {
	name string
	to   convert
	v    string // as the core sends it
	with string // "": null
	want any
}{
	{"bool number", toBool, `1`, "", int64(1)},
	{"bool true", toBool, `true`, "", int64(1)},
	{"bool false", toBool, `false`, "", int64(0)},
	{"bool more than one", toBool, `-1`, "", int64(1)},
	{"bool null", toBool, `null`, "", int64(0)},
	{"int text", toInt, `"42"`, "", int64(42)},
	{"int empty text", toInt, `""`, "", int64(0)},
	{"int as float", toInt, `1.79536e+09`, "", int64(1795360000)},
	{"time", toTime, `1795327692.986827`, "", int64(1795327692)},
	{"time never", toTime, `-1`, "", int64(0)},
	{"float", toFloat, `1.2926000000e-02`, "", 0.012926},
	{"float text", toFloat, `""`, "", 0.0},
	{"text null", toText, `null`, "", ""},
	{"text number", toText, `17`, "", "17"},
	{"lines", toLines, `"a\nb"`, "", `a\nb`},
	{"lines as they are", toLines, `"a\\nb"`, "", `a\nb`},
	{"list", toTextList, `["b","a"]`, "", []string{"b", "a"}},
	{"list empty text", toTextList, `""`, "", []string{}},
	{"list number", toTextList, `0`, "", []string{}},
	{"list of pairs", toTextList, `[["h","s"],"x"]`, "", []string{"h|s", "x"}},
	{"numbers", toIntList, `[3,"4"]`, "", []int64{3, 4}},
	{"members hosts", toMembers, `["h1","h2"]`, "", pairs("h1", "", "h2", "")},
	{"members services", toMembers, `[["h1","s 1"]]`, "", pairs("h1", "s 1")},
	{"members shinken", toMembers, `["h1|s|1"]`, "", pairs("h1", "s|1")},
	{"dict object", toDict, `{"B":"2","A":"1"}`, "", pairs("A", "1", "B", "2")},
	{"dict pairs", toDict, `[["B",2],["A","x"],["B","3"]]`, "", pairs("A", "x", "B", "3")},
	{"dict empty list", toDict, `[]`, "", pairs()},
	{"tuples", toTuples, `[["s",0,1.5,true]]`, "", [][]any{{"s", int64(0), 1.5, int64(1)}}},
	{"state", toState, `2`, `1`, int64(2)},
	{"state pending", toState, `3`, `0`, int64(0)},
	{"state pending false", toState, `3`, `false`, int64(0)},
	{"state by name", toState, `"CRITICAL"`, "", int64(2)},
	{"state pending by name", toState, `"PENDING"`, "", int64(0)},
	{"state number as text", toState, `"3"`, "", int64(3)},
	{"ack", toAckType, `2`, `1`, int64(2)},
	{"ack of nothing", toAckType, `1`, `0`, int64(0)},
	{"ack icinga", toAckType, `1`, `true`, int64(1)},
	{"downtime of service", toDowntimeType, `1`, "", int64(1)},
	{"downtime of host", toDowntimeType, `0`, "", int64(2)},
	{"comment on service", toCommentType, `1`, "", int64(2)},
	{"comment on host", toCommentType, `0`, "", int64(1)},
	{"attributes none", toAttributes, `0`, "", []string{}},
	{"attributes", toAttributes, `33`, "", []string{"notifications_enabled", "failure_prediction_enabled"}},
	{"variable names", toVariableNames, `["site","Rack"]`, `["x",1]`, []string{"SITE", "RACK"}},
	{"variable values", toVariableValues, `["a","b","c","d","e"]`, `["x",true,1.5,null,"[\"p\",\"q\"]"]`, []string{"x", "1", "1.5", "", `["p","q"]`}},
	{"variables sorted", toVariables, `["b","a"]`, `["2","1"]`, pairs("A", "1", "B", "2")},
	{"variable upper case wins", toVariables, `["SLA","sla"]`, `["new","old"]`, pairs("SLA", "new")},
	{"variable upper case wins later", toVariables, `["sla","SLA"]`, `["old","new"]`, pairs("SLA", "new")},
	{"variables without values", toVariables, `["a"]`, `[]`, pairs("A", "")},
}

// TestConvert has every conversion with what the implementations send for it.
func TestConvert(t *testing.T) {
	for _, tt := range convertTests {
		t.Run(tt.name, func(t *testing.T) {
			with := tt.with
			if with == "" {
				with = "null"
			}
			cellsOf(t, tt.v+","+with, func(cells []livestatus.Cell) {
				var s scratch
				var got valueSink
				for range 2 { // the second time with used memory
					tt.to(&s, &got, 0, cells[0], cells[1])
				}
				if !reflect.DeepEqual(got.value, tt.want) {
					t.Errorf("%s gives %#v, want %#v", tt.v, got.value, tt.want)
				}
			})
		})
	}
}

// TestPlan looks at where columns come from for cores that spell them
// differently.
func TestPlan(t *testing.T) {
	has := map[string][]string{
		"status":    {"program_start", "nagios_pid", "num_hosts"},
		"hosts":     {"name", "state", "has_been_checked", "last_check", "modified_attributes", "modified_attributes_list", "acknowledgement_type", "custom_variable_names", "custom_variable_values", "custom_variables", "last_update"},
		"services":  {"host_name", "description", "state"},
		"contacts":  {"name", "vars_variable_names", "vars_variable_values"},
		"downtimes": {"id", "type", "is_service"},
		"comments":  {"author"}, // without its key
	}
	p := newPlan(livestatus.Core{Impl: schema.Icinga2}, has)
	if len(p.missing) != 0 {
		t.Fatalf("missing %v", p.missing)
	}
	for table, want := range map[string]string{
		"status":    "nagios_pid program_start num_hosts",
		"hosts":     "name last_check last_update acknowledgement_type custom_variable_names custom_variable_values has_been_checked modified_attributes state",
		"services":  "description host_name state",
		"contacts":  "vars_variable_names vars_variable_values name",
		"downtimes": "id is_service",
	} {
		if got := strings.Join(p.tables[table].all.ask, " "); got != want {
			t.Errorf("%s asks %q, want %q", table, got, want)
		}
	}
	if p.tables["comments"] != nil {
		t.Error("a table without its key has a plan")
	}
	if w := p.tables["hosts"].window + p.tables["services"].window; w != "last_update" {
		t.Errorf("windows %q", w)
	}
	if m := newPlan(livestatus.Core{Impl: schema.MK12}, map[string][]string{"status": {"program_start"}, "hosts": {"name"}}).missing; len(m) != 1 || m[0] != "services" {
		t.Errorf("missing %v", m)
	}
}
