package schema

import "strings"

// kindNames has, by Kind, the name in this program, the name in the table
// "columns", and the normal form.
var kindNames = [...]struct{ name, livestatus, normal string }{
	Bool:     {"bool", "int", "0 or 1. True and false of Icinga 2, and any other number than 0, become 1 and 0."},
	Int:      {"int", "int", "A whole number in 64 bits. Null, empty texts and what is no number become 0; fractions are cut off."},
	Float:    {"float", "float", "A number in 64 bits. Null, NaN and infinities become 0."},
	Time:     {"time", "time", "Whole seconds since 1970 UTC by the core's clock; 0 means never. Null and times before 1970 become 0."},
	Text:     {"text", "string", "Valid UTF-8. Null becomes empty, every byte that is not UTF-8 becomes U+FFFD, as do lone surrogates. Numbers become their digits as the core writes them, truth values true and false. Control characters stay."},
	TextList: {"text list", "list", "Texts in the order the core gives them, each as type text. Null, 0 and the empty text become the empty list."},
	IntList:  {"int list", "list", "Whole numbers in the order the core gives them."},
	Members:  {"members", "list", "Pairs of host and service. Texts of host and service with a bar between, as Shinken writes them, are split."},
	Dict:     {"dictionary", "dict", "Names with texts, sorted by name. Lists of pairs become dictionaries; numbers and truth values become texts as in type text, nested values their JSON text. Of a name that is there twice the last value counts."},
	Tuples:   {"tuples", "list", "Lists of whole numbers, numbers and texts, whose items the column names. Missing items become 0 or empty; surplus ones are dropped."},
}

// String returns the name of the kind.
func (k Kind) String() string { return kindNames[k].name }

// Livestatus returns the type that the table "columns" gives for the kind:
// int, float, time, string, list or dict.
func (k Kind) Livestatus() string { return kindNames[k].livestatus }

// Normal returns in a few sentences how values of the kind are written in
// normal form, and what becomes of other spellings.
func (k Kind) Normal() string { return kindNames[k].normal }

var classNames = [...]string{
	Key: "key", Static: "static", Settable: "settable", Live: "live", Derived: "derived",
}

// String returns the name of the class.
func (c Class) String() string { return classNames[c] }

var coreNames = []struct {
	core Cores
	name string
}{
	{MK11, "MK 1.1"},
	{MK12, "MK 1.2"},
	{MK15, "MK 1.5"},
	{Naemon, "Naemon"},
	{Icinga2, "Icinga 2"},
	{Shinken, "Shinken"},
	{LMD, "LMD"},
	{Checkmk, "Checkmk"},
}

// String returns the names of the implementations, separated by commas, "all"
// for all of them, "none" for none.
func (c Cores) String() string {
	switch c {
	case 0:
		return "none"
	case AllCores:
		return "all"
	}
	var names []string
	if c&MK == MK {
		names, c = append(names, "MK"), c&^MK
	}
	for _, n := range coreNames {
		if c&n.core != 0 {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, ", ")
}

// Has reports whether all implementations of other are in c.
func (c Cores) Has(other Cores) bool { return c&other == other }

var sourceNames = [...]string{FromCore: "core", Expanded: "expanded", Virtual: "virtual", Passed: "passed"}

// String returns the name of the source.
func (s Source) String() string { return sourceNames[s] }

var commandClassNames = [...]string{Ordinary: "ordinary", Configuring: "configuring", Dangerous: "dangerous"}

// String returns the name of the class.
func (c CommandClass) String() string { return commandClassNames[c] }

var paramTypeNames = [...]string{
	PText: "text", PInt: "int", PULong: "number", PBool: "bool", PTimestamp: "time",
	PHost: "host", PService: "service", PHostGroup: "host group", PServiceGroup: "service group",
	PContact: "contact", PContactGroup: "contact group", PTimeperiod: "period", PAuthor: "author",
}

// String returns the name of the type.
func (t ParamType) String() string { return paramTypeNames[t] }

// modifiedAttributes are the settings that can be changed at run time.
var modifiedAttributes = []string{
	"notifications_enabled", "active_checks_enabled", "passive_checks_enabled",
	"event_handler_enabled", "flap_detection_enabled", "failure_prediction_enabled",
	"performance_data_enabled", "obsessive_handler_enabled", "event_handler_command",
	"check_command", "normal_check_interval", "retry_check_interval",
	"max_check_attempts", "freshness_checks_enabled", "check_timeperiod",
	"custom_variable", "notification_timeperiod",
}

// ModifiedAttributes returns the names of the bits of column
// modified_attributes, from bit 0. The slice must not be changed.
func ModifiedAttributes() []string { return modifiedAttributes }
