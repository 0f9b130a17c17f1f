// Command belvedere is one view over every Nagios, Naemon, Icinga and Shinken
// you run: server, demo and tools in one binary. There is one file per verb;
// this one only translates arguments, signals and errors.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	_ "time/tzdata" // time zones that people choose, on machines without them

	"github.com/alecthomas/kong"

	"belvedere/internal/command"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/web"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// cli is the command line.
type cli struct {
	Serve       serveCmd       `cmd:"" help:"Run the server."`
	Demo        demoCmd        `cmd:"" help:"Run the server on simulated cores: nothing else is needed."`
	Agent       agentCmd       `cmd:"" help:"Make a core on this machine reachable for a server elsewhere, safely."`
	Site        siteCmd        `cmd:"" help:"Test, list, add and remove monitoring cores."`
	User        userCmd        `cmd:"" help:"Manage the people who may sign in."`
	Query       queryCmd       `cmd:"" help:"Send a Livestatus query to a server or a core."`
	Send        sendCmd        `cmd:"" help:"Send an external command to a server or a core."`
	Ack         ackCmd         `cmd:"" help:"Acknowledge the problems that a filter matches."`
	Unack       unackCmd       `cmd:"" help:"Take acknowledgements back."`
	Downtime    downtimeCmd    `cmd:"" help:"Set a downtime for what a filter matches."`
	Recheck     recheckCmd     `cmd:"" help:"Have what a filter matches checked now."`
	Comment     commentCmd     `cmd:"" help:"Comment on what a filter matches."`
	CheckConfig checkConfigCmd `cmd:"" name:"check-config" help:"Check the configuration file and change nothing."`
	Schema      schemaCmd      `cmd:"" help:"Print tables, columns and external commands."`
	Backup      backupCmd      `cmd:"" help:"Write a copy of the store, also while the server runs."`
	Restore     restoreCmd     `cmd:"" help:"Put a backup in place of the store."`
	Completion  completionCmd  `cmd:"" help:"Print the script with which a shell completes verbs, flags, tables, columns and commands."`
	Complete    completeCmd    `cmd:"" hidden:""`
	Version     versionCmd     `cmd:"" help:"Print the version."`
}

// world is what a verb may touch besides its arguments.
type world struct {
	ctx    context.Context
	in     io.Reader
	out    io.Writer
	err    io.Writer
	env    []string
	reload <-chan os.Signal // SIGHUP
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	code := run(os.Args[1:], &world{ctx: ctx, in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Environ(), reload: hup})
	stop()
	os.Exit(code)
}

// exitError ends the program with a status of its own and without a message.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// usageError is a wrong call.
type usageError struct{ msg, hint string }

func (e *usageError) Error() string    { return e.msg }
func (e *usageError) HintText() string { return e.hint }

// run is main without the process.
func run(args []string, w *world) (code int) {
	var c cli
	left := -1
	k, err := kong.New(&c,
		kong.Name("belvedere"),
		kong.Description("One view over every Nagios, Naemon, Icinga and Shinken you run."),
		kong.UsageOnError(),
		kong.Writers(w.out, w.err),
		kong.Exit(func(n int) { left = n; panic(exitError(n)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Bind(w),
	)
	if err != nil {
		fmt.Fprintln(w.err, "belvedere:", err)
		return exitFailed
	}
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(exitError); !ok || left < 0 {
				panic(r)
			}
			code = left
		}
	}()
	parsed, err := k.Parse(usual(args))
	if err != nil {
		fmt.Fprintf(w.err, "belvedere: %v\nhint: %s\n", err, help(k.Model.Node, args))
		return exitUsage
	}
	return report(w, parsed.Run(w))
}

// usual returns the arguments for what people type in the hope of help or of the
// version: nothing, "help VERB", "--version".
func usual(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	case len(args) == 1 && (args[0] == "--version" || args[0] == "-V"):
		return []string{"version"}
	}
	return args
}

// help is what tells more about a wrong call: that of the last verb that there
// is in it.
func help(node *kong.Node, args []string) string {
	path := "belvedere "
	for _, word := range args {
		if node = childOf(node, word); node == nil {
			break
		}
		path += word + " "
	}
	return path + "--help"
}

// report prints err with its hint, if it has one, and returns the exit status.
func report(w *world, err error) int {
	if err == nil {
		return exitOK
	}
	var exit exitError
	if errors.As(err, &exit) {
		return int(exit)
	}
	fmt.Fprintln(w.err, "belvedere:", err)
	var hinted interface{ HintText() string }
	if errors.As(err, &hinted) && hinted.HintText() != "" {
		fmt.Fprintln(w.err, "hint:", hinted.HintText())
	}
	var usage *usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "development"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 && !strings.Contains(v, s.Value[:12]) {
			v += " (" + s.Value[:12] + ")"
		}
	}
	return v
}

// plain turns errors that carry Msg and Hint into ones the command line
// prints.
func plain(err error) error {
	var w *web.Error
	if errors.As(err, &w) {
		return &usageError{w.Msg, w.Hint}
	}
	var ls *livestatus.Error
	if errors.As(err, &ls) {
		return &hinted{printable(ls.Cause), printable(ls.Fix)}
	}
	var q *lql.QueryError
	if errors.As(err, &q) {
		return &hinted{printable(q.Msg), printable(q.Hint)}
	}
	var p *command.Problem
	if errors.As(err, &p) {
		return &usageError{p.Msg, p.Hint}
	}
	return err
}

// hinted is a failure with a hint.
type hinted struct{ msg, hint string }

func (e *hinted) Error() string    { return e.msg }
func (e *hinted) HintText() string { return e.hint }
