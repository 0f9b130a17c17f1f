// Package replica makes a core that has no Livestatus into one that has.
//
// A [Replica] holds one core. Its owner, who reads status files or talks to an
// API, feeds it rows in normal form through a [Batch]; whoever connects to it
// gets Livestatus as Naemon speaks it: all tables and operators, waits, and
// last_update, which says of each host and service when it changed. Package
// site, and every other client, needs to know nothing else about such a core.
//
// # What is derived
//
// A source feeds what it knows and leaves out the rest:
//
//   - All columns that package schema calls derived: counts, worst states, lists
//     of services, comments and downtimes, staleness, hard_state.
//   - last_update of hosts and services: when a row was fed that differs.
//   - host_checks, service_checks and log_messages of status: they count rows
//     that changed, so that clients see that nothing did.
//   - last_state, when a row is fed with another state than it had.
//   - custom_variable_names and _values, from custom_variables.
//   - in_check_period, in_notification_period, in_service_period of hosts and
//     services, and the two of contacts, from column in of timeperiods. Without a
//     period, or with one that is not there, they are 1.
//   - notes_expanded, notes_url_expanded, action_url_expanded and
//     icon_image_expanded: macros of names, addresses and custom variables are
//     replaced.
//   - members of the three tables of groups from column groups of hosts, services
//     and contacts, and childs from parents, if [Options.Inverse] is set.
//   - contacts: the members of the row's contact_groups are added to those
//     that are fed, if [Options.Inverse] is set.
//
// A row that holds a derived column keeps what it says.
package replica
