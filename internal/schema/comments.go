package schema

// commentColumns are the columns of comments. Rows of comments and downtimes
// come and go but never change. host_name and service_description are own
// columns, not joined ones, because they are how the host and service of a row
// are found.
var commentColumns = []Column{
	{Name: "author", Kind: Text, Class: Static, Cores: AllCores, Doc: "Who wrote the comment"},
	{Name: "comment", Kind: Text, Class: Static, Cores: AllCores, Doc: "Text of the comment"},
	{Name: "entry_time", Kind: Time, Class: Static, Cores: AllCores, Doc: "When the comment was entered"},
	{Name: "entry_type", Kind: Int, Class: Static, Cores: AllCores, Normal: "1 user, 2 downtime, 3 flapping, 4 acknowledgement", Doc: "What made the comment"},
	{Name: "expire_time", Kind: Time, Class: Static, Cores: AllCores, Doc: "When the comment goes away by itself"},
	{Name: "expires", Kind: Bool, Class: Static, Cores: AllCores, Doc: "The comment goes away by itself"},
	{Name: "host_name", Kind: Text, Class: Static, Cores: AllCores, Refers: "hosts", Doc: "Host the comment is on, or whose service it is on"},
	{Name: "id", Kind: Int, Class: Key, Cores: AllCores, Normal: "valid within one run of the core only", Doc: "Number of the comment in its core"},
	{Name: "is_service", Kind: Bool, Class: Static, Cores: AllCores, Doc: "The comment is on a service"},
	{Name: "peer_key", Kind: Text, Class: Derived, Cores: LMD, Doc: "Key of the site"},
	{Name: "peer_name", Kind: Text, Class: Derived, Cores: LMD, Doc: "Name of the site"},
	{Name: "peer_section", Kind: Text, Class: Derived, Doc: "Section of the site, its parts separated by slashes"},
	{Name: "persistent", Kind: Bool, Class: Static, Cores: AllCores, Doc: "The comment outlives a restart of the core"},
	{Name: "service_description", Kind: Text, Class: Static, Cores: AllCores, Normal: "empty for comments on hosts", Doc: "Service the comment is on"},
	{Name: "source", Kind: Int, Class: Static, Cores: AllCores, Normal: "0 internal, 1 external", Doc: "Where the comment comes from"},
	{Name: "type", Kind: Int, Class: Static, Cores: AllCores, Normal: "1 host, 2 service", Doc: "What the comment is on"},
}

// downtimeColumns are the columns of downtimes.
var downtimeColumns = []Column{
	{Name: "author", Kind: Text, Class: Static, Cores: AllCores, Doc: "Who scheduled the downtime"},
	{Name: "comment", Kind: Text, Class: Static, Cores: AllCores, Doc: "Why the downtime was scheduled"},
	{Name: "duration", Kind: Int, Class: Static, Unit: "s", Cores: AllCores, Normal: "of a fixed downtime what the core says, usually end_time - start_time", Doc: "Length of the downtime once it has begun"},
	{Name: "end_time", Kind: Time, Class: Static, Cores: AllCores, Doc: "When the downtime ends"},
	{Name: "entry_time", Kind: Time, Class: Static, Cores: AllCores, Doc: "When the downtime was entered"},
	{Name: "fixed", Kind: Bool, Class: Static, Cores: AllCores, Doc: "The downtime lasts from start_time to end_time; otherwise it begins with a problem in that span"},
	{Name: "host_name", Kind: Text, Class: Static, Cores: AllCores, Refers: "hosts", Doc: "Host the downtime is for, or whose service it is for"},
	{Name: "id", Kind: Int, Class: Key, Cores: AllCores, Normal: "valid within one run of the core only", Doc: "Number of the downtime in its core"},
	{Name: "is_pending", Kind: Bool, Class: Static, Cores: Checkmk, Doc: "The downtime has not begun yet"},
	{Name: "is_service", Kind: Bool, Class: Static, Cores: AllCores, Doc: "The downtime is for a service"},
	{Name: "origin", Kind: Int, Class: Static, Cores: Checkmk, Normal: "0 a command, 1 the configuration", Doc: "What made the downtime"},
	{Name: "peer_key", Kind: Text, Class: Derived, Cores: LMD, Doc: "Key of the site"},
	{Name: "peer_name", Kind: Text, Class: Derived, Cores: LMD, Doc: "Name of the site"},
	{Name: "peer_section", Kind: Text, Class: Derived, Doc: "Section of the site, its parts separated by slashes"},
	{Name: "recurring", Kind: Int, Class: Static, Cores: Checkmk, Doc: "How often the downtime repeats, 0 for never"},
	{Name: "service_description", Kind: Text, Class: Static, Cores: AllCores, Normal: "empty for downtimes of hosts", Doc: "Service the downtime is for"},
	{Name: "start_time", Kind: Time, Class: Static, Cores: AllCores, Doc: "When the downtime begins"},
	{Name: "triggered_by", Kind: Int, Class: Static, Cores: AllCores, Normal: "0 none", Doc: "Number of the downtime that begins this one"},
	{Name: "type", Kind: Int, Class: Static, Cores: AllCores, Normal: "1 service, 2 host", Doc: "What the downtime is for"},
}
