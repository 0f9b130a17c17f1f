package testkit

import (
	"strconv"
	"strings"
	"time"
)

// A request is a GET request as a core understood it.
type request struct {
	table    string
	columns  []string
	colsSet  bool
	filter   *node
	stats    []stat
	sort     []sortKey
	limit    int // -1: none
	offset   int
	user     string
	userSet  bool
	format   string
	headers  int // -1 unset, 0 off, 1 on
	seps     [4]byte
	fixed16  bool
	keep     bool
	wait     waiting
	code     int // of the first error, 0: none
	msg      string
	hangUp   bool // end the connection without a word
	brokenRE bool // Shinken: the answer is a lone bracket
}

type sortKey struct {
	column string
	desc   bool
}

type stat struct {
	agg    string // "" counts
	column string
	filter *node
}

type waiting struct {
	trigger   string
	object    string
	cond      *node
	hasCond   bool
	timeout   time.Duration
	condStack []*node
}

// A node is a filter: a comparison, or a combination of others.
type node struct {
	op     string // "and", "or", "not", "" for a comparison
	kids   []*node
	column string
	cmp    string
	ref    string
	always *bool // matches everything or nothing
	match  matcher
	col    column
}

// fail records the first error of a request.
func (q *request) fail(code int, msg string) {
	if q.code == 0 {
		q.code, q.msg = code, msg
	}
}

// parser reads one request for a profile.
type parser struct {
	p     *profile
	q     *request
	t     *tableDef
	stack []*node
	stop  bool // look at no further header
}

// parse reads the lines of a GET request.
func (p *profile) parse(lines []string) *request {
	q := &request{limit: -1, format: "csv", headers: -1, seps: [4]byte{'\n', ';', ',', '|'}}
	ps := &parser{p: p, q: q}
	q.table = strings.TrimSpace(strings.TrimPrefix(lines[0], "GET"))
	ps.t = p.tables[q.table]
	if p.has[q.table] == nil {
		ps.t = nil
	}
	for _, line := range lines[1:] {
		name, val, ok := strings.Cut(line, ":")
		if !ok && strings.TrimSpace(line) == "" {
			continue
		}
		ps.header(name, strings.TrimLeft(val, " \t"), line)
		if q.hangUp || ps.stop {
			break
		}
	}
	if q.hangUp {
		return q
	}
	if ps.t == nil {
		// The table is looked at first, but the header decides the framing.
		q.code, q.msg = 404, p.noTable(q.table)
		return q
	}
	if q.table == "statehist" && (p.name == Naemon || p.name == Nagios4) && !bounded(ps.stack) {
		q.fail(452, "Start of timeframe required. e.g. Filter: time > 1234567890")
	}
	if q.table == "columns" && p.name == Shinken {
		// It answers all of it, whatever is asked, and counts nothing.
		ps.stack, q.colsSet, q.columns = nil, true, []string{"description", "name", "table", "type"}
		if len(q.stats) > 0 {
			no := false
			ps.stack, q.stats = []*node{{always: &no}}, nil
		}
	}
	q.filter = and(ps.stack)
	q.wait.cond = and(q.wait.condStack)
	return q
}

// bounded reports whether filters on the top level set a lower bound of time.
func bounded(stack []*node) bool {
	for _, n := range stack {
		if n.op == "" && strings.HasSuffix(n.column, "time") && strings.HasPrefix(n.cmp, ">") {
			return true
		}
	}
	return false
}

func and(l []*node) *node { return &node{op: "and", kids: l} }

func (ps *parser) header(name, val, line string) {
	q := ps.q
	switch name {
	case "Columns", "StatsGroupBy":
		if name == "StatsGroupBy" && ps.p.name == Icinga2 {
			return
		}
		ps.columns(val)
	case "Filter":
		ps.filter(name, val, &ps.stack)
	case "And", "Or":
		ps.combine(name, val, &ps.stack)
	case "Negate":
		ps.negate(name, &ps.stack)
	case "Stats":
		ps.stats(val)
	case "StatsAnd", "StatsOr":
		ps.combineStats(name, val)
	case "StatsNegate":
		if n := len(q.stats); n > 0 && ps.p.name != Icinga2 && ps.p.name != Shinken {
			q.stats[n-1].filter = &node{op: "not", kids: []*node{q.stats[n-1].filter}}
		}
	case "Limit":
		q.limit = ps.number(name, val, -1)
	case "AuthUser":
		q.user, q.userSet = val, !ps.p.ignoreAuth
	case "ColumnHeaders":
		q.headers = int(bit(val == "on"))
	case "OutputFormat":
		ps.format(val)
	case "ResponseHeader":
		q.fixed16 = val == "fixed16"
	case "KeepAlive":
		q.keep = val == "on"
	case "Separators":
		q.hangUp = ps.p.name == Shinken // as recorded: it answers nothing
		for i, f := range strings.Fields(val) {
			if n, err := strconv.Atoi(f); err == nil && i < 4 {
				q.seps[i] = byte(n)
			}
		}
	case "Localtime", "Timelimit":
	case "Sort", "Offset":
		ps.order(name, val)
	default:
		if strings.HasPrefix(name, "Wait") {
			ps.wait(name, val)
			return
		}
		if !ps.p.ignoreHeaders {
			q.fail(400, ps.p.badHeader(name, line))
			ps.stop = ps.p.name == Naemon
		}
	}
}

