// Package lql is the Livestatus query language: the one place in this program
// that knows how a request and its answer look on the wire.
//
// [Parse] turns request text into a [Query]; [Query.AppendText] turns it back.
// The two are inverses, and fuzzed to stay so. The client prints queries, the
// server parses them, the engine runs them, the web pages build them. None of
// these has a grammar of its own.
//
// A Query holds names, not columns. Whether there is a table "hosts" with a
// column "state" is a question for package query, which binds a Query to a
// schema before it runs it. So lql imports no other package of this module.
//
// A Query is plain data and safe for concurrent reading. Nothing in this
// program changes a Query after handing it on; whoever needs a different one
// calls [Query.Clone].
package lql
