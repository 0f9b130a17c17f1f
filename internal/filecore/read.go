package filecore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"belvedere/internal/corefiles"
	"belvedere/internal/replica"
)

// What files may hold. The largest cores that are known have a tenth of it.
const (
	objectsMost = 2_000_000 // hosts and services
	othersMost  = 200_000   // rows of each other table
	bytesMost   = 8 << 30   // of each file
)

const (
	// lateAfter is how many status intervals a core may leave out, lateLeast how
	// long it may be late in any case.
	lateAfter = 3
	lateLeast = 30 * time.Second
	// fitMost is how long the object cache and the status file may belong to
	// different starts of the core, or be half written.
	fitMost = 30 * time.Second
)

// errLater says that nothing can be read just now, which is no fault yet.
var errLater = errors.New("filecore: later")

// readFiles reads the object cache and the status file if they have changed.
// Errors are [*Error].
func (c *Core) readFiles() error {
	status, err := os.Stat(c.config.Status)
	if err != nil {
		c.status = stamp{}
		return notThere(c.config.Status, err)
	}
	objects, err := os.Stat(c.config.Objects)
	if err != nil {
		return cannot(c.config.Objects, err)
	}
	now, objectsNow := stampOf(status), stampOf(objects)
	if objectsNow == c.objects && now == c.status {
		return c.age()
	}
	if c.tried.objects == objectsNow && c.tried.status == now && c.o.Now().Before(c.tried.again) {
		return c.tried.err // the same files say the same
	}
	if status.Size() > bytesMost || objects.Size() > bytesMost {
		return &Error{Cause: fmt.Sprintf("The status file or the object cache is larger than %d GB.", bytesMost>>30), Fix: fmt.Sprintf("Look what is in %s and %s.", c.config.Status, c.config.Objects)}
	}
	if objectsNow != c.objects {
		err = c.readAll(objectsNow, now)
	} else {
		err = c.readStatus(now)
	}
	c.tried = attempt{objectsNow, now, err, c.o.Now().Add(tryEvery)}
	if errors.Is(err, errLater) {
		c.tried.again, c.tried.err = c.o.Now().Add(laterEvery), c.wait()
		return c.tried.err
	}
	c.half = time.Time{}
	if err == nil {
		return c.age()
	}
	return err
}

// An attempt to read files, and when the same ones are read again.
type attempt struct {
	objects, status stamp
	err             error
	again           time.Time
}

const (
	laterEvery = time.Second
	tryEvery   = time.Minute
)

// wait reports how long it was later already.
func (c *Core) wait() error {
	now := c.o.Now()
	if c.half.IsZero() {
		c.half = now
	}
	if now.Sub(c.half) < fitMost {
		if c.failing != "" {
			return &Error{Cause: c.failing} // as before
		}
		return nil
	}
	return &Error{Cause: fmt.Sprintf("%s or %s is cut off in the middle, or they are of different starts of the core.", c.config.Status, c.config.Objects),
		Fix: "See whether the disk is full, and restart the core."}
}

// notThere explains why there is no status file.
func notThere(path string, err error) *Error {
	if errors.Is(err, fs.ErrNotExist) {
		return &Error{Cause: fmt.Sprintf("The core does not run: its status file %s is not there.", path), Fix: "Start it; when it ends it removes the file.", Err: err}
	}
	return cannot(path, err)
}

// age reports a status file that is not written any more.
func (c *Core) age() error {
	if c.status == (stamp{}) {
		return nil
	}
	old := c.o.Now().Sub(c.status.mtime)
	if old > max(lateAfter*c.config.Every, lateLeast) {
		return &Error{Cause: fmt.Sprintf("The core has not written its status file since %s: it has stopped, or it hangs.", c.status.mtime.Format("2006-01-02 15:04:05")),
			Fix: fmt.Sprintf("See whether it runs, and its log %s.", c.config.Log)}
	}
	return nil
}

