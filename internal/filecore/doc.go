// Package filecore makes a core without Livestatus on the same machine into one
// that has: Nagios 3 and 4, Naemon and Icinga 1, by nothing but the files they
// write anyway.
//
// A [Core] reads objects.cache when it changes and status.dat each time it was
// written, and only the sections of it that are not the same as before. Between
// two status files it follows the log, and on Nagios 4 and Naemon the results of
// checks that the query handler tells, so that a change is seen when it
// happens; the next status file says how it really is. What it knows it serves
// as Livestatus, through package replica. Commands go to the command pipe.
//
// It needs to read the main configuration and what that names, and to write the
// pipe if commands are to be taken. It never writes a file.
package filecore
