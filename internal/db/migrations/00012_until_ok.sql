-- +goose Up
-- Downtimes that we end ourselves once their object is well again.
ALTER TABLE promises ADD COLUMN until_ok INTEGER NOT NULL DEFAULT 0 CHECK (until_ok IN (0, 1));
