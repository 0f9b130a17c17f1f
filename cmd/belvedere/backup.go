package main

import (
	"fmt"

	"belvedere/internal/db"
)

type backupCmd struct {
	storeFlags
	File string `arg:"" help:"File to write; an older one is replaced."`
}

func (c backupCmd) Run(w *world) error {
	store, err := c.existing(w)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.Backup(w.ctx, c.File); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "wrote %s\n", c.File)
	return err
}

type restoreCmd struct {
	storeFlags
	File string `arg:"" help:"Backup to restore. The server must not run."`
}

func (c restoreCmd) Run(w *world) error {
	dir, err := c.dir(w)
	if err != nil {
		return err
	}
	kept, err := db.Restore(w.ctx, c.File, dir)
	if err != nil {
		return err
	}
	if kept != "" {
		fmt.Fprintf(w.out, "the old store was kept as %s\n", kept)
	}
	_, err = fmt.Fprintf(w.out, "restored %s into %s\n", c.File, dir)
	return err
}
