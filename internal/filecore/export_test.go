package filecore

// Step is one look at the files, as Run takes them.
func (c *Core) Step() { c.step() }

// Failing is what is wrong, "" if nothing is.
func (c *Core) Failing() string { return c.failing }

// Tell is what the query handler says of a check.
func (c *Core) Tell(at int64, line string) { c.results <- result{at, line} }

// HistoryBytes bounds what is read of the logs for an answer.
func (c *Core) HistoryBytes(n int64) { c.historyBytes = n }

// Release closes the log, as the end of Run does.
func (c *Core) Release() { c.release() }
