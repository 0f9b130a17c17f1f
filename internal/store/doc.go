// Package store keeps what every site looks like in memory: typed columns, one
// immutable snapshot per site for readers, one writer per site.
//
// # Writing
//
// A site's writer opens a [Batch], fills [Rows] column by column, and commits.
// All tables of a batch become visible together with one atomic store, and a
// service whose host does not exist never does. Values are compared on the
// way: a row written with the values it already has is no change, and a table
// fed anew with the same content stays the same table.
//
// # Layout
//
// A table's rows lie in the order of their keys, so a key is found by binary
// search, the services of a host are one span of rows, and natural order costs
// nothing. A column is a list of chunks of [ChunkRows] values, each packed as
// distances from its smallest value in 0, 1, 8, 16, 32 or 64 bits. Floats are
// packed as decimal integers where that is exact. Texts and lists that repeat
// are numbers of values in a [Dict]; others lie in a byte arena of their chunk,
// and the column holds their places. What names a row of another table (the
// host of a service) is kept as that row's number. Columns that a core does
// not have take no memory.
//
// # Changing
//
// Changes come scattered: one row in a hundred touches every chunk. So a chunk
// is not copied for a changed value. It carries a short sorted list of patches
// (row, value) beside the packed values, shared with its predecessor, and only
// when that list is full the chunk is packed anew. A commit thus copies, for
// each changed column, the list of chunks (8 bytes per 1,024 rows), the patch
// lists of the chunks it touches, and 1/128 of a chunk per changed value. New
// texts are appended to their chunk's arena behind what readers can see; when
// more than a third of an arena is dead, that arena is written anew, 1,024
// texts at a time. Nobody ever waits: older snapshots keep the older chunks.
//
// Rows that come or go make their table be written anew: that is a matter of
// configuration, or of the small tables of comments and downtimes.
package store
