package schema

// contactColumns are the columns of contacts.
var contactColumns = []Column{
	{Name: "address1", Kind: Text, Class: Static, Cores: AllCores &^ Icinga2, Doc: "First additional address"},
	{Name: "address2", Kind: Text, Class: Static, Cores: AllCores &^ Icinga2, Doc: "Second additional address"},
	{Name: "address3", Kind: Text, Class: Static, Cores: AllCores &^ Icinga2, Doc: "Third additional address"},
	{Name: "address4", Kind: Text, Class: Static, Cores: AllCores &^ Icinga2, Doc: "Fourth additional address"},
	{Name: "address5", Kind: Text, Class: Static, Cores: AllCores &^ Icinga2, Doc: "Fifth additional address"},
	{Name: "address6", Kind: Text, Class: Static, Cores: AllCores &^ Icinga2, Doc: "Sixth additional address"},
	{Name: "alias", Kind: Text, Class: Static, Cores: AllCores, Doc: "Full name of the contact"},
	{Name: "can_submit_commands", Kind: Bool, Class: Static, Cores: AllCores, Default: "1", Doc: "The contact may give external commands"},
	{Name: "changed_at", Kind: Time, Class: Derived, Doc: "When this program last saw anything about this contact change; another one reads only what changed since"},
	{Name: "custom_variable_names", Kind: TextList, Class: Settable, Cores: AllCores &^ Icinga2, Normal: "upper case, without the leading underscore", Doc: "Names of the custom variables"},
	{Name: "custom_variable_values", Kind: TextList, Class: Settable, Cores: AllCores &^ Icinga2, Doc: "Values of the custom variables, in the order of their names"},
	{Name: "custom_variables", Kind: Dict, Class: Settable, Cores: AllCores &^ Icinga2, Normal: "names in upper case without the leading underscore, sorted", Doc: "Custom variables by name"},
	{Name: "cv_is_json", Kind: Bool, Class: Live, Cores: Icinga2, Doc: "At least one custom variable holds JSON instead of plain text"},
	{Name: "email", Kind: Text, Class: Static, Cores: AllCores, Doc: "Mail address"},
	{Name: "groups", Kind: TextList, Class: Static, Cores: Naemon | LMD, Refers: "contactgroups", Doc: "Contact groups this contact is a member of"},
	{Name: "host_notification_commands", Kind: TextList, Class: Static, Cores: Naemon | LMD, Refers: "commands", Doc: "Commands that send notifications about hosts"},
	{Name: "host_notification_period", Kind: Text, Class: Settable, Cores: AllCores, Refers: "timeperiods", Doc: "Period in which the contact is told about hosts"},
	{Name: "host_notifications_enabled", Kind: Bool, Class: Live, Cores: AllCores, Doc: "The contact is told about hosts"},
	{Name: "id", Kind: Int, Class: Static, Cores: Naemon | LMD, Doc: "Number of the contact in its core's memory, other after every reload"},
	{Name: "in_host_notification_period", Kind: Bool, Class: Live, Cores: AllCores, Doc: "It is now within the period for notifications about hosts"},
	{Name: "in_service_notification_period", Kind: Bool, Class: Live, Cores: AllCores, Doc: "It is now within the period for notifications about services"},
	{Name: "labels", Kind: Dict, Class: Static, Cores: Checkmk, Doc: "Labels by name"},
	{Name: "modified_attributes", Kind: Int, Class: Live, Unit: "bit", Cores: AllCores, Doc: "Settings that were changed at run time"},
	{Name: "modified_attributes_list", Kind: TextList, Class: Live, Cores: AllCores, Normal: "names as in the table of modified attributes, in the order of their bits", Doc: "Names of the settings that were changed at run time"},
	{Name: "name", Kind: Text, Class: Key, Cores: AllCores, Doc: "Name of the contact"},
	{Name: "pager", Kind: Text, Class: Static, Cores: AllCores, Doc: "Pager address"},
	{Name: "peer_key", Kind: Text, Class: Derived, Cores: LMD, Doc: "Key of the site"},
	{Name: "peer_name", Kind: Text, Class: Derived, Cores: LMD, Doc: "Name of the site"},
	{Name: "peer_section", Kind: Text, Class: Derived, Doc: "Section of the site, its parts separated by slashes"},
	{Name: "service_notification_commands", Kind: TextList, Class: Static, Cores: Naemon | LMD, Refers: "commands", Doc: "Commands that send notifications about services"},
	{Name: "service_notification_period", Kind: Text, Class: Settable, Cores: AllCores, Refers: "timeperiods", Doc: "Period in which the contact is told about services"},
	{Name: "service_notifications_enabled", Kind: Bool, Class: Live, Cores: AllCores, Doc: "The contact is told about services"},
	{Name: "tags", Kind: Dict, Class: Static, Cores: Checkmk, Doc: "Tags by name"},
}

