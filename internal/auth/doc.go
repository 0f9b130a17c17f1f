// Package auth says who asks: it checks passwords, keeps sessions, and makes
// the [access.Viewer] of a person. It also is the one place that changes
// people, so that every such change is valid and in the audit.
//
// It does not decide who may call what: the web gives admins the pages that
// change people, and the command line belongs to whoever owns the data folder.
//
// Rights are read from the store at every request, never from a session: a
// change of a role, of a contact or of a password counts at once, also when
// another process made it.
package auth
