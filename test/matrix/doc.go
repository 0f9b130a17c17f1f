// Package matrix gives every external command of the schema to every kind of
// core, a real Icinga 2 and a real Nagios 4 among them, and looks in the core
// itself for what it does. It has tests only; what they found is kept in
// testdata, and docs/commands.md is made of it.
package matrix
