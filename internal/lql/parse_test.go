package lql

import (
	"errors"
	"strings"
	"testing"
)

var parseTests = []struct {
	name, in, want string // want: the canonical text
	badLine        int    // or the line a SyntaxError must name
	hint           string // and what its hint must say
}{
	{name: "bare", in: "GET hosts\n", want: "GET hosts\n\n"},
	{name: "without line end", in: "GET hosts", want: "GET hosts\n\n"},
	{name: "CR LF", in: "GET hosts\r\nColumns: name state\r\n\r\n", want: "GET hosts\nColumns: name state\n\n"},
	{name: "blanks", in: "GET   hosts  \nColumns:\tname  state\t\n", want: "GET hosts\nColumns: name state\n\n"},
	{name: "blank line goes on", in: "GET hosts\n  \t\nLimit: 1\n", want: "GET hosts\nLimit: 1\n\n"},
	{name: "no blank after colon", in: "GET hosts\nFilter:name = a\nResponseHeader:fixed16\n", want: "GET hosts\nFilter: name = a\nResponseHeader: fixed16\n\n"},
	{name: "empty value", in: "GET hosts\nFilter: notes =\n", want: "GET hosts\nFilter: notes =\n\n"},
	{name: "value with spaces", in: "GET log\nFilter: message =   a  b \n", want: "GET log\nFilter: message = a  b\n\n"},
	{name: "operators", in: "GET hosts\nFilter: a !>= 1\nFilter: b !=~ x\nFilter: c !~~ y\nFilter: d !< 2\n", want: "GET hosts\nFilter: a !>= 1\nFilter: b !=~ x\nFilter: c !~~ y\nFilter: d !< 2\n\n"},
	{name: "like", in: "GET hosts\nFilter: name ilike a.b\n", want: "GET hosts\nFilter: name ~~ a\\.b\n\n"},
	{name: "columns add up", in: "GET hosts\nColumns: a b\nColumns: c\n", want: "GET hosts\nColumns: a b c\n\n"},
	{name: "last limit counts", in: "GET hosts\nLimit: 5\nLimit: 0\n", want: "GET hosts\nLimit: 0\n\n"},
	{name: "and", in: "GET hosts\nFilter: a = 1\nFilter: b = 2\nFilter: c = 3\nAnd: 2\nOr: 2\n", want: "GET hosts\nFilter: a = 1\nFilter: b = 2\nFilter: c = 3\nAnd: 2\nOr: 2\n\n"},
	{name: "and of one", in: "GET hosts\nFilter: a = 1\nAnd: 1\n", want: "GET hosts\nFilter: a = 1\n\n"},
	{name: "and of none", in: "GET hosts\nAnd: 0\nOr: 0\n", want: "GET hosts\nAnd: 0\nOr: 0\n\n"},
	{name: "negate twice", in: "GET hosts\nFilter: a = 1\nNegate:\nNegate:\n", want: "GET hosts\nFilter: a = 1\nNegate:\nNegate:\n\n"},
	{name: "stats", in: "GET services\nStats: state = 0\nStats: state = 1\nStatsOr: 2\nStatsNegate:\nStats: avg latency\nStatsAnd: 0\nStatsOr: 0\n", want: "GET services\nStats: state = 0\nStats: state = 1\nStatsOr: 2\nStatsNegate:\nStats: avg latency\nStatsAnd: 0\nStatsOr: 0\n\n"},
	{name: "group by", in: "GET services\nStats: sum latency\nStatsGroupBy: host_name\n", want: "GET services\nStats: sum latency\nStatsGroupBy: host_name\n\n"},
	{name: "headers anywhere", in: "GET hosts\nColumnHeaders: on\nColumns: a\n", want: "GET hosts\nColumns: a\nColumnHeaders: on\n\n"},
	{name: "sort", in: "GET hosts\nSort: a\nSort: b DESC\nSort: custom_variables X asc\n", want: "GET hosts\nSort: a asc\nSort: b desc\nSort: custom_variables X asc\n\n"},
	{
		name: "everything else",
		in:   "GET services\nKeepAlive: on\nOutputFormat: wrapped_json\nSeparators: 10 1 2 3\nTimelimit: 9\nLocaltime: 1700000000\nAuthUser: anna b\nBackends: x y\nOffset: 3\nLimit: 2\n",
		want: "GET services\nLimit: 2\nOffset: 3\nBackends: x y\nAuthUser: anna b\nLocaltime: 1700000000\nTimelimit: 9\nOutputFormat: wrapped_json\nSeparators: 10 1 2 3\nKeepAlive: on\n\n",
	},
	{
		name: "wait",
		in:   "GET services\nWaitTrigger: check\nWaitObject: web 01;Disk /\nWaitTimeout: 1500\nWaitCondition: state = 0\nWaitCondition: last_check > 5\nWaitConditionOr: 2\nWaitConditionNegate:\n",
		want: "GET services\nWaitObject: web 01;Disk /\nWaitCondition: state = 0\nWaitCondition: last_check > 5\nWaitConditionOr: 2\nWaitConditionNegate:\nWaitTrigger: check\nWaitTimeout: 1500\n\n",
	},
	{name: "switched off", in: "GET hosts\nKeepAlive: off\nResponseHeader: off\nColumnHeaders: off\n", want: "GET hosts\nColumnHeaders: off\n\n"},

	{name: "empty", in: "", badLine: 1, hint: "GET"},
	{name: "only an empty line", in: "\n", badLine: 1, hint: "GET"},
	{name: "unknown verb", in: "PUT hosts\n", badLine: 1, hint: "GET"},
	{name: "small verb", in: "get hosts\n", badLine: 1, hint: "capitals"},
	{name: "log rotation", in: "LOGROTATE\n", badLine: 1},
	{name: "header first", in: "Columns: name\n", badLine: 1, hint: "after the line with GET"},
	{name: "no table", in: "GET\n", badLine: 1, hint: "GET hosts"},
	{name: "two tables", in: "GET hosts services\n", badLine: 1},
	{name: "a command", in: "COMMAND [1700000000] X\n", badLine: 1},
	{name: "unknown header", in: "GET hosts\nColums: name\n", badLine: 2, hint: "Columns:"},
	{name: "small header", in: "GET hosts\nfilter: a = 1\n", badLine: 2, hint: "Filter:"},
	{name: "header far from any", in: "GET hosts\nX-Forwarded-For: a\n", badLine: 2, hint: "the headers are"},
	{name: "colon missing", in: "GET hosts\nLimit 5\n", badLine: 2, hint: "Limit:"},
	{name: "blank before colon", in: "GET hosts\nLimit : 5\n", badLine: 2, hint: "Limit:"},
	{name: "indented header", in: "GET hosts\n Limit: 5\n", badLine: 2, hint: "blanks"},
	{name: "negative limit", in: "GET hosts\nLimit: -1\n", badLine: 2, hint: "whole number"},
	{name: "limit without number", in: "GET hosts\nLimit:\n", badLine: 2},
	{name: "huge limit", in: "GET hosts\nLimit: 99999999999999999999\n", badLine: 2},
	{name: "offset", in: "GET hosts\nOffset: x\n", badLine: 2},
	{name: "filter without column", in: "GET hosts\nFilter:\n", badLine: 2, hint: "column operator value"},
	{name: "filter without operator", in: "GET hosts\nFilter: name\n", badLine: 2},
	{name: "unknown operator", in: "GET hosts\nFilter: name == a\n", badLine: 2, hint: "operators"},
	{name: "operator glued to value", in: "GET hosts\nFilter: state =0\n", badLine: 2, hint: "Filter: state = 0"},
	{name: "and without number", in: "GET hosts\nFilter: a = 1\nAnd:\n", badLine: 3, hint: "And: 2"},
	{name: "or too deep", in: "GET hosts\nFilter: a = 1\nOr: 2\n", badLine: 3},
	{name: "negate with value", in: "GET hosts\nFilter: a = 1\nNegate: 1\n", badLine: 3},
	{name: "negate nothing", in: "GET hosts\nNegate:\n", badLine: 2},
	{name: "stats negate nothing", in: "GET hosts\nStatsNegate:\n", badLine: 2},
	{name: "stats negate sum", in: "GET hosts\nStats: sum latency\nStatsNegate:\n", badLine: 3},
	{name: "stats and over sum", in: "GET hosts\nStats: sum latency\nStats: a = 1\nStatsAnd: 2\n", badLine: 4},
	{name: "stats and too deep", in: "GET hosts\nStatsAnd: 1\n", badLine: 2},
	{name: "sum of two", in: "GET hosts\nStats: sum a b\n", badLine: 2},
	{name: "sort direction", in: "GET hosts\nSort: name up\n", badLine: 2},
	{name: "sort nothing", in: "GET hosts\nSort:\n", badLine: 2},
	{name: "unknown format", in: "GET hosts\nOutputFormat: xml\n", badLine: 2, hint: "wrapped_json"},
	{name: "format in capitals", in: "GET hosts\nOutputFormat: JSON\n", badLine: 2},
	{name: "three separators", in: "GET hosts\nSeparators: 1 2 3\n", badLine: 2},
	{name: "large separator", in: "GET hosts\nSeparators: 1 2 3 256\n", badLine: 2},
	{name: "same separators", in: "GET hosts\nSeparators: 0 0 0 0\n", badLine: 2},
	{name: "auth user", in: "GET hosts\nAuthUser:\n", badLine: 2, hint: "everything"},
	{name: "localtime", in: "GET hosts\nLocaltime: now\n", badLine: 2},
	{name: "time limit", in: "GET hosts\nTimelimit: 1s\n", badLine: 2},
	{name: "keep alive", in: "GET hosts\nKeepAlive: yes\n", badLine: 2, hint: "on or off"},
	{name: "response header", in: "GET hosts\nResponseHeader: fixed\n", badLine: 2},
	{name: "column headers", in: "GET hosts\nColumnHeaders: 1\n", badLine: 2},
	{name: "trigger", in: "GET hosts\nWaitTrigger: never\n", badLine: 2, hint: "program"},
	{name: "wait timeout", in: "GET hosts\nWaitTimeout: 1.5\n", badLine: 2},
	{name: "text after the end", in: "GET hosts\n\nGET services\n", badLine: 3},
}