func (ps *parser) columns(val string) {
	names := strings.Fields(val)
	if ps.p.name == Icinga2 {
		ps.q.columns = nil
	}
	ps.q.columns = append(ps.q.columns, names...)
	ps.q.colsSet = true
	if ps.t == nil {
		return
	}
	for _, n := range names {
		if ps.p.name == Icinga2 && !ps.p.resolve(ps.t, n).known {
			ps.q.fail(452, ps.p.noColumn("", ps.q.table, n))
		}
	}
}

func (ps *parser) order(name, val string) {
	switch ps.p.name {
	case Naemon:
	case Nagios4:
		ps.q.fail(400, ps.p.badHeader(name, name+": "+val))
		return
	default:
		return
	}
	if name == "Offset" {
		ps.q.offset = ps.number(name, val, 0)
		return
	}
	f := strings.Fields(val)
	if len(f) > 0 {
		ps.q.sort = append(ps.q.sort, sortKey{f[0], len(f) > 1 && strings.EqualFold(f[len(f)-1], "desc")})
	}
}

func (ps *parser) number(name, val string, none int) int {
	n, err := strconv.Atoi(strings.TrimSpace(val))
	if err != nil || n < 0 {
		switch ps.p.name {
		case Naemon:
			ps.q.fail(400, "Invalid value for "+name+": must be non-negative integer")
		case Nagios4:
			ps.q.fail(400, name+": expected non-negative integer")
		}
		return none
	}
	return n
}

func (ps *parser) format(val string) {
	ok := "csv json python"
	switch ps.p.name {
	case Naemon:
		ok = "csv json wrapped_json python"
	case Nagios4:
		ok = "csv CSV json python python3"
	}
	for f := range strings.FieldsSeq(ok) {
		if f == val {
			ps.q.format = val
			return
		}
	}
	switch ps.p.name {
	case Naemon:
		ps.q.fail(400, "Invalid output format. Only 'csv', 'json' and 'wrapped_json' are available.")
	case Nagios4:
		ps.q.fail(400, "OutputFormat: missing/invalid output format, use one of 'CSV', 'csv', 'json', 'python', 'python3'")
	case Shinken:
		ps.q.fail(500, "Internal server error: AssertionError()")
	default:
		ps.q.format = "none"
	}
}

func (ps *parser) wait(name, val string) {
	q := ps.q
	switch name {
	case "WaitTrigger":
		q.wait.trigger = val
		if _, ok := triggerByName(val); !ok && (ps.p.name == Naemon || ps.p.name == Nagios4) {
			q.fail(400, ps.p.badTrigger(val))
		}
	case "WaitObject":
		q.wait.object = val
	case "WaitTimeout":
		q.wait.timeout = time.Duration(ps.number(name, val, 0)) * time.Millisecond
	case "WaitCondition":
		q.wait.hasCond = true
		ps.filter(name, val, &q.wait.condStack)
	case "WaitConditionAnd", "WaitConditionOr":
		ps.combine(name, val, &q.wait.condStack)
	case "WaitConditionNegate":
		ps.negate(name, &q.wait.condStack)
	default:
		if !ps.p.ignoreHeaders {
			q.fail(400, ps.p.badHeader(name, name+": "+val))
		}
	}
}

func triggerByName(s string) (trigger, bool) {
	for i, n := range triggerNames {
		if n == s {
			return trigger(i), true
		}
	}
	return tAll, false
}

func (ps *parser) combine(name, val string, stack *[]*node) {
	n, err := strconv.Atoi(strings.TrimSpace(val))
	word := "and"
	if strings.HasSuffix(name, "Or") {
		word = "or"
	}
	have := len(*stack)
	switch {
	case err != nil || n < 0:
		ps.q.fail(400, name+": expected non-negative integer")
		return
	case ps.p.name == Shinken && n <= 1:
		return
	case n > have:
		ps.tooFew(name, word, n, have)
		return
	}
	kids := append([]*node(nil), (*stack)[have-n:]...)
	x := &node{op: word, kids: kids}
	if n == 0 && ps.p.name == Icinga2 {
		x.op = "and"
	}
	*stack = append((*stack)[:have-n], x)
}

