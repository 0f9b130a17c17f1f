package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Backup writes a copy of the store, as it is at one instant, to file. The
// store stays in use. The copy appears under its name only when it is whole,
// checked and on disk; an older backup of that name stays until then.
func (d *DB) Backup(ctx context.Context, file string) (err error) {
	file, err = filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("db: backup: %w", err)
	}
	if err := d.checkTarget(file); err != nil {
		return err
	}
	part := file + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return explain("write the backup", file, err)
	}
	defer f.Close()
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return &Error{Msg: "another backup to " + file + " is running", Hint: "wait for it to end", Err: ErrLocked}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreMissing(os.Remove(part)))
		}
	}()
	if err := f.Truncate(0); err != nil { // what a killed backup left
		return explain("write the backup", file, err)
	}
	if err := copyInto(ctx, d.file(), part); err != nil {
		return explain("write the backup", file, err)
	}
	if err := checkCopy(ctx, part, "quick_check"); err != nil {
		return err
	}
	return explain("write the backup", file, moveInPlace(part, file))
}

// checkTarget keeps a backup from overwriting what it saves.
func (d *DB) checkTarget(file string) error {
	st, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return explain("write the backup", file, err)
	}
	if st.IsDir() {
		return &Error{Msg: file + " is a folder", Hint: "name a file for the backup"}
	}
	if own, err := os.Stat(d.file()); err == nil && os.SameFile(st, own) {
		return &Error{Msg: file + " is the database itself", Hint: "name another file for the backup"}
	}
	return nil
}

// copyInto writes the database from into the empty file to, through a
// connection of its own that holds up nobody.
func copyInto(ctx context.Context, from, to string) error {
	c := openPlain(from, "rw")
	_, err := c.ExecContext(ctx, "VACUUM INTO ?", to)
	return errors.Join(err, c.Close())
}

// checkCopy says whether file is a whole database of ours.
func checkCopy(ctx context.Context, file, check string) error {
	if err := looksLikeDatabase(file); err != nil {
		return err
	}
	c := openPlain(file, "rw")
	err := checkOurs(ctx, c, file)
	if err == nil {
		err = checkSound(ctx, c, file, check)
	}
	return errors.Join(err, c.Close())
}

// Restore puts the backup file in place of the store in dir, which no server
// may use. The backup is checked whole first: a damaged one, a foreign one or
// one of a newer version changes nothing. The old store is kept beside as
// belvedere.db.before-restore-TIME, whose path is returned; "" if there was
// none. All sessions end, because a backup could bring back revoked ones. A
// crash at any instant leaves either the old store or the new one.
func Restore(ctx context.Context, file, dir string) (kept string, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return "", fmt.Errorf("db: restore: %w", err)
	}
	if st, err := os.Stat(file + "-wal"); err == nil && st.Size() > 0 {
		return "", &Error{Msg: file + " is a database in use, not a backup", Hint: "make a backup of it with: belvedere backup FILE"}
	}
	if err := looksLikeDatabase(file); err != nil {
		return "", err
	}
	if err := makeFolder(dir); err != nil {
		return "", err
	}
	l, err := lockAlone(ctx, dir)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, l.release()) }()
	db := filepath.Join(dir, fileName)
	tmp := db + ".restore"
	if err := prepare(ctx, file, tmp); err != nil {
		return "", errors.Join(err, removeAll(tmp))
	}
	kept, err = setAside(ctx, db, time.Now())
	if err != nil {
		return "", errors.Join(explain("keep the old database", db, err), removeAll(tmp))
	}
	if err := moveInPlace(tmp, db); err != nil {
		return kept, explain("put in place the database", db, err)
	}
	return kept, nil
}

// prepare copies a backup to tmp and makes it ready, all checks done.
func prepare(ctx context.Context, file, tmp string) error {
	if err := removeAll(tmp); err != nil {
		return explain("write", tmp, err)
	}
	if err := copyFile(file, tmp); err != nil {
		return explain("copy the backup", file, err)
	}
	if err := checkCopy(ctx, tmp, "integrity_check"); err != nil {
		if e, ok := errors.AsType[*Error](err); ok {
			return &Error{Msg: "the backup " + file + " cannot be taken: " + e.Msg, Hint: "take another backup; the store is unchanged", Err: err}
		}
		return err
	}
	w := openWriter(tmp)
	err := migrate(ctx, w)
	if err == nil {
		_, err = w.ExecContext(ctx, "DELETE FROM sessions")
	}
	return explain("prepare", tmp, errors.Join(err, w.Close()))
}

// setAside gives the old database a second name, with all that its log still
// holds, and leaves it in place without a log: a log must not be left for the
// new database. It returns "" if there is none.
func setAside(ctx context.Context, db string, now time.Time) (kept string, err error) {
	if _, err := os.Stat(db); errors.Is(err, fs.ErrNotExist) {
		return "", ignoreMissing(os.Remove(db + "-wal"))
	} else if err != nil {
		return "", err
	}
	if err := emptyLog(ctx, db); err != nil {
		return "", err
	}
	stamp := db + ".before-restore-" + now.UTC().Format("20060102T150405Z")
	kept = stamp
	for n := 2; ; n++ {
		err := linkOrCopy(db, kept)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrExist) || n > 100 {
			return "", err
		}
		kept = fmt.Sprintf("%s-%d", stamp, n)
	}
	if st, err := os.Stat(db + "-wal"); err == nil && st.Size() > 0 {
		if err := linkOrCopy(db+"-wal", kept+"-wal"); err != nil {
			return "", err
		}
	}
	if err := flush(filepath.Dir(db)); err != nil {
		return "", err
	}
	return kept, errors.Join(ignoreMissing(os.Remove(db+"-wal")), ignoreMissing(os.Remove(db+"-shm")))
}

// emptyLog moves what the log of a database holds into the database. A damaged
// one keeps its log, and that is no error.
func emptyLog(ctx context.Context, db string) error {
	if looksLikeDatabase(db) != nil {
		return nil // SQLite would throw the log of such a file away
	}
	c := openPlain(db, "rw")
	_, err := c.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	err = errors.Join(err, c.Close())
	if errors.Is(explain("read the database", db, err), ErrCorrupt) {
		return nil
	}
	return err
}

// linkOrCopy gives a file a second name, or copies it where there are no
// links.
func linkOrCopy(from, to string) error {
	if err := os.Link(from, to); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return copyFile(from, to)
}

// copyFile copies from to a new file, on disk when it returns.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
