-- +goose Up
-- Times are milliseconds since 1970 UTC; 0 means never.

-- Rules for downtimes that come again. The author has no reference: a rule
-- outlives the account of who made it, and says so.
CREATE TABLE rules (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	mark        TEXT    NOT NULL UNIQUE, -- what its downtimes carry in their comments
	name        TEXT    NOT NULL,
	spec        TEXT    NOT NULL CHECK (json_valid(spec)),
	rev         INTEGER NOT NULL DEFAULT 1, -- counts changes of what is set
	author      INTEGER NOT NULL, -- in whose name orders are given
	author_name TEXT    NOT NULL,
	created     INTEGER NOT NULL,
	changed     INTEGER NOT NULL,
	since       INTEGER NOT NULL, -- what begins earlier is not set
	paused      INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
	deleted     INTEGER NOT NULL DEFAULT 0 -- kept until what it has set is cancelled
) STRICT;

-- What a rule has set in the cores, or is about to cancel there.
CREATE TABLE rule_downtimes (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	rule     INTEGER NOT NULL REFERENCES rules (id) ON DELETE CASCADE,
	name     TEXT    NOT NULL, -- of the occurrence: 20261127T2200
	site     TEXT    NOT NULL,
	host     TEXT    NOT NULL,
	service  TEXT    NOT NULL DEFAULT '',
	starts   INTEGER NOT NULL,
	ends     INTEGER NOT NULL,
	flex     INTEGER NOT NULL DEFAULT 0, -- seconds
	text     TEXT    NOT NULL,
	rev      INTEGER NOT NULL,
	state    TEXT    NOT NULL,
	reason   TEXT    NOT NULL DEFAULT '',
	order_id INTEGER NOT NULL DEFAULT 0,
	given    INTEGER NOT NULL DEFAULT 0,
	tries    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX rule_downtimes_rule ON rule_downtimes (rule, ends);

-- Downtimes as they were seen in the cores, for the calendar of what is past.
CREATE TABLE downtimes_seen (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	site    TEXT    NOT NULL,
	host    TEXT    NOT NULL,
	service TEXT    NOT NULL DEFAULT '',
	author  TEXT    NOT NULL,
	text    TEXT    NOT NULL,
	entered INTEGER NOT NULL,
	starts  INTEGER NOT NULL,
	ends    INTEGER NOT NULL,
	fixed   INTEGER NOT NULL,
	gone    INTEGER NOT NULL DEFAULT 0 -- when the core had it no more
) STRICT;
CREATE INDEX downtimes_seen_open ON downtimes_seen (site) WHERE gone = 0;
CREATE INDEX downtimes_seen_starts ON downtimes_seen (starts);
