// Package recur knows rules for downtimes that come again: what they are for,
// when they begin and end, and how they get into the cores.
//
// A [Spec] says what a rule is; a [Plan] lists its [Occurrence]s, right across
// changes of the clocks. The [Service] keeps rules in the store and sets each
// occurrence ahead of its time, as orders of a [command.Desk] in the name of
// the rule's author. What is set carries the occurrence's mark in its comment:
// a core that has it is never given it again, neither after a restart nor by a
// second server.
//
// Times of day follow RFC 5545: one that does not exist because clocks are set
// forward is read with the offset before the change, one that exists twice is
// the first of the two. Lengths are elapsed time.
package recur
