// Package icinga2 reads and commands an Icinga 2 through its REST API.
//
// [Source] keeps a [replica.Replica] in step with a core: it reads the objects,
// then listens to the event stream and reads anew what an event names, and looks
// through all names once a minute for what has no events. Every row is in the
// normal form of package schema and says what the core's own Livestatus would
// say, or more where the API knows more; see docs/cores/icinga2.md.
//
// [Source.Send] turns external commands into actions and changes of objects
// and returns what the API answers, so that an order is known to have been
// carried out or refused.
//
// [Diagnose] goes through the way to an API step by step.
package icinga2
