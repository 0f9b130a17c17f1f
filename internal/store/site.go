package store

import (
	"strings"
	"time"
)

// A Fleet holds the present snapshot and health of every site.
type Fleet struct{}

// NewFleet returns an empty fleet.
func NewFleet(o Options) *Fleet { return &Fleet{} }

// Add takes a site in, or replaces the info of the one with that key.
func (f *Fleet) Add(info SiteInfo) *Site { return &Site{info: info} }

// Remove forgets a site and its data.
func (f *Fleet) Remove(key string) {}

// View returns the fleet as it is now.
func (f *Fleet) View() *View { return &View{} }

// OnChange sets the function told of every change. Set it before the first
// write; it must not block.
func (f *Fleet) OnChange(fn func(Change)) {}

// A View is the fleet at one instant.
type View struct{ Sites []SiteView }

// A SiteView is one site at one instant.
type SiteView struct {
	Info     SiteInfo
	Health   Health
	Snapshot *Snapshot // never nil
}

// A Site is the writer's handle of one site.
type Site struct{ info SiteInfo }

// Info returns the site's names.
func (s *Site) Info() SiteInfo { return s.info }

// Snapshot returns the present snapshot, never nil.
func (s *Site) Snapshot() *Snapshot { return &Snapshot{} }

// Health returns the site's health.
func (s *Site) Health() Health { return Health{} }

// SetHealth publishes the site's health.
func (s *Site) SetHealth(h Health) {}

// Confirm notes that the core confirmed the data at that time.
func (s *Site) Confirm(at time.Time) {}

// Begin starts a batch.
func (s *Site) Begin() *Batch { return &Batch{} }

// A Batch collects changes that become visible together.
type Batch struct{}

// Replace starts the new content of a whole table.
func (b *Batch) Replace(table string) *Rows { return &Rows{} }

// Update starts rows that change or are added, by key.
func (b *Batch) Update(table string) *Rows { return &Rows{} }

// Delete removes rows by key.
func (b *Batch) Delete(table string, keys ...string) {}

// Commit publishes the batch.
func (b *Batch) Commit(at time.Time) (Change, error) { return Change{}, nil }

// Abort drops the batch.
func (b *Batch) Abort() {}

// Rows takes rows of one table.
type Rows struct{}

// Columns names the stored columns that will be set, by position.
func (r *Rows) Columns(names ...string) error { return nil }

// Int sets a Bool, Int or Time column of the present row.
func (r *Rows) Int(col int, v int64) {}

// Float sets a Float column.
func (r *Rows) Float(col int, v float64) {}

// Text sets a Text column; v is copied.
func (r *Rows) Text(col int, v []byte) {}

// TextList sets a TextList column; v is copied.
func (r *Rows) TextList(col int, v [][]byte) {}

// IntList sets an IntList column.
func (r *Rows) IntList(col int, v []int64) {}

// Members sets a Members column; pairs of host and service.
func (r *Rows) Members(col int, v [][2][]byte) {}

// Dict sets a Dict column; pairs of name and value.
func (r *Rows) Dict(col int, v [][2][]byte) {}

// Tuples sets a Tuples column; cells are int64, float64 or string.
func (r *Rows) Tuples(col int, v [][]any) {}

// EndRow ends the row.
func (r *Rows) EndRow() error { return nil }

// Key joins the parts of a composite key.
func Key(parts ...string) string { return strings.Join(parts, "\x00") }

// A Snapshot is what one site looked like at one instant.
type Snapshot struct{}

// Version grows with every commit of the site.
func (s *Snapshot) Version() uint64 { return 0 }

// Taken is when the site last confirmed this data.
func (s *Snapshot) Taken() time.Time { return time.Time{} }

// Rows returns the number of rows of a table.
func (s *Snapshot) Rows(table string) int { return 0 }

// Find returns the row with that key.
func (s *Snapshot) Find(table, key string) (row int, ok bool) { return 0, false }

// Int returns a Bool, Int or Time value.
func (s *Snapshot) Int(table, column string, row int) int64 { return 0 }

// Text returns a Text value.
func (s *Snapshot) Text(table, column string, row int) string { return "" }

// AllKeys returns the keys of a table in row order.
func (s *Snapshot) AllKeys(table string) []string { return nil }
