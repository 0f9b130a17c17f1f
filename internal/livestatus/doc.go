// Package livestatus speaks the Livestatus protocol over a wire, as a client
// and as a server. It knows sockets, TLS, framing and what each implementation
// does differently; it knows no request grammar (package lql has it) and
// nothing about keeping a copy of a core (package site does).
//
// [Client] asks one core. [Client.Identify] tells the implementation; from then
// on the client follows that implementation's [Profile]. Answers are read by a
// streaming scanner that forgives what real cores get wrong, within bounds.
//
// What goes wrong comes back as [*Error]: a kind for programs, a cause and a
// fix for people. [Diagnose] goes through a connection step by step and says
// the same for each.
//
// [Server] answers Livestatus requests from a [lql.Querier].
package livestatus
