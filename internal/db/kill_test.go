package db_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"belvedere/internal/access"
	"belvedere/internal/db"
)

// childEnv tells this test binary to be the process that is killed.
const childEnv = "BELVEDERE_DB_CHILD"

func TestMain(m *testing.M) {
	if task := os.Getenv(childEnv); task != "" {
		what, dir, _ := strings.Cut(task, " ")
		if err := child(what, dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child opens the store and works until it is killed, printing a line for what
// was confirmed.
func child(what, dir string) error {
	ctx := context.Background()
	for what == "restore" {
		if _, err := db.Restore(ctx, filepath.Join(dir, "copy.db"), dir); err != nil {
			return err
		}
		fmt.Println("restored")
	}
	d, err := db.Open(ctx, dir, nil)
	if err != nil {
		return err
	}
	fmt.Println("open")
	for n := 0; ; n++ {
		if what == "backup" {
			if err := d.Backup(ctx, filepath.Join(dir, "copy.db")); err != nil {
				return err
			}
			fmt.Println("backup")
			continue
		}
		name := fmt.Sprintf("p%d-%d", os.Getpid(), n)
		err := d.Write(ctx, func(tx *db.Tx) error {
			id, err := tx.AddPerson(ctx, db.Person{Username: name, Role: access.RoleViewer}, noon)
			if err != nil {
				return err
			}
			return tx.AddAudit(ctx, db.Audit{Person: id, Who: name, Action: "person.add", Object: name, Result: "ok"})
		})
		if err != nil {
			return err
		}
		if _, err := d.AddSite(ctx, db.Site{Name: "site of " + name, Addresses: []string{"tcp://h:1"}}, db.Audit{Who: name, Action: "site.add", Result: "ok"}); err != nil {
			return err
		}
		fmt.Println(name)
	}
}

// runAndKill starts a child, reads lines confirmed lines and kills it while it
// goes on. It returns all lines that came out.
func runAndKill(t *testing.T, what, dir string, lines int) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+what+" "+dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	var got []string
	for len(got) < lines {
		line, err := r.ReadString('\n')
		if err != nil {
			break
		}
		got = append(got, strings.TrimSpace(line))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(r) // what it confirmed before it died
	cmd.Wait()               //nolint:errcheck // killed
	if stderr.Len() > 0 {
		t.Fatalf("the child says: %s", &stderr)
	}
	text := string(rest)
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		got = append(got, strings.Fields(text[:i])...)
	}
	return got
}

// TestKilledWhileWriting kills a process that writes, many times over one
// store, the first times while it is made: all that was confirmed is there,
// and nothing is there by half.
func TestKilledWhileWriting(t *testing.T) {
	dir := t.TempDir()
	rounds := 25
	if testing.Short() {
		rounds = 8
	}
	confirmed := map[string]bool{}
	for round := range rounds {
		lines := 0 // at once
		if round > 2 {
			lines = 1 + rand.IntN(30)
		}
		for _, name := range runAndKill(t, "write", dir, lines) {
			confirmed[name] = true
		}
		delete(confirmed, "open")
		checkStore(t, dir, confirmed)
	}
	if len(confirmed) < rounds {
		t.Errorf("only %d writes were confirmed", len(confirmed))
	}
	t.Logf("%d confirmed writes, %d kills", len(confirmed), rounds)
}

func checkStore(t *testing.T, dir string, confirmed map[string]bool) {
	t.Helper()
	d, err := db.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	people, err := d.People(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, p := range people {
		there[p.Username] = true
		log, err := d.AuditLog(t.Context(), db.AuditQuery{Who: p.Username, Action: "person.add"})
		if err != nil || len(log) != 1 {
			t.Errorf("%s is there with %d audit entries, %v", p.Username, len(log), err)
		}
	}
	sites, err := d.Sites(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sites {
		there[s.Name] = true
	}
	for name := range confirmed {
		if !there[name] || !there["site of "+name] {
			t.Errorf("%s was confirmed and is lost", name)
		}
	}
}

// TestKilledWhileBackingUp: under its name there is always a whole backup, or
// none yet, and what a killed one left is no obstacle.
func TestKilledWhileBackingUp(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	for n := range 200 {
		addPerson(t, d, db.Person{Username: "p" + strconv.Itoa(n), DisplayName: strings.Repeat("x", 300)})
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "copy.db")
	for round := range 10 {
		got := runAndKill(t, "backup", dir, 1+round%4)
		if _, err := os.Stat(copied); errors.Is(err, os.ErrNotExist) && len(got) < 2 {
			continue // killed before the first was confirmed
		}
		fresh := t.TempDir()
		if _, err := db.Restore(t.Context(), copied, fresh); err != nil {
			t.Fatalf("after %q: %v", got, err)
		}
		people, err := open(t, fresh).People(t.Context())
		if err != nil || len(people) != 200 {
			t.Fatalf("the backup has %d people, %v", len(people), err)
		}
	}
}

// TestKilledWhileRestoring: there is always a whole store in place.
func TestKilledWhileRestoring(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	for n := range 200 {
		addPerson(t, d, db.Person{Username: "p" + strconv.Itoa(n), DisplayName: strings.Repeat("x", 300)})
	}
	if err := errors.Join(d.Backup(t.Context(), filepath.Join(dir, "copy.db")), d.Close()); err != nil {
		t.Fatal(err)
	}
	for round := range 10 {
		runAndKill(t, "restore", dir, round%4)
		d := open(t, dir)
		people, err := d.People(t.Context())
		if err != nil || len(people) != 200 {
			t.Fatalf("%d people, %v", len(people), err)
		}
		name := "after " + strconv.Itoa(round) // so that there is a log to take care of
		addPerson(t, d, db.Person{Username: name})
		err = d.Write(t.Context(), func(tx *db.Tx) error {
			p, err := tx.PersonByName(t.Context(), name)
			if err != nil {
				return err
			}
			return tx.RemovePerson(t.Context(), p.ID)
		})
		if err := errors.Join(err, d.Close()); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := filepath.Glob(filepath.Join(dir, "belvedere.db.before-restore-*"))
	if err != nil || len(kept) == 0 {
		t.Errorf("nothing was kept, %v", err)
	}
}
