// Package thruk reads and commands the cores behind a Thruk over HTTP.
//
// Thruk lists its backends in its REST API (/r/v1/sites), and takes Livestatus
// requests for one of them at /cgi-bin/remote.cgi, which is how a Thruk or an
// LMD asks another Thruk. [Client] makes of the former a table sites, as a
// Belvedere or an LMD has one, and of the latter conversations: everything else
// speaks Livestatus with each core as if it were connected directly, and follows
// what changed in the same ways.
//
// Thruk starts or takes a process for each request and answers when it has
// everything, so no request waits at a core, and each backend is asked every
// five seconds at most.
//
// [Diagnose] goes through the way to a Thruk step by step.
package thruk
