// Package compat holds requests that Livestatus clients send and, byte for
// byte, the answers this program gives: over a socket, from a little fleet of
// three sites that never changes.
//
// The files in testdata are written by hand, answers too; nothing makes them
// anew. Each case says where its answer comes from: a section of the protocol
// notes, which say what MK Livestatus, Naemon, Icinga 2, Shinken and LMD do, or
// a request of the dialogues recorded from real cores. Where these differ, what
// was chosen and why is in docs/livestatus.md.
package compat
