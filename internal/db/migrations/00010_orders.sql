-- +goose Up
-- Times are milliseconds since 1970 UTC; 0 means never.
CREATE TABLE orders (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	at      INTEGER NOT NULL,
	person  INTEGER NOT NULL DEFAULT 0,
	who     TEXT    NOT NULL,
	via     TEXT    NOT NULL DEFAULT '',
	ip      TEXT    NOT NULL DEFAULT '',
	command TEXT    NOT NULL,
	args    TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(args)),
	note    TEXT    NOT NULL DEFAULT '',
	until   INTEGER NOT NULL
) STRICT;
CREATE INDEX orders_at ON orders (at);
CREATE INDEX orders_who ON orders (who, id);

CREATE TABLE order_items (
	order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
	n        INTEGER NOT NULL,
	site     TEXT    NOT NULL,
	host     TEXT    NOT NULL DEFAULT '',
	service  TEXT    NOT NULL DEFAULT '',
	target   TEXT    NOT NULL CHECK (json_valid(target)),
	state    TEXT    NOT NULL,
	reason   TEXT    NOT NULL DEFAULT '',
	sent     INTEGER NOT NULL DEFAULT 0,
	ended    INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (order_id, n)
) STRICT, WITHOUT ROWID;
-- What a restart has to look at.
CREATE INDEX order_items_open ON order_items (state) WHERE state IN ('accepted', 'sending', 'sent');
CREATE INDEX order_items_object ON order_items (host, service, site, order_id);

-- Acknowledgements that we end ourselves, where the core cannot.
CREATE TABLE promises (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	due     INTEGER NOT NULL,
	site    TEXT    NOT NULL,
	host    TEXT    NOT NULL,
	service TEXT    NOT NULL DEFAULT '',
	who     TEXT    NOT NULL,
	entry   TEXT    NOT NULL CHECK (json_valid(entry))
) STRICT;
CREATE INDEX promises_due ON promises (due);