// readAll reads what is configured, and then how it is, into one batch.
func (c *Core) readAll(objects, status stamp) error {
	if status.mtime.Before(objects.mtime.Add(-time.Second)) {
		return errLater // of the run before
	}
	config, err := readConfig(c.main)
	if err != nil {
		return err
	}
	if config.Status != c.config.Status || config.Objects != c.config.Objects {
		c.setConfig(config)
		return errLater
	}
	c.setConfig(config)
	b := c.replica.Begin()
	periods, there, err := c.readObjects(b)
	if err != nil {
		return err
	}
	c.changes.Forget()
	if err := c.feedStatus(b, there); err != nil {
		return err
	}
	c.objects, c.status, c.periods = objects, status, periods
	c.well()
	c.o.Log.Info("read the configuration of the core", "objects", config.Objects, "hosts", c.replica.Snapshot().Rows("hosts"), "services", c.replica.Snapshot().Rows("services"))
	return nil
}

func (c *Core) setConfig(config corefiles.Config) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.config = config
}

// readStatus reads how it is now.
func (c *Core) readStatus(status stamp) error {
	snap := c.replica.Snapshot()
	if err := c.feedStatus(c.replica.Begin(), counter{"hosts": snap.Rows("hosts"), "services": snap.Rows("services")}); err != nil {
		return err
	}
	c.status = status
	c.well()
	return nil
}

// configured are the tables of an object cache.
var configured = []string{"timeperiods", "commands", "contactgroups", "hostgroups", "servicegroups", "contacts", "hosts", "services"}

// readObjects feeds the object cache, and returns the periods and how many rows
// there are.
func (c *Core) readObjects(b *replica.Batch) (map[string]*corefiles.Period, counter, error) {
	f, err := corefiles.Open(c.config.Objects)
	if err != nil {
		return nil, nil, cannot(c.config.Objects, err)
	}
	defer f.Close()
	for _, table := range configured {
		b.Replace(table)
	}
	p := &periodsAhead{c: c, b: b, all: map[string]*corefiles.Period{}}
	rows, hosts := counter{}, map[string]bool{}
	report, err := corefiles.ReadObjects(f, func(r *corefiles.Row) error {
		if !named(r) || r.Table == "services" && !hosts[r.Text("host_name")] {
			return nil
		}
		if r.Table == "hosts" {
			hosts[r.Text("name")] = true
		}
		if err := rows.add(r.Table); err != nil {
			return err
		}
		if r.Period != nil {
			p.add(r)
			return nil
		}
		p.flush()
		b.Put(rowOf(r))
		return nil
	})
	p.flush()
	switch {
	case err != nil:
		return nil, nil, unreadable(c.config.Objects, err)
	case report.Cut:
		return nil, nil, errLater // it is being written
	case rows["hosts"] == 0:
		return nil, nil, &Error{Cause: fmt.Sprintf("%s is not an object cache: there is no host in it.", c.config.Objects), Fix: fmt.Sprintf("See object_cache_file in %s, and restart the core.", c.main)}
	}
	return p.all, rows, nil
}

// periodsAhead holds time periods back until all are known, as they refer to
// each other and all else to them. Cores write them first.
type periodsAhead struct {
	c    *Core
	b    *replica.Batch
	all  map[string]*corefiles.Period
	rows []replica.Row
}

func (p *periodsAhead) add(r *corefiles.Row) {
	p.all[r.Text("name")] = r.Period
	row := rowOf(r)
	row.Columns, row.Values = slices.Clone(row.Columns), slices.Clone(row.Values)
	p.rows = append(p.rows, row)
}

func (p *periodsAhead) flush() {
	now := p.c.o.Now()
	for _, row := range p.rows {
		name, _ := row.Values[slices.Index(row.Columns, "name")].(string)
		row.Columns, row.Values = append(row.Columns, "in"), append(row.Values, isIn(p.all, name, now))
		p.b.Put(row)
	}
	p.rows = nil
}

// isIn says as a number whether it is within a period.
func isIn(all map[string]*corefiles.Period, name string, now time.Time) int64 {
	if all[name].In(now, func(name string) *corefiles.Period { return all[name] }) {
		return 1
	}
	return 0
}

