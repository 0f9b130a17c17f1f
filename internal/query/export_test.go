package query

// Kept returns how many cells of answers and how many sites with contacts are
// kept.
func (e *Engine) Kept() (cells, sites int) {
	e.answers.mu.Lock()
	defer e.answers.mu.Unlock()
	e.people.mu.Lock()
	defer e.people.mu.Unlock()
	return e.answers.cells, len(e.people.sites)
}

// Renewed returns how many answers were brought up to date.
func (e *Engine) Renewed() int64 { return e.renewed.Load() }
