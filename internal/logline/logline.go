// Package logline is the grammar of the lines that monitoring cores write into
// their logs.
//
// Cores do not escape what they write: fields are parted by semicolons, and
// only the last one may hold some. What is no log line, because it was cut or
// came out of a plugin, is not an entry. The package knows text only, no files.
package logline

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// An Entry is one line of a log. Fields that the type of the line does not have
// are zero.
type Entry struct {
	Time    int64 // unix seconds, by the core's clock
	Class   Class
	Type    string // the words before the first colon; the whole text where the line is of no known type
	Message string // the whole line
	Options string // what follows the type
	Host    string
	Service string
	State   int
	// StateType is HARD or SOFT, or what the type of the line has in its place:
	// STARTED, CANCELLED, "CUSTOM (UP)".
	StateType string
	Attempt   int
	Output    string
	Comment   string
	Contact   string
	Command   string
}

// Class is the kind of an entry, with the numbers of Livestatus.
type Class int

// The classes.
const (
	Other        Class = 0
	Alert        Class = 1
	Program      Class = 2
	Notification Class = 3
	Passive      Class = 4
	Command      Class = 5
	State        Class = 6
	Handler      Class = 8
)

// forms has, by type, the class and what the fields are: h host, s service,
// w state as a word, i state as a number, t state type, a attempt, o output,
// c comment, n contact, m command, k the kind of a notification.
var forms = map[string]struct {
	class  Class
	fields string
}{
	"INITIAL HOST STATE":    {State, "hwtao"},
	"CURRENT HOST STATE":    {State, "hwtao"},
	"INITIAL SERVICE STATE": {State, "hswtao"},
	"CURRENT SERVICE STATE": {State, "hswtao"},
	"TIMEPERIOD TRANSITION": {State, ""},

	"HOST ALERT":                {Alert, "hwtao"},
	"SERVICE ALERT":             {Alert, "hswtao"},
	"HOST DOWNTIME ALERT":       {Alert, "htc"},
	"SERVICE DOWNTIME ALERT":    {Alert, "hstc"},
	"HOST FLAPPING ALERT":       {Alert, "htc"},
	"SERVICE FLAPPING ALERT":    {Alert, "hstc"},
	"HOST ACKNOWLEDGE ALERT":    {Alert, "htnc"},
	"SERVICE ACKNOWLEDGE ALERT": {Alert, "hstnc"},

	"HOST NOTIFICATION":    {Notification, "nhkmo"},
	"SERVICE NOTIFICATION": {Notification, "nhskmo"},

	"PASSIVE HOST CHECK":    {Passive, "hio"},
	"PASSIVE SERVICE CHECK": {Passive, "hsio"},

	"EXTERNAL COMMAND": {Command, ""},

	"HOST NOTIFICATION SUPPRESSED":    {Other, "ho"},
	"SERVICE NOTIFICATION SUPPRESSED": {Other, "hso"},
	"HOST INFO":                       {Other, "ho"},
	"SERVICE INFO":                    {Other, "hso"},
	"HOST NOTE":                       {Other, "h"},
	"SERVICE NOTE":                    {Other, "hs"},
	"HOST EVENT HANDLER":              {Other, ""},
	"SERVICE EVENT HANDLER":           {Other, ""},
	"GLOBAL HOST EVENT HANDLER":       {Other, ""},
	"GLOBAL SERVICE EVENT HANDLER":    {Other, ""},

	"HOST ALERT HANDLER STARTED":    {Handler, "hm"},
	"HOST ALERT HANDLER STOPPED":    {Handler, "hmwo"},
	"SERVICE ALERT HANDLER STARTED": {Handler, "hsm"},
	"SERVICE ALERT HANDLER STOPPED": {Handler, "hsmwo"},
}

// programs are parts of what a core says about itself.
var programs = []string{"starting...", "shutting down...", "Bailing out", "standby mode...", "active mode...", "restarting..."}

// Parse reads a line, without its line end. It is false for what is no entry.
// Bytes that are not UTF-8 become U+FFFD.
func Parse(line string) (Entry, bool) {
	if len(line) < 13 || line[0] != '[' || line[11] != ']' || line[12] != ' ' {
		return Entry{}, false
	}
	at, err := strconv.ParseUint(line[1:11], 10, 63)
	if err != nil {
		return Entry{}, false
	}
	line = clean(line)
	text := line[13:]
	e := Entry{Time: int64(at), Message: line, Type: text}
	kind, rest, colon := strings.Cut(text, ":")
	rest = strings.TrimLeft(rest, " ")
	if colon {
		e.Options = rest
	}
	form, known := forms[kind]
	switch {
	case known && colon:
		e.Type, e.Class = kind, form.class
		e.fill(form.fields, strings.HasPrefix(kind, "HOST ") || strings.Contains(kind, " HOST "), rest)
		if form.class == Command {
			e.command(rest)
		}
	case text == "LOG VERSION: 2.0", text == "logging initial states", text == "logging intitial states":
		e.Class = Program
	default:
		for _, p := range programs {
			if strings.Contains(text, p) {
				e.Class = Program
			}
		}
	}
	return e, true
}

// fill gives the fields of an entry their places. A field ends at a semicolon,
// what is left over is only in Options.
func (e *Entry) fill(fields string, host bool, rest string) {
	for _, f := range []byte(fields) {
		var v string
		v, rest, _ = strings.Cut(rest, ";")
		switch f {
		case 'h':
			e.Host = v
		case 's':
			e.Service = v
		case 'w':
			e.State = stateOf(v, host)
		case 'i':
			e.State = number(v)
		case 't':
			e.StateType = v
		case 'k':
			e.State, e.StateType = stateOf(v, host), v
		case 'a':
			e.Attempt = number(v)
		case 'o':
			e.Output = v
		case 'c':
			e.Comment = v
		case 'n':
			e.Contact = v
		case 'm':
			e.Command = v
		}
	}
}

// command notes which object an external command names, where its name says
// that it does.
func (e *Entry) command(rest string) {
	f := strings.SplitN(rest, ";", 4)
	switch {
	case strings.Contains(f[0], "_HOST") && !strings.Contains(f[0], "_HOSTGROUP") && len(f) > 1:
		e.Host = f[1]
	case strings.Contains(f[0], "_SVC") && len(f) > 2:
		e.Host, e.Service = f[1], f[2]
	}
}

// stateOf reads a state as a word; of "CUSTOM (DOWN)" what is in the
// parentheses. Words that name no state are 0.
func stateOf(word string, host bool) int {
	if open := strings.LastIndexByte(word, '('); open >= 0 && strings.HasSuffix(word, ")") {
		word = word[open+1 : len(word)-1]
	}
	switch word {
	case "WARNING", "DOWN":
		return 1
	case "CRITICAL", "UNREACHABLE":
		return 2
	case "UNKNOWN":
		if !host {
			return 3
		}
	}
	return 0
}

// number reads a small number; what is none is 0.
func number(s string) int {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return 0
	}
	return int(n)
}

// clean makes valid UTF-8, byte by byte.
func clean(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}
