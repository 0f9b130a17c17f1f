// Package store keeps what every site looks like in memory: typed column
// vectors per table, snapshots for readers, one writer per site.
package store