func TestParse(t *testing.T) {
	for _, tt := range parseTests {
		t.Run(tt.name, func(t *testing.T) {
			q, err := Parse(tt.in)
			se, ok := errors.AsType[*SyntaxError](err)
			if ok != (tt.badLine > 0) || ok && se.Line != tt.badLine {
				t.Fatalf("Parse(%q): error %v, want bad line %d", tt.in, err, tt.badLine)
			}
			if ok && !strings.Contains(se.Hint, tt.hint) {
				t.Errorf("Parse(%q): hint %q does not say %q", tt.in, se.Hint, tt.hint)
			}
			if ok && (se.Msg == "" || se.Hint == "") {
				t.Errorf("Parse(%q): message %q, hint %q", tt.in, se.Msg, se.Hint)
			}
			if err == nil && string(q.AppendText(nil)) != tt.want {
				t.Errorf("Parse(%q) prints %q, want %q", tt.in, q.AppendText(nil), tt.want)
			}
		})
	}
}

func TestParseCommand(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string
		bad            bool
	}{
		{name: "plain", in: "COMMAND [1700000000] DISABLE_NOTIFICATIONS\n", want: "COMMAND [1700000000] DISABLE_NOTIFICATIONS\n\n"},
		{name: "arguments", in: "COMMAND [1700000000] ADD_HOST_COMMENT;web01;1;anna;two words; and a semicolon\n", want: "COMMAND [1700000000] ADD_HOST_COMMENT;web01;1;anna;two words; and a semicolon\n\n"},
		{name: "backslash", in: `COMMAND [1700000000] X;a\nb`, want: `COMMAND [1700000000] X;a\nb` + "\n\n"},
		{name: "empty argument", in: "COMMAND [1700000000] X;;\n", want: "COMMAND [1700000000] X;;\n\n"},
		{name: "small letters", in: "COMMAND [1700000000] save_state_information\n", want: "COMMAND [1700000000] SAVE_STATE_INFORMATION\n\n"},
		{name: "old time gets its digits", in: "COMMAND [5] X\n", want: "COMMAND [0000000005] X\n\n"},
		{
			name: "headers", in: "COMMAND [1700000000] X\nKeepAlive: on\nResponseHeader: fixed16\nOutputFormat: wrapped_json\nBackends: a b\n",
			want: "COMMAND [1700000000] X\nBackends: a b\nOutputFormat: wrapped_json\nResponseHeader: fixed16\nKeepAlive: on\n\n",
		},
		{name: "no time", in: "COMMAND X\n", bad: true},
		{name: "placeholder", in: "COMMAND [TIMESTAMP] X\n", bad: true},
		{name: "fraction", in: "COMMAND [1700000000.5] X\n", bad: true},
		{name: "zero", in: "COMMAND [0] X\n", bad: true},
		{name: "eleven digits", in: "COMMAND [17000000000] X\n", bad: true},
		{name: "no blank", in: "COMMAND [1700000000]X\n", bad: true},
		{name: "no name", in: "COMMAND [1700000000] ;a\n", bad: true},
		{name: "bad name", in: "COMMAND [1700000000] A-B\n", bad: true},
		{name: "control character", in: "COMMAND [1700000000] X;a\x07b\n", bad: true},
		{name: "two commands", in: "COMMAND [1700000000] X\nCOMMAND [1700000000] Y\n", bad: true},
		{name: "filter", in: "COMMAND [1700000000] X\nFilter: a = 1\n", bad: true},
		{name: "word", in: "COMMAND [1700000000] X\nword\n", bad: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := ParseRequest(tt.in)
			if (err != nil) != tt.bad {
				t.Fatalf("ParseRequest(%q): error %v", tt.in, err)
			}
			if err == nil && string(req.Command.AppendText(nil)) != tt.want {
				t.Errorf("ParseRequest(%q) prints %q, want %q", tt.in, req.Command.AppendText(nil), tt.want)
			}
		})
	}
}

