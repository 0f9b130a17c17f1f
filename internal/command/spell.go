package command

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"belvedere/internal/schema"
)

// A Problem says why an order cannot be carried out, for people. Param names
// the parameter that is at fault, "" when it is not one of them.
type Problem struct {
	Param string
	Msg   string // a sentence
	Hint  string
}

func (p *Problem) Error() string { return "command: " + p.Msg }

// HintText returns what would be right.
func (p *Problem) HintText() string { return p.Hint }

// lineMost bounds the line of a command in bytes: Nagios reads no more than
// 8,192.
const lineMost = 8000

// spell returns the arguments of a command in the order of the schema, for one
// target. id is the number of the comment or downtime to delete, 0 otherwise.
// The error is a [*Problem].
func spell(def *schema.Command, values map[string]string, t Target, author string, id int64) ([]string, error) {
	args := make([]string, 0, len(def.Params))
	var host bool
	for i, p := range def.Params {
		v, given := values[p.Name]
		switch {
		case p.Type == schema.PHost && !host && t.Host != "":
			v, given, host = t.Host, true, true
		case p.Type == schema.PService && t.Service != "":
			v, given = t.Service, true
		case (p.Type == schema.PHostGroup || p.Type == schema.PServiceGroup) && t.Group != "":
			v, given = t.Group, true
		case (p.Type == schema.PContact || p.Type == schema.PContactGroup) && t.Contact != "":
			v, given = t.Contact, true
		case p.Type == schema.PAuthor:
			v, given = author, true
		case id != 0 && (p.Name == "comment_id" || p.Name == "downtime_id"):
			v, given = strconv.FormatInt(id, 10), true
		case t.CheckAt != 0 && p.Name == "check_time":
			v, given = strconv.FormatInt(t.CheckAt, 10), true
		}
		if !given && !p.Optional {
			return nil, &Problem{Param: p.Name, Msg: fmt.Sprintf("%s is missing.", p.Name), Hint: "Give a value for it."}
		}
		v, err := value(p, v, i == len(def.Params)-1)
		if err != nil {
			return nil, err
		}
		args = append(args, v)
	}
	for len(args) > 0 && args[len(args)-1] == "" && def.Params[len(args)-1].Optional {
		args = args[:len(args)-1]
	}
	if len(args) < def.Min {
		return nil, &Problem{Msg: fmt.Sprintf("%s needs at least %d values.", def.Name, def.Min)}
	}
	size := len(def.Name) + 16
	for _, a := range args {
		size += len(a) + 1
	}
	if size > lineMost {
		return nil, &Problem{Msg: fmt.Sprintf("The command is longer than %d bytes.", lineMost), Hint: "Shorten its text."}
	}
	return args, nil
}

// value checks one argument and returns how it is sent.
func value(p schema.Param, v string, last bool) (string, error) {
	if v == "" && p.Optional {
		return "", nil
	}
	bad := func(msg, hint string) (string, error) { return "", &Problem{p.Name, fmt.Sprintf(msg, p.Name), hint} }
	switch p.Type {
	case schema.PBool:
		if v != "0" && v != "1" {
			return bad("%s is 0 or 1.", "")
		}
		return v, nil
	case schema.PInt:
		n, err := strconv.ParseInt(v, 10, 32)
		if err != nil {
			return bad("%s is a whole number.", "")
		}
		if p.Name == "sticky" && n != 2 {
			n = 0 // a 1 means normal to most cores, and sticky to Naemon
		}
		return strconv.FormatInt(n, 10), nil
	case schema.PULong:
		n, err := strconv.ParseUint(v, 10, 63)
		if err != nil {
			return bad("%s is a whole number from 0.", "")
		}
		return strconv.FormatUint(n, 10), nil
	case schema.PTimestamp:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 || n > 9999999999 {
			return bad("%s is a time in seconds since 1970.", "")
		}
		return strconv.FormatInt(n, 10), nil
	}
	return text(p, v, last)
}

// text checks an argument that a person or a core named. Nothing in it can end
// the command, add another or shift the arguments behind it.
func text(p schema.Param, v string, last bool) (string, error) {
	bad := func(msg, hint string) (string, error) { return "", &Problem{p.Name, fmt.Sprintf(msg, p.Name), hint} }
	switch p.Name {
	case "varname", "var":
		v = strings.TrimPrefix(v, "_") // as configurations write it, which cores do not find
	case "plugin_output":
		// Only results of checks have several lines; cores take them escaped.
		v = strings.ReplaceAll(strings.ReplaceAll(v, "\r\n", "\n"), "\n", `\n`)
	}
	switch {
	case strings.TrimSpace(v) == "":
		return bad("%s is empty.", "Write something.")
	case !utf8.ValidString(v):
		return bad("%s is not valid UTF-8 text.", "Type it anew.")
	case strings.ContainsFunc(v, isControl):
		return bad("%s has a line break or another control character.", "Write it in one line.")
	case !(last && p.Type == schema.PText) && strings.Contains(v, ";"):
		return bad("%s has a semicolon, which would shift the values behind it.", "Only a text at the end of a command may have one.")
	case p.Name == "varvalue" && strings.Contains(v, ";"):
		return bad("%s has a semicolon, at which Nagios cuts it off.", "Choose another sign.")
	case strings.TrimSpace(v) != v && p.Type != schema.PText:
		return bad("%s begins or ends with a blank.", "")
	}
	return v, nil
}

// faithful says why a core would not take arguments as they are: each has
// semicolons of its own to stumble over. The error is a [*Problem].
func faithful(impl schema.Cores, def *schema.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	last := args[len(args)-1]
	switch {
	case impl == schema.Shinken && strings.Contains(strings.Join(args, ";"), `\;`):
		// To it that is none, also one that ends an argument.
		return &Problem{Msg: `Shinken would take the semicolon behind a backslash for a part of the text.`, Hint: "Put something between the two."}
	case impl == schema.Icinga2 && strings.HasPrefix(last, ";"):
		return &Problem{Msg: "Icinga 2 would leave out the semicolon that the text begins with.", Hint: "Begin with something else."}
	case impl&schema.MK != 0 && strings.Contains(last, ";") && (strings.Contains(def.Name, "_DOWNTIME") || strings.HasPrefix(def.Name, "SEND_CUSTOM_")):
		return &Problem{Msg: "Nagios would cut the text off at the semicolon.", Hint: "Choose another sign."}
	}
	return nil
}

// isControl reports what a core or a log could take for the end of a line.
func isControl(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError
}
