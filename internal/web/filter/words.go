package filter

import (
	"context"
	"strings"

	"belvedere/internal/search"
	"belvedere/internal/web/ui"
)

// Message says what is wrong with a query: a sentence, with the word in it.
func Message(ctx context.Context, e *search.Error) string {
	word, of := ui.Visible(e.Word), ui.Visible(e.Of)
	switch e.Problem {
	case search.NoField:
		return ui.T(ctx, "There is no field %s.", word)
	case search.NoSuchWord:
		return ui.T(ctx, "%s is no word for %s.", word, of)
	case search.NoNumber:
		return ui.T(ctx, "%s is no number for %s.", word, of)
	case search.NoDuration:
		return ui.T(ctx, "%s is no length of time for %s.", word, of)
	case search.NoTime:
		return ui.T(ctx, "%s is no point in time for %s.", word, of)
	case search.NoValue:
		return ui.T(ctx, "A value is missing behind %s.", word)
	case search.NoOperator:
		return ui.T(ctx, "%s cannot be compared with %s.", of, word)
	case search.NoMeaning:
		return ui.T(ctx, "%s says nothing about the rows of this list.", word)
	case search.NoExpr:
		return ui.T(ctx, "%s is no regular expression.", word)
	case search.OpenQuote:
		return ui.T(ctx, "A quote is opened and not closed.")
	case search.OpenBracket:
		return ui.T(ctx, "A bracket is opened and not closed.")
	case search.NoBracket:
		return ui.T(ctx, "A bracket is closed that was never opened.")
	case search.Dangling:
		return ui.T(ctx, "Something is missing beside %s.", word)
	case search.TooLong:
		return ui.T(ctx, "The filter is longer than %s bytes.", ui.Number(search.MaxText))
	case search.TooDeep:
		return ui.T(ctx, "The brackets are nested too deep.")
	case search.TooMany:
		return ui.T(ctx, "The filter has more than %s terms.", ui.Number(search.MaxTerms))
	case search.TooCommon:
		return ui.T(ctx, "%s is found in too many comments.", word)
	}
	return ui.T(ctx, "The filter cannot be read.")
}

// hint says what would be right; it may be empty.
func hint(ctx context.Context, e *search.Error) string {
	switch e.Problem {
	case search.NoField:
		return ui.T(ctx, "Text that is no field stands in quotes: %s", `"`+ui.Visible(e.Word)+`:…"`)
	case search.NoDuration:
		return ui.T(ctx, "Write 90m, 4h, 2d or 1h30m.")
	case search.NoTime:
		return ui.T(ctx, "Write -10m, today, yesterday, 2026-11-25 or \"2026-11-25 08:00\".")
	case search.NoExpr:
		return ui.Said(ctx, ui.Visible(e.Reason))
	case search.OpenQuote:
		return ui.T(ctx, "A quote inside a text has a backslash before it.")
	case search.NoBracket, search.OpenBracket:
		return ui.T(ctx, "Text with a bracket stands in quotes.")
	case search.Dangling:
		return ui.T(ctx, "The words and, or, not stand in quotes where they are meant as text.")
	case search.TooCommon:
		return ui.T(ctx, "Ask for more of the text, or in the list of comments.")
	}
	if len(e.Want) > 0 {
		return ui.T(ctx, "Possible are %s.", strings.Join(e.Want, ", "))
	}
	return ""
}

// FieldNote says in a few words what a field is about, "" for columns and
// custom variables.
func FieldNote(ctx context.Context, field string) string {
	switch field {
	case "host":
		return ui.T(ctx, "name of the host")
	case "service":
		return ui.T(ctx, "name of the service")
	case "name":
		return ui.T(ctx, "name of the row itself")
	case "display":
		return ui.T(ctx, "display name")
	case "alias":
		return ui.T(ctx, "alias")
	case "address":
		return ui.T(ctx, "network address")
	case "site":
		return ui.T(ctx, "site")
	case "section":
		return ui.T(ctx, "section of sites")
	case "hostgroup":
		return ui.T(ctx, "host group")
	case "servicegroup":
		return ui.T(ctx, "service group")
	case "contact":
		return ui.T(ctx, "contact")
	case "contactgroup":
		return ui.T(ctx, "contact group")
	case "state":
		return ui.T(ctx, "state")
	case "hoststate":
		return ui.T(ctx, "state of the host")
	case "is":
		return ui.T(ctx, "acknowledged, in a downtime, flapping …")
	case "age":
		return ui.T(ctx, "time in the present state")
	case "duration":
		return ui.T(ctx, "length, or time in the present state")
	case "output":
		return ui.T(ctx, "output of the last check")
	case "check":
		return ui.T(ctx, "check command")
	case "parent":
		return ui.T(ctx, "parent host")
	case "dependency":
		return ui.T(ctx, "what it depends on")
	case "attempt":
		return ui.T(ctx, "number of the check attempt")
	case "importance":
		return ui.T(ctx, "importance, 0 to 5")
	case "change":
		return ui.T(ctx, "share of state changes in percent")
	case "took":
		return ui.T(ctx, "duration of the last check")
	case "comment":
		return ui.T(ctx, "text of comments and downtimes")
	case "author":
		return ui.T(ctx, "who wrote comments and downtimes")
	case "downtime_duration":
		return ui.T(ctx, "length of downtimes")
	case "last_check":
		return ui.T(ctx, "time of the last check")
	case "next_check":
		return ui.T(ctx, "time of the next check")
	case "latency":
		return ui.T(ctx, "how late the last check was")
	case "check_period":
		return ui.T(ctx, "time period of checks")
	case "notification_period":
		return ui.T(ctx, "time period of notifications")
	case "event_handler":
		return ui.T(ctx, "command that acts on states")
	case "num_services":
		return ui.T(ctx, "number of services of the host")
	case "source_problems":
		return ui.T(ctx, "problems that are the cause")
	case "impacts":
		return ui.T(ctx, "what the problem affects")
	}
	return ""
}

// OpNote says what an operator does.
func OpNote(ctx context.Context, op string) string {
	switch op {
	case ":":
		return ui.T(ctx, "is or contains")
	case "-:":
		return ui.T(ctx, "is or contains not")
	case "=":
		return ui.T(ctx, "is exactly")
	case "!=":
		return ui.T(ctx, "is not exactly")
	case "~":
		return ui.T(ctx, "matches the expression")
	case "!~":
		return ui.T(ctx, "does not match the expression")
	case ">":
		return ui.T(ctx, "is more than")
	case ">=":
		return ui.T(ctx, "is at least")
	case "<":
		return ui.T(ctx, "is less than")
	case "<=":
		return ui.T(ctx, "is at most")
	}
	return ""
}

// operators are those of the form, in their order.
var operators = []string{":", "-:", "=", "!=", "~", "!~", ">", ">=", "<", "<="}
