package agent

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	ordersFile = "orders"
	// orderAge is how old an order may be; what is older is refused, so that
	// orders need to be remembered only for so long.
	orderAge   = 24 * time.Hour
	ordersKept = orderAge + 2*time.Hour // clocks may differ
	ordersMost = 100_000                // remembered at once
	idMost     = 200                    // bytes
)

// The states of an order in the journal.
const (
	orderBegun   = "begun"   // it may have reached the core
	orderDone    = "done"    // the core has it
	orderFailed  = "failed"  // the core does not have it
	orderUnknown = "unknown" // nobody knows
)

// An entry is a line of the journal.
type entry struct {
	ID    string `json:"id"`
	At    int64  `json:"at"` // unix seconds
	State string `json:"state"`
	What  string `json:"what,omitempty"` // name of the command
}

// A journal remembers on disk which orders were begun, so that none is executed
// twice, whatever happens in between. Safe for concurrent use.
type journal struct {
	mu    sync.Mutex
	file  *os.File
	known map[string]entry
	lines int // in the file
	swept time.Time
	now   func() time.Time
}

// openJournal reads the journal in dir. What had begun when the agent ended
// stays unknown for ever.
func openJournal(file string, now func() time.Time) (*journal, error) {
	j := &journal{known: map[string]entry{}, now: now}
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Msg: fmt.Sprintf("the journal of orders %s cannot be read: %v", file, cause(err)), Hint: "it belongs to the user that runs the agent", Err: err}
	}
	for line := range bytes.Lines(text) {
		var e entry
		if json.Unmarshal(line, &e) == nil && e.ID != "" { // the last line may be half
			j.known[e.ID] = e
		}
	}
	for id, e := range j.known {
		if e.State == orderBegun {
			e.State = orderUnknown
			j.known[id] = e
		}
	}
	if err := j.rewrite(file); err != nil {
		return nil, &Error{Msg: fmt.Sprintf("the journal of orders %s cannot be written: %v", file, cause(err)), Hint: "its folder must be writable for the user that runs the agent", Err: err}
	}
	return j, nil
}

// rewrite writes the file anew with what is still of use, and keeps it open. mu
// is held, or nobody else has the journal yet.
func (j *journal) rewrite(file string) error {
	oldest := j.now().Add(-ordersKept).Unix()
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	for id, e := range j.known {
		if e.At < oldest {
			delete(j.known, id)
			continue
		}
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		_, _ = w.Write(append(line, '\n')) // into memory
	}
	_ = w.Flush() // into memory
	if err := writeFile(file, b.Bytes(), 0o600); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	if j.file != nil {
		_ = j.file.Close() // nothing is unwritten
	}
	j.file, j.lines, j.swept = f, len(j.known), j.now()
	return nil
}

// begin notes that an order is about to be executed, on disk. known is what is
// remembered of it already; then nothing is noted, and it must not be executed.
func (j *journal) begin(id, what string) (known string, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e, ok := j.known[id]; ok && e.State != orderFailed {
		return e.State, nil
	}
	if full := len(j.known) >= ordersMost && j.now().Sub(j.swept) >= time.Minute; full || j.lines > 2*ordersMost {
		if err := j.rewrite(j.file.Name()); err != nil {
			return "", err
		}
	}
	if len(j.known) >= ordersMost {
		return "", errors.New("too many orders within a day")
	}
	e := entry{ID: id, At: j.now().Unix(), State: orderBegun, What: what}
	if err := j.write(e); err != nil {
		return "", err
	}
	j.known[id] = e
	return "", nil
}

// end notes how an order ended. What cannot be noted is unknown after the next
// start.
func (j *journal) end(id, state string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := j.known[id]
	e.State = state
	j.known[id] = e
	return j.write(e)
}

// write appends a line and waits for the disk. mu is held.
func (j *journal) write(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		j.lines = 3 * ordersMost // perhaps half a line: the file is written anew first
		return err
	}
	j.lines++
	return j.file.Sync()
}

// Close ends the journal.
func (j *journal) Close() error { return j.file.Close() }

// Allowed says which commands an agent takes, by name. The zero
// value takes none.
type Allowed []string

func (a Allowed) takes(name string) bool { return slices.Contains(a, name) }
