package site_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/schema"
	"belvedere/internal/site"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/store"
	"belvedere/test/realcore"
)

// comparableTables are the tables that requests are made of. The expanded ones are
// left out: Icinga 2 does not see the group there in filters and Stats.
var comparableTables = []string{"hosts", "services", "hostgroups", "servicegroups", "contacts", "comments", "downtimes"}

// notCompared are columns, with or without the table they belong to, in which
// Icinga 2 says something else than what normal form wants of the column.
var notCompared = map[string]string{
	"next_check":        "moves although nothing is checked",
	"next_notification": "moves by itself",
	"staleness":         "moves with the clock",

	"num_services_unknown":      "counts pending services too",
	"num_services_hard_unknown": "counts pending services too",
	"num_hosts_up":              "counts hosts that cannot be reached, which are state 2 in hosts",
	"num_hosts_down":            "counts pending hosts too",
	"worst_host_state":          "takes pending as down and knows no unreachable",
	"members_with_state":        "has state and has_been_checked the other way round, or no has_been_checked",
	"hosts.hard_state":          "has no unreachable, unlike state",
	"worst_service_state":       "unknown is worse than critical there, and pending is unknown",
	"worst_service_hard_state":  "unknown is worse than critical there, and pending is unknown",
	"service_check_freshness":   "1 also where there is no service",
}

// An icingaColumn is a column as both sides know it.
type icingaColumn struct {
	*schema.Column
	name   string // with the prefix of the join
	prefix string // "" of an own column
	table  string // whose column it is
	needs  string // another column that the meaning of the value depends on
	// guard are filters under which the core's value and normal form are the
	// same, so that a filter means the same on both sides. Nil: there is none.
	guard []string
	// number and text report what the core writes where the guard holds: only
	// numbers, or only text and null. uniform: in all rows, without null.
	number, text, uniform bool
	values                []any // in normal form, one a row
}

// An icingaTable is a table as the core gave it when nothing moved any more.
type icingaTable struct {
	*schema.Table
	columns []*icingaColumn
}

// answer asks the core and returns the rows of its JSON.
func answer(core *realcore.Icinga, request string) ([][]any, error) {
	b, err := core.Query(request + "OutputFormat: json\nResponseHeader: fixed16\n\n")
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(b, []byte("200 ")) {
		return nil, fmt.Errorf("the core says %.300q", b)
	}
	b = b[16:]
	var rows [][]any
	if err := json.Unmarshal(b, &rows); err != nil {
		return nil, fmt.Errorf("%w: %.200q", err, b)
	}
	return rows, nil
}

// own returns the values of a row that belong to one table, by their names
// there.
func own(raw map[string]any, prefix string) map[string]any {
	if prefix == "" {
		return raw
	}
	out := map[string]any{}
	for name, v := range raw {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			out[rest] = v
		}
	}
	return out
}

func readTable(t *testing.T, core *realcore.Icinga, name string) *icingaTable {
	t.Helper()
	rows, err := answer(core, "GET "+name+"\nColumnHeaders: on\n")
	if err != nil || len(rows) < 2 {
		t.Fatalf("%s: %d rows, %v", name, len(rows), err)
	}
	var raws []map[string]any
	for _, row := range rows[1:] {
		raw := map[string]any{}
		for i, n := range rows[0] {
			raw[n.(string)] = row[i]
		}
		raws = append(raws, raw)
	}
	def, _ := schema.Lookup(name)
	slices.SortFunc(raws, func(a, b map[string]any) int { // the core's order is another one in each run
		for _, k := range def.Keys {
			if c := cmp.Compare(canonical(a[k]), canonical(b[k])); c != 0 {
				return c
			}
		}
		return 0
	})
	out := &icingaTable{Table: def}
	for _, n := range def.Names() {
		if _, ok := raws[0][n]; !ok {
			continue
		}
		ref, err := def.Resolve(n)
		if err != nil {
			t.Fatal(err)
		}
		c := &icingaColumn{Column: ref.Column, name: n, table: name}
		if ref.Join >= 0 {
			c.prefix, c.table = def.Joins[ref.Join].Prefix, def.Joins[ref.Join].Table
		}
		if notCompared[c.Name] == "" && notCompared[c.name] == "" && notCompared[c.table+"."+c.Name] == "" && c.learn(raws) {
			out.columns = append(out.columns, c)
		}
	}
	return out
}

