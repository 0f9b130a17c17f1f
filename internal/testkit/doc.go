// Package testkit simulates monitoring cores: it answers Livestatus over real
// TCP and unix sockets the way Naemon, Nagios 4 with MK Livestatus, Icinga 2
// and Shinken do, including what each of them does differently.
//
// A [Core] is one simulated core. It holds a world of hosts, services, groups,
// people, comments, downtimes and history that is deterministic from a seed and
// a clock. [Core.Step] moves the world to an instant, [Core.Start] moves it in
// real time. [Core.SetFault] makes it misbehave on the wire, [Core.Rows] tells
// the truth about its tables in normal form, and [Evaluate] answers a
// Livestatus request over such rows in the most naive way, for comparison.
//
// The package shares no code with the client, server, store or engine it
// proves: it has its own request parser, filter evaluator and encoders, and of
// this module it imports package schema only.
package testkit
