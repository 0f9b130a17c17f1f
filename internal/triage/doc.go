// Package triage is the one place that says what a problem is, who has it, and
// what explains it: the counter of the menu, the problems page, the overview
// and the palette all take their numbers from here.
//
// A problem is a host that is not UP or a service that is not OK. It stands in
// exactly one place, the first of these that holds:
//
//	Planned     it, or the host of the service, is in a downtime
//	Acked       somebody acknowledged it
//	Suppressed  its host is down, or no parent of the host is up: what stands
//	            above it is the cause, and the problem is folded below that
//	Soft        not confirmed yet by as many checks as the core asks for
//	Open        nobody has it: this is what needs someone
//
// A host that is itself not confirmed, but already explains confirmed problems
// that would need someone, is Open: they must not vanish behind something that
// is not shown.
//
// [Take] reads all problems a [lql.Querier] gives, so everything follows the
// rights of whoever asks: a host that a person may not see explains nothing to
// them, and what is behind it stands on its own. The package knows nothing of
// pages, and the values it returns never change: any number of goroutines may
// read them.
package triage