// learn looks at what the core says in a column. It reports whether the
// column can be compared.
func (c *icingaColumn) learn(raws []map[string]any) bool {
	switch c.Name {
	case "state", "last_state", "last_hard_state", "hard_state":
		c.needs = c.prefix + "has_been_checked"
	case "acknowledgement_type":
		c.needs = c.prefix + "acknowledged"
	case "type":
		c.needs = c.prefix + "is_service"
	case "custom_variables", "custom_variable_names", "custom_variable_values":
		c.needs = c.prefix + "custom_variables"
	}
	for _, raw := range raws {
		v, ok := normalIcinga(c.table, c.Column, own(raw, c.prefix))
		if !ok {
			return false
		}
		c.values = append(c.values, v)
	}
	checked, service := c.prefix+"has_been_checked", "is_service"
	for _, guard := range [][]string{{}, {checked}, {service}, {service, checked}} {
		if c.try(raws, guard) {
			c.guard = guard
			break
		}
	}
	c.uniform = c.guard != nil && len(c.guard) == 0 && (c.number || c.text) &&
		!slices.ContainsFunc(raws, func(raw map[string]any) bool { return raw[c.name] == nil })
	return true
}

// try reports whether the core's values are in normal form under a guard.
func (c *icingaColumn) try(raws []map[string]any, guard []string) bool {
	c.number, c.text = true, true
	n := 0
	for i, raw := range raws {
		if slices.ContainsFunc(guard, func(name string) bool { return rawInt(raw[name]) != 1 }) {
			continue
		}
		n++
		v := raw[c.name]
		if v == nil && c.Kind == schema.Text {
			v = "" // what the core takes it for
		}
		if canonical(v) != canonical(c.values[i]) {
			return false
		}
		_, isNumber := v.(float64)
		_, isText := v.(string)
		c.number, c.text = c.number && isNumber, c.text && isText
	}
	return n > 0
}

// A requestMaker makes random requests of what Icinga 2 can answer.
type requestMaker struct {
	t     *rapid.T
	table *icingaTable
}

// An icingaRequest is a request and what its answer consists of.
type icingaRequest struct {
	table   *icingaTable
	text    string
	columns []*icingaColumn // asked for, without what they need
	asked   []string        // names in the order of the answer
	stats   int
	rows    int // of the last answer
}

func (g *requestMaker) draw(n int, label string) int { return rapid.IntRange(0, n-1).Draw(g.t, label) }

func pick[T any](g *requestMaker, from []T, label string) T { return from[g.draw(len(from), label)] }

// leaf is one filter, with its guard. header is Filter or Stats.
func (g *requestMaker) leaf(columns []*icingaColumn, header string) string {
	combine := strings.TrimSuffix(header, "Filter")
	c := pick(g, columns, "column")
	op, value := g.test(c)
	out := fmt.Sprintf("%s: %s %s %s", header, c.name, op, value)
	out = strings.TrimRight(out, " ") + "\n"
	for _, name := range c.guard {
		out += fmt.Sprintf("%s: %s = 1\n", header, name)
	}
	if len(c.guard) > 0 {
		out += fmt.Sprintf("%sAnd: %d\n", combine, 1+len(c.guard))
	}
	return out
}

// test is an operator and a value, most of the time one that occurs.
func (g *requestMaker) test(c *icingaColumn) (op, value string) {
	v := pick(g, c.values, "row")
	switch x := v.(type) {
	case int64:
		return g.numeric(c, float64(x))
	case float64:
		return g.numeric(c, x)
	case string:
		return g.textual(x)
	case []string:
		var elements []string
		for _, e := range x {
			if usable(e) && e != "" {
				elements = append(elements, e)
			}
		}
		return g.member(elements)
	case []int64:
		var elements []string
		for _, n := range x {
			elements = append(elements, strconv.FormatInt(n, 10))
		}
		return g.member(elements)
	}
	return pick(g, []string{"=", "!="}, "op"), "" // pairs never match in the core
}

func (g *requestMaker) numeric(c *icingaColumn, n float64) (op, value string) {
	if !c.number { // truth by name: the core compares the names by < and >
		return pick(g, []string{"=", "!="}, "op"), pick(g, []string{"0", "1"}, "value")
	}
	if g.draw(4, "near") == 0 {
		n += pick(g, []float64{-1, 1, 3}, "by")
	}
	if c.Kind != schema.Float {
		n = math.Trunc(n)
	}
	return pick(g, []string{"=", "!=", "<", ">", "<=", ">="}, "op"), strconv.FormatFloat(n, 'f', -1, 64)
}

