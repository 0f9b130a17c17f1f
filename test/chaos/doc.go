// Package chaos kills the server, the agent, the core and the line between them
// again and again, while orders are given, and looks afterwards whether anything
// was lost, done twice or shown as it is not. It has tests only.
package chaos
