package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// fileName is the database in the data folder.
const fileName = "belvedere.db"

// writeTimeout bounds a write whose caller gave no deadline.
const writeTimeout = 15 * time.Second

// maxReaders bounds the connections that only read.
const maxReaders = 4

// A DB is an open store. It is safe for concurrent use. The zero DB is not
// usable; [Open] makes one.
type DB struct {
	reads
	dir    string
	writer *sql.DB // one connection
	reader *sql.DB // read only, up to maxReaders connections
	recent *recent
	locks  locks
	log    *slog.Logger
}

// A Tx is one transaction of writes; see [DB.Write]. Its reads see its own
// writes. It is not safe for concurrent use.
type Tx struct {
	reads
	tx   *sql.Tx
	file string // for messages
}

// reads are the queries that a DB and a Tx have in common.
type reads struct{ q querier }

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Open opens the store in dir for a server and creates both if they are not
// there. Until Close no second server can open it; Open waits a few seconds
// for another process to let go. The error is an [*Error] with a hint; its
// kind is [ErrLocked], [ErrNewer], [ErrCorrupt] or that of the file system. A
// damaged database is never replaced.
func Open(ctx context.Context, dir string, log *slog.Logger) (*DB, error) {
	return open(ctx, dir, log, false)
}

// OpenBeside opens the store in dir for one short command, also while a server
// uses it. It does not migrate the store under a running server: a difference
// in versions is then an error.
func OpenBeside(ctx context.Context, dir string, log *slog.Logger) (*DB, error) {
	return open(ctx, dir, log, true)
}

func open(ctx context.Context, dir string, log *slog.Logger, beside bool) (*DB, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("db: data folder: %w", err)
	}
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	l, server, err := lockFolder(ctx, dir, beside)
	if err != nil {
		return nil, err
	}
	d, err := openLocked(ctx, dir, log, server)
	if err != nil {
		return nil, errors.Join(err, l.release())
	}
	d.locks = l
	return d, nil
}

// openLocked opens the database file once dir is ours. alone is false when a
// server uses it too.
func openLocked(ctx context.Context, dir string, log *slog.Logger, alone bool) (*DB, error) {
	file := filepath.Join(dir, fileName)
	fresh, err := isFresh(file)
	if err != nil {
		return nil, err
	}
	if fresh {
		if err := create(ctx, file); err != nil {
			return nil, err
		}
		log.Info("created a new database", "file", file)
	}
	if err := checkFile(ctx, file, alone); err != nil {
		return nil, err
	}
	writer := openWriter(file)
	if alone {
		if err := migrate(ctx, writer); err != nil {
			return nil, errors.Join(explain("bring the database up to date", file, err), writer.Close())
		}
	}
	reader := openReader(file)
	d := &DB{reads: reads{reader}, dir: dir, writer: writer, reader: reader, recent: newRecent(file), log: log}
	if err := d.ready(ctx); err != nil {
		return nil, errors.Join(explain("open the database", file, err), d.recent.watch.Close(), reader.Close(), writer.Close())
	}
	return d, nil
}

// ready makes one connection of each kind, so that what is wrong is said now.
func (d *DB) ready(ctx context.Context) error {
	if err := d.writer.PingContext(ctx); err != nil {
		return err
	}
	return d.reader.PingContext(ctx)
}

// Close waits for what runs and closes the store. No method may be called
// after it.
func (d *DB) Close() error {
	return errors.Join(d.recent.watch.Close(), d.reader.Close(), d.writer.Close(), d.locks.release())
}

// Exists reports whether there is a store in dir.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, fileName))
	return err == nil
}

// PersonIn returns one person of the store in dir by user name, whatever its
// case, and changes nothing there, also while a server uses it; [ErrNotFound].
func PersonIn(ctx context.Context, dir, name string) (Person, error) {
	c := openPlain(filepath.Join(dir, fileName), "ro")
	p, err := reads{c}.PersonByName(ctx, name)
	return p, errors.Join(err, c.Close())
}

// Dir returns the data folder as an absolute path.
func (d *DB) Dir() string { return d.dir }

// Write runs f in one transaction: all of it is on disk when Write returns
// nil, nothing of it when it returns an error. Writes run one after the other.
// An error of f comes back as it is. Without a deadline in ctx it gives up
// after 15 s. f must not use the DB itself.
func (d *DB) Write(ctx context.Context, f func(*Tx) error) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, writeTimeout)
		defer cancel()
	}
	tx, err := d.writer.BeginTx(ctx, nil)
	if err != nil {
		return explain("write to the database", d.file(), err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	if err := f(&Tx{reads: reads{tx}, tx: tx, file: d.file()}); err != nil {
		return err
	}
	err = tx.Commit()
	d.recent.commits.Add(1) // also after an error: who knows
	if err != nil {
		return explain("write to the database", d.file(), err)
	}
	return nil
}

func (d *DB) file() string { return filepath.Join(d.dir, fileName) }

// exec runs one statement and returns how many rows it changed.
func (t *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := t.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, t.explain(err)
	}
	return res.RowsAffected()
}

// insert runs one INSERT and returns the new row's id.
func (t *Tx) insert(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := t.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, t.explain(err)
	}
	return res.LastInsertId()
}

// explain says what kept a statement from working.
func (t *Tx) explain(err error) error {
	if kind := constraint(err); kind != nil {
		return fmt.Errorf("db: %w", kind)
	}
	return explain("write to the database", t.file, err)
}

// makeFolder makes the data folder, for our user only.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		msg := fmt.Sprintf("cannot make the data folder %s: %v", dir, cause(err))
		return &Error{Msg: msg, Hint: "make it by hand and give it to the user that runs belvedere, or name another with --data", Err: err}
	}
	return nil
}

// isFresh reports whether there is no database yet. It is an error if the
// database is gone but its log is still there.
func isFresh(file string) (bool, error) {
	st, err := os.Stat(file)
	switch {
	case err == nil && st.IsDir():
		return false, &Error{Msg: file + " is a folder, not a database", Hint: "move it away", Err: ErrCorrupt}
	case err == nil:
		return false, nil
	case !errors.Is(err, fs.ErrNotExist):
		return false, explain("open the database", file, err)
	}
	if st, err := os.Stat(file + "-wal"); err == nil && st.Size() > 0 {
		return false, &Error{
			Msg:  file + " is missing, but its log " + filepath.Base(file) + "-wal is there",
			Hint: "put the database back, or take a backup in with: belvedere restore FILE",
			Err:  ErrCorrupt,
		}
	}
	return true, nil
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