func (ps *parser) tooFew(name, word string, n, have int) {
	switch ps.p.name {
	case Naemon:
		ps.q.fail(400, "error in "+name+" header: Cannot combine "+strconv.Itoa(n)+" filters with '"+strings.ToUpper(word)+"': only "+strconv.Itoa(have)+" are on stack")
	case Nagios4:
		ps.q.fail(400, name+": error combining filters for table '"+ps.q.table+"': expected "+strconv.Itoa(n)+" filters, but only "+strconv.Itoa(have)+" are on stack")
	case Icinga2:
		ps.q.hangUp = true
	}
}

func (ps *parser) negate(name string, stack *[]*node) {
	n := len(*stack)
	if n == 0 {
		ps.tooFew(name, "negate", 1, 0)
		return
	}
	(*stack)[n-1] = &node{op: "not", kids: []*node{(*stack)[n-1]}}
}

// filter parses "column operator value" and pushes it.
func (ps *parser) filter(header, val string, stack *[]*node) {
	f := splitFilter(val)
	if f == nil {
		ps.q.fail(400, header+": invalid filter")
		return
	}
	if n := ps.compare(header, f); n != nil {
		*stack = append(*stack, n)
	}
}

// splitFilter returns column, operator and value, or nil.
func splitFilter(val string) []string {
	col, rest, ok := strings.Cut(val, " ")
	if !ok {
		return nil
	}
	rest = strings.TrimLeft(rest, " \t")
	op, ref, _ := strings.Cut(rest, " ")
	return []string{col, op, strings.TrimLeft(ref, " \t")}
}

// compare makes a comparison, or records why it cannot be made.
func (ps *parser) compare(header string, f []string) *node {
	n := &node{column: f[0], cmp: f[1], ref: f[2]}
	if ps.t == nil {
		return n
	}
	n.col = ps.p.resolve(ps.t, f[0])
	if !n.col.known {
		if ps.p.name == Naemon {
			yes := true
			n.always = &yes // as measured: the filter is dropped
			return n
		}
		code := map[Profile]int{Nagios4: 400, Icinga2: 452, Shinken: 450}[ps.p.name]
		ps.q.fail(code, ps.p.noColumn(header, ps.q.table, f[0]))
		return nil
	}
	m, err := ps.p.matcher(f[1], f[2])
	if err != nil {
		ps.badMatcher(header, f, err, n)
		return n
	}
	n.match = m
	if ps.p.name == Shinken && f[1] == "~~" && !isASCII(f[2]) {
		ps.q.brokenRE = true
	}
	return n
}

func (ps *parser) badMatcher(header string, f []string, err error, n *node) {
	no := false
	n.always = &no
	switch ps.p.name {
	case Naemon:
		ps.q.fail(400, "error in "+header+" header: "+err.Error())
	case Nagios4:
		ps.q.fail(400, header+": "+err.Error())
	case Shinken:
		ps.q.fail(450, ps.p.noColumn(header, ps.q.table, f[0]))
	case Icinga2:
		if _, ok := err.(*operatorError); ok {
			ps.q.fail(452, "Error: "+err.Error()+stackTrace)
		}
	}
}

func (ps *parser) stats(val string) {
	word, rest, _ := strings.Cut(val, " ")
	switch word {
	case "sum", "min", "max", "avg", "std", "suminv", "avginv":
		ps.q.stats = append(ps.q.stats, stat{agg: word, column: strings.TrimSpace(rest)})
		return
	}
	f := splitFilter(val)
	if f == nil {
		ps.q.fail(400, "Stats: invalid filter")
		return
	}
	if n := ps.compare("Stats", f); n != nil {
		ps.q.stats = append(ps.q.stats, stat{filter: n})
	}
}

func (ps *parser) combineStats(name, val string) {
	n, err := strconv.Atoi(strings.TrimSpace(val))
	q := ps.q
	if err != nil || n < 0 || n > len(q.stats) {
		ps.tooFew(name, strings.ToLower(strings.TrimPrefix(name, "Stats")), n, len(q.stats))
		return
	}
	x := &node{op: strings.ToLower(strings.TrimPrefix(name, "Stats"))}
	for _, s := range q.stats[len(q.stats)-n:] {
		if s.filter == nil {
			q.fail(400, name+": cannot combine aggregations")
			return
		}
		x.kids = append(x.kids, s.filter)
	}
	q.stats = append(q.stats[:len(q.stats)-n], stat{filter: x})
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
