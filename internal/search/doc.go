// Package search is the language of the query bar: another spelling of
// [lql.Filter] that people type, links carry and saved views keep.
//
// [Parse] turns text into an [Expr], [Expr.String] turns it back; the two are
// inverses, and fuzzed to stay so. [Expr.Filter] makes the filter of one table
// of it, [Bind] also answers what needs the engine: comments of an object, and
// whether a regular expression is one. [Complete] says what may come next.
// docs/search.md describes the language for those who use it.
//
// Fields are declared once, in fields.go; every further column of the schema is
// a field by its own name. The package knows nothing of pages. What it says to
// people is an [Error] with a kind and a place, which the pages put into words
// of the reader's language.
//
// All values are plain data and safe for concurrent reading.
package search