func (g *requestMaker) member(elements []string) (op, value string) {
	if g.draw(4, "empty") == 0 {
		return pick(g, []string{"=", "!="}, "op"), ""
	}
	return pick(g, []string{">=", "<"}, "op"), pick(g, append(elements, "nosuch"), "element")
}

// usable reports whether a text can stand in a filter line as it is.
func usable(s string) bool {
	return s == strings.TrimSpace(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func (g *requestMaker) textual(s string) (op, value string) {
	if !usable(s) {
		s = "x"
	}
	not := pick(g, []string{"", "", "!"}, "not")
	switch g.draw(4, "op") {
	case 0:
		return not + "=", s
	case 1:
		// Case only of ASCII: the core knows no other.
		return not + "=~", strings.Map(func(r rune) rune {
			switch {
			case r >= 'a' && r <= 'z':
				return r - 32
			case r >= 'A' && r <= 'Z':
				return r + 32
			}
			return r
		}, s)
	case 2:
		return pick(g, []string{"<", ">", "<=", ">="}, "order"), s
	}
	return not + pick(g, []string{"~", "~~"}, "regex"), g.pattern(s)
}

// pattern is an expression in the syntax that all cores share, of a word of s.
// It has only ASCII: to the core a character is a byte.
func (g *requestMaker) pattern(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool { return r > 127 || !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		words = []string{"svc"}
	}
	w := pick(g, words, "word")
	switch g.draw(8, "pattern") {
	case 0:
		return "^" + w
	case 1:
		return w + "$"
	case 2:
		return w[:len(w)/2] + "." + w[len(w)/2:]
	case 3:
		return "(" + w + "|zzz)"
	case 4:
		return "[a-f]+.*" + w
	case 5:
		return strings.ToUpper(w)
	case 6:
		return "[0-9]?" + w[len(w)-1:] + "+"
	}
	return w
}

// tree is several filters with And, Or and Negate.
func (g *requestMaker) tree(columns []*icingaColumn, header string, most int) string {
	var b strings.Builder
	combine := strings.TrimSuffix(header, "Filter")
	depth := 0
	for range g.draw(most+1, "filters") {
		b.WriteString(g.leaf(columns, header))
		depth++
		switch g.draw(5, "combine") {
		case 0:
			if header == "Filter" { // StatsNegate does nothing in the core
				b.WriteString("Negate:\n")
			}
		case 1, 2:
			n := 1 + g.draw(depth, "n")
			fmt.Fprintf(&b, "%s%s: %d\n", combine, pick(g, []string{"And", "Or"}, "kind"), n)
			depth -= n - 1
		}
	}
	return b.String()
}

func where(columns []*icingaColumn, keep func(c *icingaColumn) bool) []*icingaColumn {
	return slices.DeleteFunc(slices.Clone(columns), func(c *icingaColumn) bool { return !keep(c) })
}

// filterable are columns on which a filter can be the same to both sides.
func filterable(c *icingaColumn) bool {
	switch c.Kind {
	case schema.Text:
		return c.guard != nil && c.text
	case schema.Dict, schema.Tuples:
		return false // the core does not look into lists of lists
	}
	return c.guard != nil
}

// summable are numbers of which the core has a value in every row, none of
// them negative: its greatest begins at 0.
func summable(c *icingaColumn) bool {
	return c.uniform && c.number && !slices.ContainsFunc(c.values, func(v any) bool {
		n, whole := v.(int64)
		f, float := v.(float64)
		return !whole && !float || n < 0 || f < 0
	})
}

// groupable are columns whose values the core can bring in an order, as it
// must to group by them: not truth by name, not null, not lists.
func groupable(c *icingaColumn) bool { return c.uniform && !strings.HasSuffix(c.needs, "acknowledged") }

func (g *requestMaker) request() icingaRequest {
	r := icingaRequest{table: g.table}
	var b strings.Builder
	fmt.Fprintf(&b, "GET %s\n", g.table.Name)
	b.WriteString(g.tree(where(g.table.columns, filterable), "Filter", 4))
	if g.draw(3, "mode") > 0 {
		for range 1 + g.draw(8, "columns") {
			r.columns = append(r.columns, pick(g, g.table.columns, "column"))
		}
		for _, k := range g.table.Keys {
			r.columns = append(r.columns, where(g.table.columns, func(c *icingaColumn) bool { return c.name == k })...)
		}
	} else {
		for range g.draw(3, "keys") {
			r.columns = append(r.columns, pick(g, where(g.table.columns, groupable), "key"))
		}
		counts := g.tree(where(g.table.columns, filterable), "Stats", 3)
		counts += fmt.Sprintf("Stats: %s != 0\n", g.table.Keys[len(g.table.Keys)-1])
		q, err := lql.Parse("GET hosts\n" + counts + "\n")
		if err != nil {
			g.t.Fatal(err)
		}
		r.stats = len(q.Stats)
		b.WriteString(counts)
		numbers := where(g.table.columns, summable)
		for _, agg := range []string{"sum", "min", "max", "avg"} {
			if len(numbers) > 0 && g.draw(2, agg) == 0 {
				fmt.Fprintf(&b, "Stats: %s %s\n", agg, pick(g, numbers, "number").name)
				r.stats++
			}
		}
	}
	for _, c := range r.columns {
		r.asked = append(r.asked, c.name)
		if c.needs != "" {
			r.asked = append(r.asked, c.needs)
		}
	}
	if len(r.asked) > 0 {
		fmt.Fprintf(&b, "Columns: %s\n", strings.Join(r.asked, " "))
	}
	r.text = b.String()
	return r
}

// ofCore is the core's answer in normal form, a text for each row, sorted.
func (r *icingaRequest) ofCore(core *realcore.Icinga) ([]string, error) {
	rows, err := answer(core, r.text)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, row := range rows {
		if len(row) != len(r.asked)+r.stats {
			continue // the row of zeros where no group is
		}
		raw := map[string]any{}
		for i, n := range r.asked {
			raw[n] = row[i]
		}
		var cells []string
		for _, c := range r.columns {
			v, _ := normalIcinga(c.table, c.Column, own(raw, c.prefix))
			cells = append(cells, canonical(v))
		}
		for _, v := range row[len(r.asked):] {
			cells = append(cells, canonical(v))
		}
		out = append(out, strings.Join(cells, " ¦ "))
	}
	slices.Sort(out)
	return out, nil
}

// ofEngine is the engine's answer in the same form.
func (r *icingaRequest) ofEngine(t *testing.T, q lql.Querier) ([]string, error) {
	parsed, err := lql.Parse(r.text + "\n")
	if err != nil {
		return nil, err
	}
	res, err := q.Query(t.Context(), parsed)
	if err != nil {
		return nil, err
	}
	var out []string
	for row := range res.Rows {
		var cells []string
		for i := range res.Vectors {
			if v := &res.Vectors[i]; i >= len(r.asked) || r.wanted(i) {
				ref, err := r.table.Resolve(v.Name) // not that of a Stats
				cells = append(cells, canonical(cellOf(v, row, err == nil && ref.Column.Kind == schema.Dict)))
			}
		}
		out = append(out, strings.Join(cells, " ¦ "))
	}
	slices.Sort(out)
	return out, nil
}

// wanted reports whether the i-th asked column is not only there because
// another needs it.
func (r *icingaRequest) wanted(i int) bool {
	for _, c := range r.columns {
		if i == 0 {
			return true
		}
		if i--; c.needs != "" {
			if i == 0 {
				return false
			}
			i--
		}
	}
	return true
}

// difference is "" where both sides say the same.
func (r *icingaRequest) difference(t *testing.T, core *realcore.Icinga, q lql.Querier) string {
	want, errCore := r.ofCore(core)
	got, err := r.ofEngine(t, q)
	if err != nil || errCore != nil {
		return fmt.Sprintf("engine: %v; core: %v", err, errCore)
	}
	r.rows = len(want)
	if slices.Equal(got, want) {
		return ""
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	at := func(l []string) string {
		if i < len(l) {
			return l[i]
		}
		return "(end)"
	}
	return fmt.Sprintf("%d rows, core has %d; first difference:\n engine %s\n core   %s", len(got), len(want), at(got), at(want))
}

// silent is a host nobody ever checks, so that something is pending for sure.
const silent = `
object Host "stumm" { check_command = "passive"; enable_active_checks = false; groups = [ "web" ]; display_name = "Never checked" }
object Service "still" { host_name = "stumm"; check_command = "passive"; enable_active_checks = false; groups = [ "first" ] }
`

// quietCore starts a core that has results, comments and downtimes and makes
// no checks.
func quietCore(t *testing.T) *realcore.Icinga {
	t.Helper()
	core := realcore.ForTest(t, realcore.Options{Hosts: 20, CheckInterval: time.Hour, NoXinetd: true, Extra: silent})
	now := time.Now().Unix()
	lines := []string{"STOP_EXECUTING_HOST_CHECKS", "STOP_EXECUTING_SVC_CHECKS"}
	for h := 1; h <= core.Hosts; h++ {
		host := realcore.HostName(h)
		lines = append(lines, fmt.Sprintf("PROCESS_HOST_CHECK_RESULT;%s;%d;host %d says | rta=%d.5ms;10;20", host, h%5/4, h, h)) // h16 is behind h04, which is down
		for s := 1; s <= 8; s++ {
			if h%5 == 0 && s == 1 {
				continue // stays pending: svc 1 takes passive results only
			}
			svc := realcore.ServiceName(s)
			lines = append(lines, fmt.Sprintf("PROCESS_SERVICE_CHECK_RESULT;%s;%s;%d;result %d of %s | time=%ds", host, svc, (h*s)%11%4, s, host, h))
			switch (h*8 + s) % 13 {
			case 0:
				lines = append(lines, fmt.Sprintf("ADD_SVC_COMMENT;%s;%s;1;jörg;wörtlich ✓ %d", host, svc, h))
			case 1:
				lines = append(lines, fmt.Sprintf("SCHEDULE_SVC_DOWNTIME;%s;%s;%d;%d;%d;0;%d;bob;work", host, svc, now-5, now+36000, s%2, 7200+s))
			case 2:
				lines = append(lines, fmt.Sprintf("ACKNOWLEDGE_SVC_PROBLEM;%s;%s;%d;0;1;me;seen", host, svc, 1+h%2))
			case 3:
				lines = append(lines, fmt.Sprintf("DISABLE_SVC_NOTIFICATIONS;%s;%s", host, svc))
			}
		}
		if h%4 == 0 {
			lines = append(lines, fmt.Sprintf("ADD_HOST_COMMENT;%s;1;me;about the host", host),
				fmt.Sprintf("SCHEDULE_HOST_DOWNTIME;%s;%d;%d;1;0;0;bob;moving", host, now+3600, now+7200+int64(h)))
		}
	}
	for _, line := range lines {
		if err := core.Command(line); err != nil {
			t.Fatal(err)
		}
	}
	return core
}

// TestIcingaDifferential asks a real Icinga 2 and the engine over what a site
// read of it the same random questions.
func TestIcingaDifferential(t *testing.T) {
	t.Parallel()
	core := quietCore(t)
	m, fleet := fleetOf(t, site.Spec{Key: "a", Name: "A", Addresses: []string{"unix://" + core.Unix}})
	until(t, soon, "fresh", inState(fleet, "a", store.Fresh))
	until(t, soon, "results", func() bool {
		for _, row := range sitetest.Rows(view(fleet, "a").Snapshot, "services") {
			if row["host_name"] == "h20" && row["description"] == "svc 8" {
				return strings.HasPrefix(row["plugin_output"].(string), "result 8")
			}
		}
		return false
	})
	equalsCore(t, core, fleet, "a")
	q := query.New(query.Options{Fleet: fleet}).For(access.Viewer{All: true, CommandLines: true})
	known := map[string]*icingaTable{}
	for _, name := range comparableTables {
		known[name] = readTable(t, core, name)
	}
	maker := rapid.Custom(func(rt *rapid.T) icingaRequest {
		g := &requestMaker{t: rt}
		g.table = known[pick(g, comparableTables, "table")]
		return g.request()
	})
	requests, patience := rounds(200), later
	failed, empty := 0, 0
	for seed := range requests {
		r := maker.Example(seed)
		d := r.difference(t, core, q)
		for end := time.Now().Add(patience); d != "" && time.Now().Before(end); d = r.difference(t, core, q) {
			m.Refresh("a") // the core may have moved in between
			time.Sleep(200 * time.Millisecond)
		}
		if d != "" {
			t.Errorf("%s%s", r.text, d)
			patience = time.Second
			if failed++; failed == 10 {
				t.Fatal("and perhaps more")
			}
		}
		if r.rows == 0 {
			empty++
		}
	}
	if empty > requests*2/3 {
		t.Errorf("%d of %d answers had no rows: these requests prove little", empty, requests)
	}
}
