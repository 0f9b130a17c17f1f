// Package filter is the query bar of every list: it reads the parameter q of an
// address as the language of package search, draws it as chips and text, says
// which word is wrong, and offers a form for those who prefer one.
//
// A page calls [Read] with the tables its rows are of, narrows its queries with
// [Asked.Filter], and draws [Bar]. The parameter q is the whole state: what
// other pages and older links say in parameters of their own (state, site,
// hostgroup ...), and what the form sends, is put into q by a redirect.
// Addresses of narrowed lists are made by [search.Path].
package filter
