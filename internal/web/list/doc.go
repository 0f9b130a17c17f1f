// Package list is the frame of every list of Livestatus rows: hosts, services,
// downtimes, comments. A room declares its [List] once (table, columns,
// parameters, order) and draws its rows; from the declaration come the reading
// of the address ([List.Parse]), the query with paging that neither repeats nor
// skips a row ([Request.Load]), head, chooser of columns, pager and empty
// states.
//
// The way through it: Parse makes a [Request] of the address and the person's
// choices, Load a [Page] of it, [NewView] what the templates draw. Values are
// plain; any number of goroutines may read them.
package list
