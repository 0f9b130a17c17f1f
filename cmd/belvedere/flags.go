package main

import (
	"log/slog"

	"belvedere/internal/config"
	"belvedere/internal/db"
)

// configFlags find the configuration.
type configFlags struct {
	Config string `help:"Configuration file; none: defaults and BELVEDERE_ variables." placeholder:"FILE"`
	Data   string `help:"Folder of the embedded store." placeholder:"DIR"`
}

func (f configFlags) load(w *world) (config.Config, error) {
	cfg, err := config.Load(f.Config, w.env)
	if err != nil {
		return cfg, err
	}
	if f.Data != "" {
		cfg.Data = f.Data
	}
	return cfg, nil
}

// storeFlags find the store, for verbs that work on it directly.
type storeFlags struct{ configFlags }

func (f storeFlags) dir(w *world) (string, error) {
	cfg, err := f.load(w)
	return cfg.Data, err
}

// existing opens the store like open, but makes none: a mistyped --data would
// otherwise be answered with an empty one.
func (f storeFlags) existing(w *world) (*db.DB, error) {
	dir, err := f.dir(w)
	if err != nil {
		return nil, err
	}
	if !db.Exists(dir) {
		return nil, &hinted{"there is no store in " + dir, "name its folder with --data, or the configuration file with --config"}
	}
	return f.open(w)
}

// open opens the store, also beside a running server, which notices what was
// changed within two seconds. It makes the store if there is none.
func (f storeFlags) open(w *world) (*db.DB, error) {
	dir, err := f.dir(w)
	if err != nil {
		return nil, err
	}
	return db.OpenBeside(w.ctx, dir, slog.New(slog.NewTextHandler(w.err, &slog.HandlerOptions{Level: slog.LevelWarn})))
}
