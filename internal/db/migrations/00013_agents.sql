-- +goose Up
-- Times are milliseconds since 1970 UTC; 0 means never.

-- Agents that have joined. Who is not here any more is refused, whatever
-- certificate they show: removing a site revokes its agents.
CREATE TABLE agents (
	id      TEXT    PRIMARY KEY, -- in its certificate, never used again
	site    TEXT    NOT NULL REFERENCES sites (key) ON DELETE CASCADE,
	address TEXT    NOT NULL DEFAULT '', -- host:port where we reach it; empty: it comes to us
	joined  INTEGER NOT NULL
) STRICT;
CREATE INDEX agents_site ON agents (site);

-- Codes with which an agent may join, each once.
CREATE TABLE join_codes (
	id      TEXT    PRIMARY KEY,
	secret  BLOB    NOT NULL, -- SHA-256 of it
	name    TEXT    NOT NULL, -- of the site that comes to be
	section TEXT    NOT NULL DEFAULT '',
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	tries   INTEGER NOT NULL DEFAULT 0, -- with a wrong secret
	site    TEXT    NOT NULL DEFAULT '' -- key of the site once it was used
) STRICT;
