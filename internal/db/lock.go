package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Two lock files, held by flock, so that a killed process leaves none behind.
// serverLock is held by the one server; storeLock is shared by everybody who
// has the database open, and taken whole by a restore.
const (
	serverLock = "belvedere.lock"
	storeLock  = "belvedere.store-lock"

	lockPatience = 5 * time.Second       // how long Open waits for another to let go
	lockPoll     = 50 * time.Millisecond // how often it looks
)

type locks struct{ server, store *os.File }

// release lets go of all locks. The files stay: removing a lock file lets two
// processes lock two files of the same name.
func (l locks) release() error {
	var errs []error
	for _, f := range []*os.File{l.store, l.server} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// lockFolder takes the locks of somebody who opens the database. server says
// whether the server's lock is among them; only beside may do without.
func lockFolder(ctx context.Context, dir string, beside bool) (l locks, server bool, err error) {
	patience := lockPatience
	if beside {
		patience = 0
	}
	l.server, err = lockFile(ctx, filepath.Join(dir, serverLock), unix.LOCK_EX, patience)
	if err != nil && !(beside && errors.Is(err, ErrLocked)) {
		return locks{}, false, err
	}
	if l.server != nil {
		note(l.server)
	}
	l.store, err = lockFile(ctx, filepath.Join(dir, storeLock), unix.LOCK_SH, lockPatience)
	if err != nil {
		return locks{}, false, errors.Join(err, l.release())
	}
	return l, l.server != nil, nil
}

// lockAlone takes both locks whole, for a restore.
func lockAlone(ctx context.Context, dir string) (l locks, err error) {
	l.server, err = lockFile(ctx, filepath.Join(dir, serverLock), unix.LOCK_EX, 0)
	if err != nil {
		return locks{}, err
	}
	note(l.server)
	l.store, err = lockFile(ctx, filepath.Join(dir, storeLock), unix.LOCK_EX, lockPatience)
	if err != nil {
		return locks{}, errors.Join(err, l.release())
	}
	return l, nil
}

// lockFile opens and locks a file, waiting up to patience.
func lockFile(ctx context.Context, name string, how int, patience time.Duration) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, explain("write in the data folder", filepath.Dir(name), err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for {
		err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if err != unix.EWOULDBLOCK && err != unix.EINTR {
			f.Close()
			return nil, explain("lock "+filepath.Base(name)+" in the data folder", filepath.Dir(name), err)
		}
		select {
		case <-ctx.Done():
			defer f.Close()
			return nil, inUse(f)
		case <-tick.C:
		}
	}
}

// note writes our process number into the lock file, for the message of
// whoever comes second. Failing at it does no harm.
func note(f *os.File) {
	if f.Truncate(0) == nil {
		f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0) //nolint:errcheck // only for a message
	}
}

func inUse(f *os.File) error {
	by := "another process"
	b := make([]byte, 20)
	n, _ := f.ReadAt(b, 0)
	if pid, err := strconv.Atoi(strings.TrimSpace(string(b[:n]))); err == nil && pid > 0 {
		by = fmt.Sprintf("another process (number %d)", pid)
	}
	return &Error{
		Msg:  fmt.Sprintf("the data folder %s is in use by %s", filepath.Dir(f.Name()), by),
		Hint: "stop the other belvedere first, or give this one a folder of its own with --data",
		Err:  ErrLocked,
	}
}
