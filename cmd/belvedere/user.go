package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
)

type userCmd struct {
	Add    userAddCmd    `cmd:"" help:"Add a person. The password is read from standard input."`
	Passwd userPasswdCmd `cmd:"" help:"Set a person's password, read from standard input."`
	Role   userRoleCmd   `cmd:"" help:"Change what a person is."`
	List   userListCmd   `cmd:"" help:"List all people."`
	Remove userRemoveCmd `cmd:"" help:"Remove a person."`
	Hash   userHashCmd   `cmd:"" help:"Print the hash of a password for the configuration file."`
}

var commandLine = auth.Actor{Name: "command line"}

// people opens the store that open returns and hands its people to do.
func people(w *world, open func(*world) (*db.DB, error), do func(context.Context, *auth.Service, *db.DB) error) error {
	store, err := open(w)
	if err != nil {
		return err
	}
	service := auth.New(auth.Options{DB: store})
	err = do(w.ctx, service, store)
	return errors.Join(err, service.Close(), store.Close())
}

type rights struct {
	SeeAll       bool              `help:"Sees everything without being a contact of it."`
	Contact      string            `help:"Contact name on every site: sees what this contact sees." placeholder:"NAME"`
	SiteContact  map[string]string `help:"Contact name on one site." placeholder:"SITE=NAME"`
	CommandLines bool              `help:"May see expanded check commands."`
}

type userAddCmd struct {
	storeFlags
	rights
	Name        string `arg:"" help:"User name."`
	Role        string `help:"admin, operator or viewer." enum:"admin,operator,viewer" default:"viewer"`
	DisplayName string `help:"Name to show." placeholder:"TEXT"`
}

func (c userAddCmd) Run(w *world) error {
	password, err := readPassword(w)
	if err != nil {
		return err
	}
	return people(w, c.open, func(ctx context.Context, a *auth.Service, store *db.DB) error {
		sites, err := siteKeys(ctx, store, c.SiteContact)
		if err != nil {
			return err
		}
		p, err := a.AddPerson(ctx, commandLine, auth.Person{
			Username: c.Name, DisplayName: c.DisplayName, Role: access.Role(c.Role),
			SeeAll: c.SeeAll, Contact: c.Contact, SiteContacts: sites, CommandLines: c.CommandLines,
		}, password)
		if err != nil {
			return err
		}
		fmt.Fprintf(w.out, "added %s as %s\n", p.Username, p.Role)
		if !p.IsAdmin() && !p.SeeAll && p.Contact == "" && len(p.SiteContacts) == 0 {
			fmt.Fprintln(w.err, "note: this person has neither --see-all nor a contact name and therefore sees nothing")
		}
		return nil
	})
}

type userPasswdCmd struct {
	storeFlags
	Name string `arg:"" help:"User name."`
}

func (c userPasswdCmd) Run(w *world) error {
	password, err := readPassword(w)
	if err != nil {
		return err
	}
	return people(w, c.existing, func(ctx context.Context, a *auth.Service, _ *db.DB) error {
		p, err := a.PersonByName(ctx, c.Name)
		if err != nil {
			return err
		}
		if err := a.SetPassword(ctx, commandLine, p.ID, password); err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.out, "changed the password of %s; all their sessions have ended\n", p.Username)
		return err
	})
}

type userRoleCmd struct {
	storeFlags
	Name string `arg:"" help:"User name."`
	Role string `arg:"" help:"admin, operator or viewer." enum:"admin,operator,viewer"`
}

func (c userRoleCmd) Run(w *world) error {
	return people(w, c.existing, func(ctx context.Context, a *auth.Service, _ *db.DB) error {
		p, err := a.PersonByName(ctx, c.Name)
		if err != nil {
			return err
		}
		p.Role = access.Role(c.Role)
		if err := a.UpdatePerson(ctx, commandLine, p); err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.out, "%s is %s now\n", p.Username, p.Role)
		return err
	})
}

type userRemoveCmd struct {
	storeFlags
	Name string `arg:"" help:"User name."`
}

func (c userRemoveCmd) Run(w *world) error {
	return people(w, c.existing, func(ctx context.Context, a *auth.Service, _ *db.DB) error {
		p, err := a.PersonByName(ctx, c.Name)
		if err != nil {
			return err
		}
		if err := a.RemovePerson(ctx, commandLine, p.ID); err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.out, "removed %s\n", p.Username)
		return err
	})
}

type userHashCmd struct{}

func (userHashCmd) Run(w *world) error {
	password, err := readPassword(w)
	if err != nil {
		return err
	}
	hash, err := auth.HashPassword(password)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w.out, hash)
	return err
}

type userListCmd struct{ storeFlags }

func (c userListCmd) Run(w *world) error {
	return people(w, c.existing, func(ctx context.Context, a *auth.Service, _ *db.DB) error {
		people, err := a.People(ctx)
		if err != nil {
			return err
		}
		tw := tabwriter.NewWriter(w.out, 0, 8, 2, ' ', 0)
		fmt.Fprintln(tw, "NAME\tROLE\tSEES\tSTATE")
		for _, p := range people {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", p.Username, p.Role, sees(p), personState(p))
		}
		return tw.Flush()
	})
}

func sees(p auth.Person) string {
	switch {
	case p.IsAdmin() || p.SeeAll:
		return "all"
	case p.Contact != "":
		return "contact " + p.Contact
	case len(p.SiteContacts) > 0:
		return fmt.Sprintf("contact on %d sites", len(p.SiteContacts))
	}
	return "nothing"
}

func personState(p auth.Person) string {
	switch {
	case p.Disabled:
		return "disabled"
	case p.Provisioned:
		return "from the configuration file"
	}
	return "active"
}

// siteKeys turns site names of the command line into keys.
func siteKeys(ctx context.Context, store *db.DB, byName map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for name, contact := range byName {
		out[db.SiteKey(name)] = contact
	}
	if len(byName) == 0 {
		return nil, nil
	}
	sites, err := store.Sites(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range sites {
		if contact, ok := byName[s.Name]; ok {
			delete(out, db.SiteKey(s.Name))
			out[s.Key] = contact
		}
	}
	return out, nil
}

// readPassword asks twice on a terminal, and reads one line otherwise.
func readPassword(w *world) (string, error) {
	if f, ok := w.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(w.err, "Password: ")
		first, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(w.err)
		if err != nil {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		fmt.Fprint(w.err, "Again: ")
		second, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(w.err)
		if err != nil {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		if string(first) != string(second) {
			return "", &usageError{"the two passwords differ", "nothing was changed; try again"}
		}
		return string(first), nil
	}
	line, err := bufio.NewReader(w.in).ReadString('\n')
	if err != nil && line == "" {
		return "", &usageError{"no password on standard input", "echo the password into the command, or run it in a terminal"}
	}
	return strings.TrimRight(line, "\r\n"), nil
}