// contactgroupColumns are the columns of contactgroups.
var contactgroupColumns = []Column{
	{Name: "alias", Kind: Text, Class: Static, Cores: AllCores, Doc: "Longer name of the contact group"},
	{Name: "id", Kind: Int, Class: Static, Cores: Naemon, Doc: "Number of the contact group in its core's memory, other after every reload"},
	{Name: "members", Kind: TextList, Class: Static, Cores: AllCores, Refers: "contacts", Doc: "Contacts in this group"},
	{Name: "name", Kind: Text, Class: Key, Cores: AllCores, Doc: "Name of the contact group"},
	{Name: "peer_key", Kind: Text, Class: Derived, Cores: LMD, Doc: "Key of the site"},
	{Name: "peer_name", Kind: Text, Class: Derived, Cores: LMD, Doc: "Name of the site"},
	{Name: "peer_section", Kind: Text, Class: Derived, Doc: "Section of the site, its parts separated by slashes"},
}

// commandColumns are the columns of commands.
var commandColumns = []Column{
	{Name: "custom_variable_names", Kind: TextList, Class: Static, Cores: Icinga2, Normal: "upper case, without the leading underscore", Doc: "Names of the custom variables"},
	{Name: "custom_variable_values", Kind: TextList, Class: Static, Cores: Icinga2, Doc: "Values of the custom variables, in the order of their names"},
	{Name: "custom_variables", Kind: Dict, Class: Static, Cores: Icinga2, Normal: "names in upper case without the leading underscore, sorted", Doc: "Custom variables by name"},
	{Name: "id", Kind: Int, Class: Static, Cores: Naemon, Doc: "Number of the command in its core's memory, other after every reload"},
	{Name: "line", Kind: Text, Class: Static, Cores: AllCores, Doc: "Command line that is run, with macros unexpanded"},
	{Name: "name", Kind: Text, Class: Key, Cores: AllCores, Doc: "Name of the command"},
	{Name: "peer_key", Kind: Text, Class: Derived, Cores: LMD, Doc: "Key of the site"},
	{Name: "peer_name", Kind: Text, Class: Derived, Cores: LMD, Doc: "Name of the site"},
	{Name: "peer_section", Kind: Text, Class: Derived, Doc: "Section of the site, its parts separated by slashes"},
}

// timeperiodColumns are the columns of timeperiods.
var timeperiodColumns = []Column{
	{Name: "alias", Kind: Text, Class: Static, Cores: AllCores, Doc: "Longer name of the period"},
	{Name: "changed_at", Kind: Time, Class: Derived, Doc: "When this program last saw anything about this period change; another one reads only what changed since"},
	{Name: "days", Kind: Tuples, Class: Static, Cores: Naemon | LMD, Normal: "seven lists from Sunday to Saturday: start, end, start, end ... in seconds since midnight", Doc: "Times of day for each day of the week"},
	{Name: "exceptions_calendar_dates", Kind: TextList, Class: Static, Cores: Naemon | LMD, Normal: "each exception as JSON text", Doc: "Times on single dates"},
	{Name: "exceptions_month_date", Kind: TextList, Class: Static, Cores: Naemon | LMD, Normal: "each exception as JSON text", Doc: "Times on dates of a month"},
	{Name: "exceptions_month_day", Kind: TextList, Class: Static, Cores: Naemon | LMD, Normal: "each exception as JSON text", Doc: "Times on days of any month"},
	{Name: "exceptions_month_week_day", Kind: TextList, Class: Static, Cores: Naemon | LMD, Normal: "each exception as JSON text", Doc: "Times on weekdays of a month"},
	{Name: "exceptions_week_day", Kind: TextList, Class: Static, Cores: Naemon | LMD, Normal: "each exception as JSON text", Doc: "Times on weekdays of any month"},
	{Name: "exclusions", Kind: TextList, Class: Static, Cores: Naemon | LMD, Refers: "timeperiods", Doc: "Periods that are taken out of this one"},
	{Name: "id", Kind: Int, Class: Static, Cores: Naemon | LMD, Doc: "Number of the period in its core's memory, other after every reload"},
	{Name: "in", Kind: Bool, Class: Live, Cores: AllCores, Doc: "It is now within the period"},
	{Name: "name", Kind: Text, Class: Key, Cores: AllCores, Doc: "Name of the period"},
	{Name: "peer_key", Kind: Text, Class: Derived, Cores: LMD, Doc: "Key of the site"},
	{Name: "peer_name", Kind: Text, Class: Derived, Cores: LMD, Doc: "Name of the site"},
	{Name: "peer_section", Kind: Text, Class: Derived, Doc: "Section of the site, its parts separated by slashes"},
}
