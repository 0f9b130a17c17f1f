package search

import (
	"fmt"
	"strings"
)

// Problem says what is wrong with a query.
type Problem uint8

// What can be wrong. Word is the text that is meant.
const (
	NoField     Problem = iota // Word is no field
	NoSuchWord                 // Word is no word that field Of takes
	NoNumber                   // Word is no number (of Of)
	NoDuration                 // Word is no length of time
	NoTime                     // Word is no point in time
	NoValue                    // field Of has no value
	NoOperator                 // field Of does not take the operator Word
	NoMeaning                  // Word says nothing about the rows of table Of
	NoExpr                     // Word is no regular expression; Reason says why
	OpenQuote                  // the quote at Word is not closed
	OpenBracket                // the bracket at Word is not closed
	NoBracket                  // Word closes a bracket that nothing opens
	Dangling                   // nothing stands before or after Word (and, or, not, an operator)
	TooLong                    // longer than [MaxText] bytes
	TooDeep                    // brackets deeper than [MaxDepth]
	TooMany                    // more than [MaxTerms] terms and values
	NotText                    // not valid UTF-8
	TooCommon                  // Word is found in too many comments
	OnlyBound                  // Word can be answered only with data, by [Bind]
)

// An Error says which word of a query is wrong and what would be right.
type Error struct {
	Problem  Problem
	From, To int      // the word in the text, in bytes
	Word     string   // the word as written
	Of       string   // field or table it is about
	Near     string   // the closest word there is, "" none
	Want     []string // what may stand there; may be empty
	Reason   string   // NoExpr: what the engine says
}

// Error returns the problem in English, in one sentence without full stop.
func (e *Error) Error() string {
	msg := "search: "
	switch e.Problem {
	case NoField:
		msg += fmt.Sprintf("there is no field %q", e.Word)
	case NoSuchWord:
		msg += fmt.Sprintf("%s has no word %q", e.Of, e.Word)
	case NoNumber:
		msg += fmt.Sprintf("%s: %q is no number", e.Of, e.Word)
	case NoDuration:
		msg += fmt.Sprintf("%s: %q is no length of time", e.Of, e.Word)
	case NoTime:
		msg += fmt.Sprintf("%s: %q is no point in time", e.Of, e.Word)
	case NoValue:
		msg += fmt.Sprintf("%s has no value", e.Of)
	case NoOperator:
		msg += fmt.Sprintf("%s does not take the operator %s", e.Of, e.Word)
	case NoMeaning:
		msg += fmt.Sprintf("%q says nothing about %s", e.Word, e.Of)
	case NoExpr:
		msg += fmt.Sprintf("%q is no regular expression: %s", e.Word, e.Reason)
	case OpenQuote:
		msg += "a quote is not closed"
	case OpenBracket:
		msg += "a bracket is not closed"
	case NoBracket:
		msg += "a bracket closes that was never opened"
	case Dangling:
		msg += fmt.Sprintf("something is missing beside %q", e.Word)
	case TooLong:
		msg += fmt.Sprintf("longer than %d bytes", MaxText)
	case TooDeep:
		msg += fmt.Sprintf("brackets deeper than %d", MaxDepth)
	case TooMany:
		msg += fmt.Sprintf("more than %d terms", MaxTerms)
	case NotText:
		msg += "not valid text"
	case TooCommon:
		msg += fmt.Sprintf("%q is found in more than %d comments", e.Word, maxFound)
	case OnlyBound:
		msg += fmt.Sprintf("%q needs data to be answered", e.Word)
	}
	if e.Near != "" {
		msg += fmt.Sprintf("; did you mean %s?", e.Near)
	} else if len(e.Want) > 0 {
		msg += "; possible are " + strings.Join(e.Want, ", ")
	}
	return msg
}
