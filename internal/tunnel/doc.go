// Package tunnel reaches a Unix socket on another machine over SSH.
//
// A [Pool] keeps one SSH connection for each [Way] and opens any number of
// channels on it, each a [net.Conn] with deadlines. The socket is opened by the
// SSH server itself (direct-streamlocal forwarding, OpenSSH 6.7 and later).
// Where that is switched off, a command there does it: the first of unixcat,
// socat, ncat and nc that exists, or whatever the server forces for our key.
//
// The server must show a host key that a known_hosts file has. A key that is
// not known yet is taken only if whoever asks names its fingerprint, see
// [Way.Accept]; one that differs from the known one never is.
//
// The package knows nothing of Livestatus.
package tunnel
