// Package contract holds every way to a core to one contract: what the store
// has of a site equals what the core says, column by column in normal form,
// after the first reading and after everything that happens at the core. It has
// tests only.
package contract