// No value may end its line and begin a header of its own.
func TestNothingSmuggled(t *testing.T) {
	evil := "x\nAuthUser: admin\n\nGET contacts"
	q := Get(evil, evil).Where(Eq(evil, evil))
	q.AuthUser, q.Backends = evil, []string{evil}
	q.Sort = []Sort{{Column: evil, Arg: evil}}
	q.Wait = &Wait{Trigger: "all", Object: evil}
	text := string(q.AppendText(nil))
	got, err := Parse(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if got.AuthUser == "admin" || strings.Count(text, "\n\n") != 1 {
		t.Errorf("printed %q", text)
	}
	c := Command{Time: 1, Name: "X", Args: []string{"a\n\nCOMMAND [1] SHUTDOWN_PROCESS\x00"}}
	if text := string(c.AppendText(nil)); strings.Count(text, "\n") != 2 || strings.ContainsRune(text, 0) {
		t.Errorf("printed %q", text)
	}
}

func TestClone(t *testing.T) {
	q, err := Parse("GET services\nColumns: a b\nFilter: a = 1\nFilter: b = 2\nOr: 2\nStats: c = 3\nStats: d = 4\nStatsAnd: 2\nStatsGroupBy: g\nSort: a\nBackends: x\nWaitCondition: e = 5\n")
	if err != nil {
		t.Fatal(err)
	}
	want := string(q.AppendText(nil))
	c := q.Clone()
	if got := string(c.AppendText(nil)); got != want {
		t.Fatalf("clone prints %q, want %q", got, want)
	}
	c.Columns[0], c.GroupBy[0], c.Backends[0], c.Sort[0].Column = "z", "z", "z", "z"
	c.Filter.Kids[0].Kids[0].Column = "z"
	c.Stats[0].Filter.Kids[1].Value = "z"
	c.Wait.Condition.Kids[0].Value = "z"
	if got := string(q.AppendText(nil)); got != want {
		t.Errorf("changing the clone changed the query to %q", got)
	}
}

func TestHeaders(t *testing.T) {
	for in, want := range map[string]bool{
		"GET hosts\n":                                    true,
		"GET hosts\nColumns: a\n":                        false,
		"GET hosts\nStats: a = 1\n":                      false,
		"GET hosts\nColumnHeaders: on\nColumns: a\n":     true,
		"GET hosts\nColumnHeaders: off\n":                false,
		"GET hosts\nStats: a = 1\nColumnHeaders: on\n\n": true,
	} {
		q, err := Parse(in)
		if err != nil || q.Headers() != want {
			t.Errorf("Parse(%q): headers %v, error %v, want %v", in, q.Headers(), err, want)
		}
	}
}

func TestOps(t *testing.T) {
	for op := Equal; op <= NotGreaterOrEqual; op++ {
		got, ok := ParseOp(op.String())
		if !ok || got != op {
			t.Errorf("ParseOp(%q) = %v, %v", op.String(), got, ok)
		}
		if op.Negated() && op.Base().Negated() {
			t.Errorf("%s: base %s", op, op.Base())
		}
	}
	if NotGreaterOrEqual.Base() != GreaterOrEqual || Equal.Base() != Equal {
		t.Error("base is wrong")
	}
}
