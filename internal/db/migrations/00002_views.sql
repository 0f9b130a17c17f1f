-- +goose Up

-- Saved views: a page with its whole query. shared is '' for the owner alone,
-- 'all', or the role that sees it.
CREATE TABLE views (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	owner    INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
	name     TEXT    NOT NULL,
	path     TEXT    NOT NULL,
	query    TEXT    NOT NULL DEFAULT '',
	shared   TEXT    NOT NULL DEFAULT '' CHECK (shared IN ('', 'all', 'viewer', 'operator', 'admin')),
	position INTEGER NOT NULL DEFAULT 0,
	created  INTEGER NOT NULL,
	changed  INTEGER NOT NULL
) STRICT;
CREATE INDEX views_owner ON views (owner, position);
CREATE INDEX views_shared ON views (shared) WHERE shared <> '';

-- Whose menu shows a view.
CREATE TABLE pins (
	person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
	view   INTEGER NOT NULL REFERENCES views (id) ON DELETE CASCADE,
	PRIMARY KEY (person, view)
) STRICT, WITHOUT ROWID;
