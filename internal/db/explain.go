package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const restoreHint = "keep the file for a look, and take the newest backup in with: belvedere restore FILE"

// explain turns an error of SQLite or the file system into a sentence. what is
// the thing that did not work, as in "cannot ... ".
func explain(what, file string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	msg := fmt.Sprintf("cannot %s %s", what, file)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &Error{Msg: msg + ": " + err.Error(), Err: err}
	}
	e := &Error{Msg: fmt.Sprintf("%s: %v", msg, cause(err)), Err: err}
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		e.Hint = "give the folder to the user that runs belvedere, or name another with --data"
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		e.Hint = "check that the folder is there"
	case errors.Is(err, syscall.ENOSPC):
		e.Hint = "free some space on that disk"
	}
	if se, ok := errors.AsType[*sqlite.Error](err); ok {
		explainCode(e, msg, se)
	}
	return e
}

func explainCode(e *Error, msg string, se *sqlite.Error) {
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT:
		e.Msg, e.Hint, e.Err = msg+": the database is damaged", restoreHint, errors.Join(ErrCorrupt, se)
	case sqlite3.SQLITE_NOTADB:
		e.Msg, e.Hint, e.Err = msg+": this is not a database", restoreHint, errors.Join(ErrCorrupt, se)
	case sqlite3.SQLITE_FULL:
		e.Msg, e.Hint = msg+": the disk is full", "free some space on that disk"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		e.Msg, e.Hint = msg+": it is not writable", "give the folder and its files to the user that runs belvedere, or name another with --data"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		e.Msg, e.Hint, e.Err = msg+": another process holds it", "end what else has the file open", errors.Join(ErrLocked, se)
	case sqlite3.SQLITE_IOERR:
		e.Msg, e.Hint = msg+": reading or writing the disk failed", "look at the system log for errors of that disk"
	}
}

// constraint is ErrExists for the violation of a unique column, ErrNotFound for
// a reference to somebody who is gone, nil for anything else.
func constraint(err error) error {
	se, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return nil
	}
	switch se.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return ErrExists
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return ErrNotFound
	}
	return nil
}

// cause returns the innermost plain reason of a file system error.
func cause(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}
