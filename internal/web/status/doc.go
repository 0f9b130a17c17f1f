// Package status turns rows of hosts and services into what pages show of
// them: the state as glyph, word and colour class, what was done about it, how
// long it has been so, and where its page is. The rooms problems, hosts,
// services, host and service share it; the frame of their lists is in package
// list.
//
// It knows no page: functions are pure, from a [lql.Result] to plain values
// that any number of goroutines may read, and templates draw the cells that
// hosts and services have alike.
package status
