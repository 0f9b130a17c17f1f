package corefiles

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
)

// A Config is what the main configuration of a core says about its files. What
// it does not say is the zero value.
type Config struct {
	Log      string
	Archives string // folder of rotated logs
	Objects  string // objects.cache
	Status   string // status.dat; /dev/null: the core writes none
	Pipe     string
	Query    string // socket of the query handler
	// Modules are the broker modules as configured, with their arguments.
	Modules []string
	// User and Group are as whom the core runs, "": not said.
	User, Group string
	// Commands reports whether external commands are accepted.
	Commands bool
	// Every is the time between two writings of status.dat.
	Every time.Duration
	// Unit is what check intervals are counted in.
	Unit time.Duration
}

// RunAs names the user of the core for people.
func (c Config) RunAs() string { return cmp.Or(c.User, "nagios") }

// ReadConfig reads a main configuration, nagios.cfg or naemon.cfg; folder is
// where it lies, and what relative paths in it refer to. Files that it includes
// are not read. Errors are those of r.
func ReadConfig(r io.Reader, folder string) (Config, error) {
	c := Config{Commands: true, Every: time.Minute, Unit: time.Minute}
	paths := map[string]*string{"log_file": &c.Log, "log_archive_path": &c.Archives, "object_cache_file": &c.Objects,
		"status_file": &c.Status, "xsddefault_status_file": &c.Status, "command_file": &c.Pipe, "query_socket": &c.Query}
	in := bufio.NewScanner(r)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		key, value, ok := strings.Cut(in.Text(), "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		if p := paths[key]; p != nil {
			if *p = value; value != "" && !filepath.IsAbs(value) {
				*p = filepath.Join(folder, value)
			}
			continue
		}
		switch key {
		case "nagios_user", "naemon_user", "icinga_user":
			c.User = value
		case "nagios_group", "naemon_group", "icinga_group":
			c.Group = value
		case "broker_module":
			c.Modules = append(c.Modules, value)
		case "check_external_commands":
			c.Commands = whole(value) != 0
		case "status_update_interval":
			c.Every = seconds(value)
		case "interval_length":
			c.Unit = seconds(value)
		}
	}
	if err := in.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
		return c, fmt.Errorf("corefiles: main configuration: %w", err)
	} else if err != nil {
		return c, errors.New("corefiles: this is no main configuration: a line has no end")
	}
	return c, nil
}

// seconds reads a positive time, a second at least and a day at most.
func seconds(s string) time.Duration {
	return time.Duration(min(max(whole(s), 1), 86400)) * time.Second
}