// A counter counts rows by table.
type counter map[string]int

func (n counter) add(table string) error {
	n[table]++
	switch {
	case n["hosts"]+n["services"] > objectsMost:
		return &Error{Cause: fmt.Sprintf("The core's files hold more than %d hosts and services.", objectsMost), Fix: "Look what is in them."}
	case table != "hosts" && table != "services" && n[table] > othersMost:
		return &Error{Cause: fmt.Sprintf("The core's files hold more than %d %s.", othersMost, table), Fix: "Look what is in them."}
	}
	return nil
}

// keys are what rows must have to be of use.
var keys = map[string][]string{"services": {"host_name", "description"}, "comments": {"host_name"}, "downtimes": {"host_name"}, "status": nil}

// named reports whether a row says what it is about.
func named(r *corefiles.Row) bool {
	must, ok := keys[r.Table]
	if !ok {
		must = []string{"name"}
	}
	if len(must) == 1 && must[0] == "host_name" && r.Get("id") == nil {
		return false
	}
	return !slices.ContainsFunc(must, func(k string) bool { return r.Text(k) == "" })
}

func rowOf(r *corefiles.Row) replica.Row {
	return replica.Row{Table: r.Table, Columns: r.Columns, Values: r.Values}
}

// unreadable explains an error that came up while a file was read.
func unreadable(path string, err error) error {
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	return cannot(path, err)
}

// feedStatus feeds the status file, with what has happened since, and commits.
// there are the hosts and services that must be in it.
func (c *Core) feedStatus(b *replica.Batch, there counter) error {
	f, err := corefiles.Open(c.config.Status)
	if err != nil {
		return notThere(c.config.Status, err)
	}
	defer f.Close()
	b.Replace("comments")
	b.Replace("downtimes")
	rows := counter{}
	info, err := c.changes.Read(f, c.overlaid, func(r *corefiles.Row) error {
		if !named(r) {
			return nil
		}
		if err := rows.add(r.Table); err != nil {
			return err
		}
		switch r.Table {
		case "status":
			b.Put(c.program(r))
		case "comments", "downtimes":
			b.Put(rowOf(r))
		default:
			b.Update(rowOf(r))
		}
		return nil
	})
	switch {
	case err != nil:
		return unreadable(c.config.Status, err)
	case info.Cut:
		return errLater
	case rows["status"] == 0 || info.Created == 0:
		return &Error{Cause: fmt.Sprintf("%s is not a status file, or a part of it is missing.", c.config.Status), Fix: fmt.Sprintf("See status_file in %s, and restart the core.", c.main)}
	case info.Hosts < there["hosts"], info.Services < there["services"]:
		return errLater // a part of it is missing, or it is of another configuration
	}
	c.keepNewer(b, info.Created)
	if err := b.Commit(); err != nil {
		return &Error{Cause: fmt.Sprintf("The core's files cannot be taken over: %v.", err), Err: err}
	}
	c.changes.Keep()
	c.created = info.Created
	return nil
}

// program adds to what the core says of itself what its configuration says.
func (c *Core) program(r *corefiles.Row) replica.Row {
	row := rowOf(r)
	commands := int64(0)
	if c.config.Commands {
		commands = 1
	}
	row.Columns = append(row.Columns, "check_external_commands", "interval_length")
	row.Values = append(row.Values, commands, int64(c.config.Unit/time.Second))
	return row
}

// readMinute looks once a minute which periods it is within.
func (c *Core) readMinute() {
	now := c.o.Now()
	if now.Unix()/60 == c.minute {
		return
	}
	c.minute = now.Unix() / 60
	b := c.replica.Begin()
	for name := range c.periods {
		b.Update(replica.Row{Table: "timeperiods", Columns: []string{"name", "in"}, Values: []any{name, isIn(c.periods, name, now)}})
	}
	if err := b.Commit(); err != nil {
		c.o.Log.Error("what time it is cannot be taken over", "err", err)
	}
}
