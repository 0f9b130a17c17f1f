// Package corefiles reads and writes the files of a monitoring core on the same
// machine: the command pipe, status.dat, objects.cache, the log, and the main
// configuration that says where these are.
//
// What is read becomes rows of the schema's tables in normal form. Files are
// read as streams in one or two passes and never trusted: lines that make no
// sense are counted and left out, lines without end are cut, and a file that
// ends in the middle says so. The package polls nothing and keeps nothing; when
// to read is for its callers to decide.
//
// Nagios 3 and 4, Naemon and Icinga 1 write these files. Icinga 2 has only the
// pipe.
package corefiles
