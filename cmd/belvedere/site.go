package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"belvedere/internal/agent"
	"belvedere/internal/app"
	"belvedere/internal/config"
	"belvedere/internal/db"
	"belvedere/internal/livestatus"
	"belvedere/internal/site"
	"belvedere/internal/tunnel"
)

type siteCmd struct {
	Test   siteTestCmd   `cmd:"" help:"Test the way to a core step by step; says cause and fix."`
	List   siteListCmd   `cmd:"" help:"List all sites."`
	Add    siteAddCmd    `cmd:"" help:"Add a site."`
	Remove siteRemoveCmd `cmd:"" help:"Remove a site that was not added by the configuration file."`
}

// tlsFlags say how a certificate is checked.
type tlsFlags struct {
	CA           string `name:"ca" help:"PEM file of the authorities to trust." placeholder:"FILE"`
	Cert         string `help:"PEM file of a client certificate." placeholder:"FILE"`
	Key          string `help:"PEM file of its key." placeholder:"FILE"`
	ServerName   string `help:"Name to expect in the server's certificate." placeholder:"NAME"`
	Fingerprint  string `help:"SHA-256 of the server's certificate; replaces the check against authorities. For ssh: SHA256:… of a host key to accept, with site test and site add." placeholder:"PRINT"`
	User         string `help:"User of an icinga2:// address." placeholder:"NAME"`
	PasswordFile string `help:"File that holds the password of that user, or the key of a Thruk." placeholder:"FILE"`
	TokenFile    string `help:"File with the token that another Belvedere asks for." placeholder:"FILE"`
}

func (f tlsFlags) options() livestatus.TLSOptions {
	o := livestatus.TLSOptions{CA: f.CA, Cert: f.Cert, Key: f.Key, ServerName: f.ServerName, Fingerprint: f.Fingerprint,
		User: f.User, PasswordFile: f.PasswordFile, TokenFile: f.TokenFile}
	if livestatus.IsHostKey(f.Fingerprint) {
		o.Fingerprint = ""
	}
	return o
}

// diagnose goes through connecting to text. known is the file of SSH host keys,
// to which the one with the fingerprint given may be added.
func (f tlsFlags) diagnose(w *world, text, known string, step func(livestatus.Step)) livestatus.Report {
	pool := tunnel.NewPool(tunnel.Options{KnownHosts: known})
	defer pool.Close()
	o := livestatus.Options{SSH: pool}
	if livestatus.IsHostKey(f.Fingerprint) {
		o.Accept = f.Fingerprint
	}
	return site.DiagnoseText(w.ctx, text, f.options(), o, step)
}

// ownKnownHosts returns the file of SSH host keys of whoever runs this, "" if
// there can be none.
func ownKnownHosts() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".ssh", "known_hosts")
}

// address parses text and lays the flags over what it carries.
func (f tlsFlags) address(text string) (livestatus.Address, error) {
	a, err := livestatus.ParseAddress(text)
	if err != nil {
		var bad *livestatus.AddressError
		if errors.As(err, &bad) {
			return a, &usageError{fmt.Sprintf("address %q: %s", text, bad.Msg), bad.Hint}
		}
		return a, err
	}
	if a.Thruk() || a.Scheme == "icinga2" {
		return a, &usageError{fmt.Sprintf("address %q: Livestatus is not spoken there", text), "give the address of a Livestatus, or of a Belvedere that has this as a site"}
	}
	a.TLS = f.options().Or(a.TLS)
	if file := ownKnownHosts(); a.Scheme == "ssh" && a.SSH.KnownHosts == "" && file != "" {
		if _, err := os.Stat(file); err == nil {
			a.SSH.KnownHosts = file
		}
	}
	return a, nil
}

type siteTestCmd struct {
	configFlags
	tlsFlags
	Address string `arg:"" help:"tcp://host:6557, tls://host:6557, ssh://user@host/path, unix:///path, icinga2://user@host:5665, https://host/thruk; a bare host:port or /path will do."`
	JSON    bool   `name:"json" help:"Print the report as JSON."`
}

func (c siteTestCmd) Run(w *world) error {
	show := func(livestatus.Step) {}
	if !c.JSON {
		show = func(s livestatus.Step) { printStep(w, s) }
	}
	known := ownKnownHosts()
	if c.Config != "" || c.Data != "" {
		cfg, err := c.load(w)
		if err != nil {
			return err
		}
		known = filepath.Join(cfg.Data, site.KnownHosts)
	}
	return c.print(w, c.diagnose(w, c.Address, known, show))
}

