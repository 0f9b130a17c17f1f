// Package agent is the program beside a core that makes it reachable, and the
// server's end of it.
//
// An [Agent] runs on the monitoring server. A [Hub] belongs to the server of
// Belvedere and implements [livestatus.Agents]. Between the two is one line:
// TLS 1.3 in which both show a certificate of the server's own small
// [Authority], compressed, shared by any number of conversations. Either side
// may have dialled. What is said on a line:
//
//   - "livestatus": a conversation in the Livestatus protocol, which the server
//     begins. The agent parses every request before its core sees it and takes
//     no command there.
//   - "order": one external command with an id. The agent checks it against its
//     own list, writes the id to disk, hands it to the core and answers how that
//     went; the same id is never executed twice.
//   - "renew": the agent asks for a new certificate before its own expires.
//
// Which site an agent speaks for is said by its certificate and the store, by
// nothing that is sent. A certificate alone opens nothing: the agent must still
// be among those that joined, so removing a site revokes it at once.
//
// Pairing is by a [Code] which a person carries from one side to the other. It
// says where to connect, which certificate to expect there, and a secret of 128
// random bits that is taken once.
package agent
