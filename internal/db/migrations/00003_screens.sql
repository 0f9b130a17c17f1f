-- +goose Up

-- Links for screens: whoever has one sees the saved views it names, with the
-- rights of the person who made it, and nothing else. Only the SHA-256 of the
-- secret in the link is kept.
CREATE TABLE screens (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	owner   INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
	hash    BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
	name    TEXT    NOT NULL,
	form    TEXT    NOT NULL CHECK (form IN ('wall', 'embed')),
	every   INTEGER NOT NULL CHECK (every > 0), -- seconds each view is shown
	created INTEGER NOT NULL
) STRICT;
CREATE INDEX screens_owner ON screens (owner);

CREATE TABLE screen_views (
	screen   INTEGER NOT NULL REFERENCES screens (id) ON DELETE CASCADE,
	view     INTEGER NOT NULL REFERENCES views (id) ON DELETE CASCADE,
	position INTEGER NOT NULL,
	PRIMARY KEY (screen, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX screen_views_view ON screen_views (view);
