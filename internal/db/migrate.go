package db

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// applicationID marks our files, see PRAGMA application_id: "Belv".
const applicationID = 0x42656c76

//go:embed migrations/*.sql
var migrationFiles embed.FS

func newProvider(w *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, w, files, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
}

// newestVersion is the version of the tables that this program knows: the
// number of the last migration.
func newestVersion() (int64, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		return 0, errors.Join(errors.New("db: no migrations"), err)
	}
	number, _, _ := strings.Cut(filepath.Base(names[len(names)-1]), "_")
	return strconv.ParseInt(number, 10, 64)
}

// migrate brings an opened database up to date, each step in a transaction.
func migrate(ctx context.Context, w *sql.DB) error {
	p, err := newProvider(w)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// create makes a new database under another name and puts it in place when it
// is whole and on disk, so that a half-made one is never seen.
func create(ctx context.Context, file string) error {
	tmp := file + ".new"
	if err := removeAll(tmp); err != nil {
		return explain("create the database", file, err)
	}
	if err := fill(ctx, tmp); err != nil {
		return errors.Join(explain("create the database", file, err), removeAll(tmp))
	}
	if err := moveInPlace(tmp, file); err != nil {
		return errors.Join(explain("create the database", file, err), removeAll(tmp))
	}
	return nil
}

func fill(ctx context.Context, tmp string) error {
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	w := openWriter(tmp)
	err = func() error {
		if _, err := w.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID)); err != nil {
			return err
		}
		if err := migrate(ctx, w); err != nil {
			return err
		}
		_, err := w.ExecContext(ctx, "INSERT INTO meta (key, value) VALUES ('instance', ?)", rand.Text())
		return err
	}()
	return errors.Join(err, w.Close())
}

// moveInPlace flushes tmp, a closed database, and renames it to file.
func moveInPlace(tmp, file string) error {
	if st, err := os.Stat(tmp + "-wal"); err == nil && st.Size() > 0 {
		return fmt.Errorf("%s still has a log", tmp)
	}
	if err := flush(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, file); err != nil {
		return err
	}
	return flush(filepath.Dir(file))
}

// flush makes a file's content, or a folder's names, survive a power cut.
func flush(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// removeAll removes a database with its side files.
func removeAll(file string) error {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(file + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// checkFile refuses what is not a sound database of ours, or of a newer
// version. alone is false when a server uses it at the same time: then it must
// be of exactly our version, and is not read through.
func checkFile(ctx context.Context, file string, alone bool) error {
	if err := looksLikeDatabase(file); err != nil {
		return err
	}
	c := openPlain(file, "rw")
	err := func() error {
		if err := checkOurs(ctx, c, file); err != nil {
			return err
		}
		if !alone {
			return checkSame(ctx, c, file)
		}
		return checkSound(ctx, c, file, "quick_check")
	}()
	return errors.Join(err, c.Close())
}

// looksLikeDatabase reads the first bytes: SQLite takes an empty file for an
// empty database, but ours is never empty.
func looksLikeDatabase(file string) error {
	const magic = "SQLite format 3\x00"
	f, err := os.Open(file)
	if err != nil {
		return explain("open the database", file, err)
	}
	defer f.Close()
	head := make([]byte, len(magic))
	if n, _ := f.Read(head); n == 0 {
		return &Error{Msg: file + " is empty", Hint: restoreHint, Err: ErrCorrupt}
	}
	if string(head) != magic {
		return &Error{Msg: file + " is not a database, or a damaged one", Hint: restoreHint, Err: ErrCorrupt}
	}
	return nil
}

// checkOurs asks for our mark and a version we know.
func checkOurs(ctx context.Context, c *sql.DB, file string) error {
	var id int64
	if err := c.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return explain("open the database", file, err)
	}
	if id != applicationID {
		return &Error{Msg: file + " is a database of another program", Hint: "name another data folder with --data", Err: ErrCorrupt}
	}
	have, err := version(ctx, c)
	if err != nil {
		return explain("open the database", file, err)
	}
	newest, err := newestVersion()
	if err != nil {
		return err
	}
	if have > newest {
		return &Error{
			Msg:  fmt.Sprintf("%s was written by a newer belvedere (its tables have version %d, this program knows up to %d)", file, have, newest),
			Hint: "run the newer belvedere, or take in a backup made before the update with: belvedere restore FILE",
			Err:  ErrNewer,
		}
	}
	return nil
}

func checkSame(ctx context.Context, c *sql.DB, file string) error {
	have, err := version(ctx, c)
	if err != nil {
		return explain("open the database", file, err)
	}
	newest, err := newestVersion()
	if err != nil {
		return err
	}
	if have != newest {
		return &Error{
			Msg:  "the server that uses " + file + " is of another version than this program",
			Hint: "use the program that the server runs, or restart the server",
			Err:  ErrLocked,
		}
	}
	return nil
}

// checkSound lets SQLite read through the file; check is "quick_check" or
// "integrity_check".
func checkSound(ctx context.Context, c *sql.DB, file, check string) error {
	var answer string
	if err := c.QueryRowContext(ctx, "PRAGMA "+check+"(1)").Scan(&answer); err != nil {
		return explain("read the database", file, err)
	}
	if answer != "ok" {
		return &Error{Msg: file + " is damaged: " + answer, Hint: restoreHint, Err: ErrCorrupt}
	}
	return nil
}

// version returns the number of the last migration that a database had.
func version(ctx context.Context, c *sql.DB) (int64, error) {
	var v sql.NullInt64
	err := c.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version WHERE is_applied = 1").Scan(&v)
	return v.Int64, err
}
