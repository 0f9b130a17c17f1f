// Package db keeps what must not be lost: people, their sessions and
// preferences, the sites added in the web, and the audit of who changed what.
//
// The store is one SQLite file in the data folder. A method that changes
// something returns only when the change is on disk, so what was confirmed
// survives a crash of the process or of the machine at any instant.
//
// All writes go through one connection, one at a time, in transactions
// ([DB.Write]); reads use a small pool of their own and never wait for a
// write. A [DB] is safe for concurrent use.
//
// The package knows nothing about passwords, rights or protocols: it stores
// the hashes and names that package auth and the wiring hand to it.
package db
