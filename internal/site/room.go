package site

import (
	"fmt"

	"belvedere/internal/memory"
)

// What a host or a service takes while it is read for the first time: its
// columns as they come in, and as they are kept. And what one more copy of
// what is there takes, in percent.
const (
	bytesPerObject = 1500
	percentAnew    = 150
)

// room reports whether there is memory for reading the core whole, besides
// what is there of it already. The error is a [*memory.FullError].
func (s *session) room() error {
	if s.m.o.Memory.Limit() <= 0 {
		return nil
	}
	need := bytesFor(s.told["hosts"] + s.told["services"])
	if held := int64(s.st.Snapshot().Size()); held > 0 {
		need = max(need, held*percentAnew/100)
	}
	return s.m.o.Memory.Room(need)
}

// bytesFor estimates what reading so many hosts and services takes.
func bytesFor(objects int64) int64 { return objects * bytesPerObject }

// noRoom is what people read about a site that does not fit.
func noRoom(e *memory.FullError) string {
	need := "There is no memory left to go on reading this core"
	if e.Need > 0 {
		need = fmt.Sprintf("Reading this core takes about %s of memory", memory.Size(e.Need))
	}
	return fmt.Sprintf("%s, and of %s (memory_limit) %s are in use. Raise memory_limit in the configuration, or pause or remove other sites.",
		need, memory.Size(e.Limit), memory.Size(e.Used))
}
