-- +goose Up
-- Times are milliseconds since 1970 UTC; 0 means never.
CREATE TABLE meta (
	key   TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE people (
	id               INTEGER PRIMARY KEY AUTOINCREMENT,
	username         TEXT    NOT NULL,
	name_key         TEXT    NOT NULL UNIQUE,
	display_name     TEXT    NOT NULL DEFAULT '',
	password_hash    TEXT    NOT NULL DEFAULT '',
	role             TEXT    NOT NULL CHECK (role IN ('admin', 'operator', 'viewer')),
	see_all          INTEGER NOT NULL DEFAULT 0 CHECK (see_all IN (0, 1)),
	contact          TEXT    NOT NULL DEFAULT '',
	site_contacts    TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(site_contacts)),
	command_lines    INTEGER NOT NULL DEFAULT 0 CHECK (command_lines IN (0, 1)),
	provisioned      INTEGER NOT NULL DEFAULT 0 CHECK (provisioned IN (0, 1)),
	disabled         INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
	created          INTEGER NOT NULL,
	changed          INTEGER NOT NULL,
	password_changed INTEGER NOT NULL DEFAULT 0,
	last_sign_in     INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE sessions (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	person    INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
	hash      BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
	kind      TEXT    NOT NULL,
	created   INTEGER NOT NULL,
	last_seen INTEGER NOT NULL,
	ip        TEXT    NOT NULL DEFAULT '',
	ua        TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX sessions_person ON sessions (person, created);
CREATE INDEX sessions_created ON sessions (created);
CREATE INDEX sessions_last_seen ON sessions (last_seen);

CREATE TABLE sign_ins (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	at       INTEGER NOT NULL,
	person   INTEGER REFERENCES people (id) ON DELETE SET NULL,
	username TEXT    NOT NULL,
	ok       INTEGER NOT NULL CHECK (ok IN (0, 1)),
	reason   TEXT    NOT NULL DEFAULT '',
	ip       TEXT    NOT NULL DEFAULT '',
	ua       TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX sign_ins_person ON sign_ins (person, id);
CREATE INDEX sign_ins_at ON sign_ins (at);

CREATE TABLE sites (
	key         TEXT    NOT NULL PRIMARY KEY,
	name        TEXT    NOT NULL,
	name_key    TEXT    NOT NULL UNIQUE,
	section     TEXT    NOT NULL DEFAULT '',
	addresses   TEXT    NOT NULL CHECK (json_valid(addresses)),
	tls         TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(tls)),
	interval_ms INTEGER NOT NULL DEFAULT 0 CHECK (interval_ms >= 0),
	paused      INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
	position    INTEGER NOT NULL DEFAULT 0,
	created     INTEGER NOT NULL,
	changed     INTEGER NOT NULL
) STRICT;

CREATE TABLE preferences (
	person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
	key    TEXT    NOT NULL,
	value  TEXT    NOT NULL CHECK (json_valid(value)),
	PRIMARY KEY (person, key)
) STRICT, WITHOUT ROWID;

-- person is no reference: entries outlive the people they name.
CREATE TABLE audit (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	at     INTEGER NOT NULL,
	person INTEGER NOT NULL DEFAULT 0,
	who    TEXT    NOT NULL,
	action TEXT    NOT NULL,
	object TEXT    NOT NULL DEFAULT '',
	result TEXT    NOT NULL,
	detail TEXT    NOT NULL DEFAULT '',
	ip     TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX audit_who ON audit (who, id);
CREATE INDEX audit_action ON audit (action, id);
