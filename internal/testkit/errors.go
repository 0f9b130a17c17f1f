package testkit

// stackTrace is what Icinga 2 appends to the first line of an error.
const stackTrace = "\n\nStacktrace:\n 0# __cxa_throw in /usr/lib/x86_64-linux-gnu/icinga2/sbin/icinga2\n" +
	" 1# void boost::throw_exception<std::invalid_argument>(std::invalid_argument const&) in /usr/lib/x86_64-linux-gnu/icinga2/sbin/icinga2\n" +
	" 2# icinga::Table::GetColumn(icinga::String const&) const in /usr/lib/x86_64-linux-gnu/icinga2/sbin/icinga2\n" +
	" 3# icinga::LivestatusQuery::ExecuteGetHelper(boost::intrusive_ptr<icinga::Stream> const&) in /usr/lib/x86_64-linux-gnu/icinga2/sbin/icinga2\n" +
	" 4# icinga::LivestatusListener::ClientHandler(boost::intrusive_ptr<icinga::Socket> const&) in /usr/lib/x86_64-linux-gnu/icinga2/sbin/icinga2\n" +
	" 5# start_thread in /lib/x86_64-linux-gnu/libc.so.6\n\n"

func (p *profile) noTable(name string) string {
	switch {
	case p.name == Icinga2:
		return "Table '" + name + "' does not exist."
	case name == "" && p.name == Nagios4:
		return "Invalid GET request, missing table name"
	case name == "":
		return "Invalid GET request, missing tablename"
	}
	return "Invalid GET request, no such table '" + name + "'"
}

func (p *profile) noColumn(header, table, name string) string {
	switch p.name {
	case Icinga2:
		return "Error: Column '" + name + "' does not exist in table '" + table + "'." + stackTrace
	case Shinken:
		return "Invalid GET request, no such column '" + name + "'"
	}
	return header + ": table '" + table + "' has no column '" + name + "'"
}

func (p *profile) badHeader(name, line string) string {
	if p.name == Nagios4 {
		return name + ": undefined request header"
	}
	return "Undefined request header '" + line + "'"
}

func (p *profile) badTrigger(val string) string {
	if p.name == Nagios4 {
		return "WaitTrigger: expected one of 'all', 'check', 'state', 'log', 'downtime', 'comment', 'command' or 'program'"
	}
	return "WaitTrigger: invalid trigger '" + val + "'. Allowed are all, check, state, log, downtime, comment, command and program."
}