func (c siteTestCmd) print(w *world, r livestatus.Report) error {
	if c.JSON {
		enc := json.NewEncoder(w.out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(r); err != nil {
			return err
		}
	} else {
		printReport(w, r)
	}
	if !r.OK {
		return exitError(exitFailed)
	}
	return nil
}

func printStep(w *world, s livestatus.Step) {
	mark := map[livestatus.StepState]string{livestatus.StepOK: "ok  ", livestatus.StepWarn: "warn", livestatus.StepFail: "FAIL", livestatus.StepSkip: "-   "}[s.State]
	if mark == "" {
		return // begun; the result follows
	}
	took := ""
	if s.Took >= time.Millisecond {
		took = fmt.Sprintf(" (%d ms)", s.Took.Milliseconds())
	}
	fmt.Fprintf(w.out, "%s  %-28s %s%s\n", mark, printable(s.Title), printable(s.Detail), took)
	if s.State == livestatus.StepWarn && s.Cause != "" {
		fmt.Fprintf(w.out, "      %s\n", printable(strings.TrimSpace(s.Cause+" "+s.Fix)))
	}
}

func printReport(w *world, r livestatus.Report) {
	fmt.Fprintln(w.out)
	if r.OK {
		fmt.Fprintf(w.out, "Ready: %s, %d hosts, %d services.\n", printable(r.Core.Name+" "+r.Core.Version), r.Hosts, r.Services)
		if r.Advice != "" {
			fmt.Fprintln(w.out, printable(r.Advice))
		}
		return
	}
	fmt.Fprintln(w.out, printable(r.Cause))
	if r.Fix != "" {
		fmt.Fprintln(w.out, printable(r.Fix))
	}
}

type siteListCmd struct {
	storeFlags
	JSON bool `name:"json" help:"Print as JSON."`
}

// siteLine is a site as listed.
type siteLine struct {
	Name      string   `json:"name"`
	Section   string   `json:"section"`
	Addresses []string `json:"addresses"`
	Paused    bool     `json:"paused"`
	From      string   `json:"from"` // "file" or "store", with why it is not read
}

func (c siteListCmd) Run(w *world) error {
	cfg, err := c.load(w)
	if err != nil {
		return err
	}
	var stored []db.Site
	if db.Exists(cfg.Data) {
		if stored, err = c.stored(w); err != nil {
			return err
		}
	}
	lines := siteLines(cfg.Sites, stored)
	if c.JSON {
		enc := json.NewEncoder(w.out)
		enc.SetIndent("", "  ")
		return enc.Encode(lines)
	}
	if len(lines) == 0 {
		_, err := fmt.Fprintln(w.out, "No sites yet. Add one: belvedere site add NAME ADDRESS")
		return err
	}
	tw := tabwriter.NewWriter(w.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(tw, "NAME\tSECTION\tADDRESS\tSTATE\tFROM")
	for _, l := range lines {
		state := "active"
		if l.Paused {
			state = "paused"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", l.Name, l.Section, strings.Join(l.Addresses, " "), state, l.From)
	}
	return tw.Flush()
}

// stored returns the sites of the store.
func (f storeFlags) stored(w *world) ([]db.Site, error) {
	store, err := f.existing(w)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	return store.Sites(w.ctx)
}

// siteLines lists the sites of both. One of the store is not read while the
// file has its name, and says so.
func siteLines(file []config.Site, stored []db.Site) []siteLine {
	lines := []siteLine{}
	for _, s := range file {
		lines = append(lines, siteLine{s.Name, s.Section, s.Addresses, s.Paused, "file"})
	}
	for _, s := range stored {
		from := "store"
		if slices.ContainsFunc(file, func(f config.Site) bool { return strings.EqualFold(f.Name, s.Name) }) {
			from = "store, not read: the file has a site of this name"
		}
		lines = append(lines, siteLine{s.Name, s.Section, s.Addresses, s.Paused, from})
	}
	return lines
}

type siteAddCmd struct {
	storeFlags
	tlsFlags
	Name     string        `arg:"" help:"Name, unique, shown everywhere."`
	Address  []string      `arg:"" optional:"" help:"Address; several for failover."`
	Agent    bool          `help:"Print a code with which an agent joins and becomes this site; no address then."`
	Section  string        `help:"Path in the tree of sections, for example Europe/Germany." placeholder:"PATH"`
	Interval time.Duration `help:"Time between two readings; 0: as fast as the core can bear." placeholder:"DURATION"`
	Force    bool          `help:"Add it although the test fails."`
}

func (c siteAddCmd) Run(w *world) error {
	if c.Agent {
		return c.code(w)
	}
	spec := site.Spec{Name: c.Name, Section: c.Section, Addresses: c.Address, Interval: c.Interval, TLS: c.options()}
	if err := app.CheckSpec(spec); err != nil {
		return plain(err)
	}
	cfg, err := c.load(w)
	if err != nil {
		return err
	}
	for _, s := range cfg.Sites {
		if strings.EqualFold(s.Name, c.Name) {
			return &hinted{fmt.Sprintf("there is a site called %q in the configuration file already", s.Name), "choose another name, or remove that one first"}
		}
	}
	r := c.diagnose(w, c.Address[0], filepath.Join(cfg.Data, site.KnownHosts), func(s livestatus.Step) { printStep(w, s) })
	printReport(w, r)
	if !r.OK && !c.Force {
		fmt.Fprintln(w.err, "belvedere: not added\nhint: mend the cause above, or add it all the same with --force")
		return exitError(exitFailed)
	}
	store, err := c.open(w)
	if err != nil {
		return err
	}
	defer store.Close()
	_, err = store.AddSite(w.ctx, db.Site{
		Name: c.Name, Section: c.Section, Addresses: c.Address, Interval: c.Interval,
		TLS: db.SiteTLS{CA: c.CA, Cert: c.Cert, Key: c.Key, ServerName: c.ServerName, Fingerprint: c.options().Fingerprint,
			User: c.User, PasswordFile: c.PasswordFile, TokenFile: c.TokenFile},
	}, commandLine.Audit("site.add", c.Name, strings.Join(c.Address, " ")))
	if errors.Is(err, db.ErrExists) {
		return &hinted{fmt.Sprintf("there is a site called %q already", c.Name), "choose another name, or remove that one first"}
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "added %s\n", c.Name)
	return err
}

// code prints a code with which an agent joins.
func (c siteAddCmd) code(w *world) error {
	if len(c.Address) > 0 {
		return &usageError{"with --agent there is no address", "the agent brings it: belvedere site add NAME --agent"}
	}
	cfg, err := c.load(w)
	if err != nil {
		return err
	}
	address, err := app.AgentsReach(cfg, "")
	if err != nil {
		return err
	}
	if slices.ContainsFunc(cfg.Sites, func(s config.Site) bool { return strings.EqualFold(s.Name, c.Name) }) {
		return &hinted{fmt.Sprintf("there is a site called %q in the configuration file already", c.Name), "choose another name, or remove that one first"}
	}
	store, err := c.open(w)
	if err != nil {
		return err
	}
	defer store.Close()
	ca, err := agent.OpenAuthority(w.ctx, store, cfg.Data)
	if err != nil {
		return err
	}
	code, err := app.JoinCode(w.ctx, store, ca, address, site.Spec{Name: c.Name, Section: c.Section}, commandLine)
	if err != nil {
		return plain(err)
	}
	_, err = fmt.Fprintf(w.out, "Run this on the monitoring server within %d minutes; it is valid once:\n\nsudo belvedere agent join %s\n\nThe site %s appears when it has joined.\n",
		int(agent.CodeValid/time.Minute), code.Code, c.Name)
	return err
}

type siteRemoveCmd struct {
	storeFlags
	Name string `arg:"" help:"Name of the site."`
}

func (c siteRemoveCmd) Run(w *world) error {
	store, err := c.existing(w)
	if err != nil {
		return err
	}
	defer store.Close()
	sites, err := store.Sites(w.ctx)
	if err != nil {
		return err
	}
	for _, s := range sites {
		if s.Name == c.Name {
			if err := store.RemoveSite(w.ctx, s.Key, commandLine.Audit("site.remove", s.Name, strings.Join(s.Addresses, " "))); err != nil {
				return err
			}
			_, err := fmt.Fprintf(w.out, "removed %s\n", c.Name)
			return err
		}
	}
	return &hinted{fmt.Sprintf("there is no site called %q in the store", c.Name), "belvedere site list shows all; sites of the configuration file are removed there"}
}
