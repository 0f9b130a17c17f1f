package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"belvedere/internal/command"
	"belvedere/internal/lql"
	"belvedere/internal/remote"
	"belvedere/internal/when"
)

// filterFlags are those of the verbs that act on what a filter matches.
type filterFlags struct {
	orderFlags
	Hosts    bool     `help:"Only hosts." xor:"kind"`
	Services bool     `help:"Only services." xor:"kind"`
	Yes      bool     `help:"Do not ask."`
	DryRun   bool     `name:"dry-run" help:"List what would be acted on, and do nothing."`
	Filter   []string `arg:"" help:"Filter as in the query bar, such as 'state:crit hostgroup:linux'; it matches hosts and services. See docs/search.md."`
}

type ackCmd struct {
	filterFlags
	Comment    string `help:"Why." placeholder:"TEXT"`
	For        string `help:"How long, such as 2h or 1d; none: until it is well." placeholder:"TIME"`
	Until      string `help:"Until when, such as 'fri 18:00'." placeholder:"TIME"`
	Sticky     bool   `help:"Until it is well, also over changes of state between problems."`
	Notify     bool   `help:"Tell the contacts."`
	Persistent bool   `help:"Keep the comment when the acknowledgement ends."`
}

func (c ackCmd) Run(w *world) error {
	if err := wantComment(c.Comment); err != nil {
		return err
	}
	now := time.Now()
	end, err := ending(c.For, c.Until, now, now)
	if err != nil {
		return err
	}
	sticky := "0"
	if c.Sticky {
		sticky = "2"
	}
	d := deed{
		words: "acknowledge", host: "ACKNOWLEDGE_HOST_PROBLEM", service: "ACKNOWLEDGE_SVC_PROBLEM",
		which: []lql.Filter{lql.Cmp("state", lql.NotEqual, "0"), lql.EqInt("acknowledged", 0)}, kind: "problems that are not acknowledged",
		args: map[string]string{"sticky": sticky, "notify": digit(c.Notify), "persistent": digit(c.Persistent), "comment": c.Comment},
	}
	if !end.IsZero() {
		d.host, d.service = d.host+"_EXPIRE", d.service+"_EXPIRE"
		d.args["end_time"] = unixText(end)
		d.times = "until " + shown(end)
	}
	return c.act(w, d)
}

type unackCmd struct{ filterFlags }

func (c unackCmd) Run(w *world) error {
	return c.act(w, deed{
		words: "take the acknowledgement back of", host: "REMOVE_HOST_ACKNOWLEDGEMENT", service: "REMOVE_SVC_ACKNOWLEDGEMENT",
		which: []lql.Filter{lql.EqInt("acknowledged", 1)}, kind: "acknowledged problems",
	})
}

type downtimeCmd struct {
	filterFlags
	Comment  string `help:"Why." placeholder:"TEXT"`
	From     string `help:"When it begins; none: now." placeholder:"TIME"`
	For      string `help:"How long, such as 2h or 1d." placeholder:"TIME"`
	Until    string `help:"Until when, such as 'fri 18:00'." placeholder:"TIME"`
	Flexible string `help:"Begin with the first problem in that time, and last so long." placeholder:"TIME"`
}

func (c downtimeCmd) Run(w *world) error {
	if err := wantComment(c.Comment); err != nil {
		return err
	}
	now := time.Now()
	start := now
	if c.From != "" {
		var err error
		if start, err = moment("from", c.From, now); err != nil {
			return err
		}
	}
	end, err := ending(c.For, c.Until, start, now)
	switch {
	case err != nil:
		return err
	case end.IsZero():
		return &usageError{"the downtime has no end", "say --for 2h or --until 'fri 18:00'"}
	case !end.After(start):
		return &usageError{"the downtime ends before it begins", "choose an end after the start"}
	}
	d := deed{
		words: "set a downtime for", host: "SCHEDULE_HOST_DOWNTIME", service: "SCHEDULE_SVC_DOWNTIME",
		times: "from " + shown(start) + " until " + shown(end),
		args: map[string]string{
			"start_time": unixText(start), "end_time": unixText(end), "fixed": "1", "trigger_id": "0",
			"duration": strconv.FormatInt(int64(end.Sub(start)/time.Second), 10), "comment": c.Comment,
		},
	}
	if c.Flexible != "" {
		length, err := when.Span(c.Flexible)
		if err != nil || length > end.Sub(start) {
			return &usageError{fmt.Sprintf("--flexible: %q is no length of time within the downtime", c.Flexible), "write it like 30m or 2h"}
		}
		d.args["fixed"], d.args["duration"] = "0", strconv.FormatInt(int64(length/time.Second), 10)
		d.times += ", " + c.Flexible + " from the first problem"
	}
	return c.act(w, d)
}

type recheckCmd struct {
	filterFlags
	Force bool `help:"Also outside the check period, and where checks are switched off."`
}

func (c recheckCmd) Run(w *world) error {
	d := deed{words: "check", host: "SCHEDULE_HOST_CHECK", service: "SCHEDULE_SVC_CHECK", args: map[string]string{"check_time": unixText(time.Now())}}
	if c.Force {
		d.host, d.service = "SCHEDULE_FORCED_HOST_CHECK", "SCHEDULE_FORCED_SVC_CHECK"
	}
	return c.act(w, d)
}

type commentCmd struct {
	filterFlags
	Comment string `help:"What it says." placeholder:"TEXT"`
}

func (c commentCmd) Run(w *world) error {
	if err := wantComment(c.Comment); err != nil {
		return err
	}
	return c.act(w, deed{
		words: "comment on", host: "ADD_HOST_COMMENT", service: "ADD_SVC_COMMENT",
		args: map[string]string{"persistent": "1", "comment": c.Comment},
	})
}

// A deed is what a verb does to hosts and services.
type deed struct {
	words         string // as in "… 3 objects"
	times         string // from when, until when
	host, service string // commands
	args          map[string]string
	which         []lql.Filter // what can only be meant
	kind          string       // which in words
}

func wantComment(text string) error {
	if strings.TrimSpace(text) == "" {
		return &usageError{"a comment is missing", "say why with --comment 'TEXT'"}
	}
	return nil
}

func digit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

func unixText(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// shown writes a time for people, in the zone of this machine.
func shown(t time.Time) string { return t.Local().Format("Mon 2 Jan 2006 15:04 MST") }

// moment reads a time that is to come.
func moment(flag, text string, now time.Time) (time.Time, error) {
	t, err := when.Next(text, now)
	switch {
	case errors.Is(err, when.ErrPast):
		return t, &usageError{fmt.Sprintf("--%s: %q is over", flag, text), "choose a time to come"}
	case err != nil:
		return t, &usageError{fmt.Sprintf("--%s: %q is no point in time", flag, text), "write it like 90m, 18:00, 'fri 18:00', 'tomorrow 9:00' or '2026-11-27 08:00'"}
	}
	return t, nil
}

// ending returns the end that --for or --until says, zero when neither does.
func ending(length, until string, start, now time.Time) (time.Time, error) {
	switch {
	case length != "" && until != "":
		return time.Time{}, &usageError{"--for and --until both say when it ends", "leave one out"}
	case until != "":
		return moment("until", until, now)
	case length == "":
		return time.Time{}, nil
	}
	d, err := when.Span(length)
	if err != nil {
		return time.Time{}, &usageError{fmt.Sprintf("--for: %q is no length of time", length), "write it like 90m, 2h, 1d or 1h30m"}
	}
	return start.Add(d), nil
}

// act finds what the filter matches, shows it, asks, and has it done.
func (f filterFlags) act(w *world, d deed) error {
	return f.with(w, func(r *remote.Remote, sites map[string]remote.Site) error {
		tables := []string{"hosts", "services"}
		if f.Hosts {
			tables = tables[:1]
		} else if f.Services {
			tables = tables[1:]
		}
		text := strings.TrimSpace(strings.Join(f.Filter, " "))
		if text == "" { // a variable of a script that is not set
			return &usageError{"the filter is empty, which would be everything", "say what is meant, like 'state:crit' or 'site:Berlin'"}
		}
		found, err := r.Find(w.ctx, text, time.Now(), tables, d.which...)
		if err != nil {
			return badFilter(text, err)
		}
		for _, s := range sites {
			if s.Cause != "" {
				fmt.Fprintf(w.err, "warning: %s: %s\n", printable(s.Name), printable(s.Cause))
			}
		}
		if len(found) == 0 {
			what := "nothing here"
			if d.kind != "" {
				what = "no " + d.kind
			}
			return &hinted{fmt.Sprintf("%q matches %s", text, what), "try it in the query bar, or with another verb and --dry-run"}
		}
		p, err := f.prepare(w, r, d, found)
		if err != nil {
			return plain(err)
		}
		p.print(w, f.DryRun)
		switch {
		case len(p.will) == 0:
			return &hinted{"nothing of it can be done", "the reasons stand above"}
		case f.DryRun:
			return nil
		}
		if err := f.confirm(w, p.question()); err != nil {
			return err
		}
		return f.carryOut(w, r, sites, p.orders)
	})
}

// A preview is what orders would do.
type preview struct {
	deed   deed
	orders []command.Order
	will   []remote.Found
	not    map[string][]remote.Found // by reason
	why    []string                  // the reasons, in the order they came up
	sites  int
}

// prepare has the desk look at each object. Those on which nothing can be done
// are left out of the orders.
func (f filterFlags) prepare(w *world, r *remote.Remote, d deed, found []remote.Found) (*preview, error) {
	p := &preview{deed: d, not: map[string][]remote.Found{}}
	seen := map[string]bool{}
	for _, kind := range []struct {
		command  string
		services bool
	}{{d.host, false}, {d.service, true}} {
		o := command.Order{Command: kind.command, Args: d.args}
		var of []remote.Found
		for _, x := range found {
			if (x.Target.Service != "") == kind.services {
				o.Targets, of = append(o.Targets, x.Target), append(of, x)
			}
		}
		if len(of) == 0 {
			continue
		}
		items, err := r.Desk.Preview(w.ctx, r.Actor(), o)
		if err != nil {
			return nil, err
		}
		o.Targets = nil
		for i, it := range items {
			if it.Reason != "" {
				if p.not[it.Reason] == nil {
					p.why = append(p.why, it.Reason)
				}
				p.not[it.Reason] = append(p.not[it.Reason], of[i])
				continue
			}
			o.Targets, p.will = append(o.Targets, it.Target), append(p.will, of[i])
			seen[it.Target.Site] = true
		}
		if len(o.Targets) > 0 {
			p.orders = append(p.orders, o)
		}
	}
	slices.SortStableFunc(p.will, remote.Found.Compare)
	p.sites = len(seen)
	return p, nil
}

// shownMost is how many objects are listed when nobody asked for all.
const shownMost = 50

// print lists what will be acted on, and what will not and why.
func (p *preview) print(w *world, all bool) {
	list, rest := p.will, 0
	if !all && len(list) > shownMost {
		list, rest = list[:shownMost], len(list)-shownMost
	}
	if len(list) > 0 {
		tw := tabwriter.NewWriter(w.out, 0, 8, 2, ' ', 0)
		fmt.Fprintln(tw, "SITE\tHOST\tSERVICE\tSTATE\tOUTPUT")
		for _, x := range list {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", printable(x.Site), printable(x.Target.Host), printable(x.Target.Service), stateWord(x), printable(short(x.Output)))
		}
		_ = tw.Flush()
	}
	if rest > 0 {
		fmt.Fprintf(w.out, "… and %d more; --dry-run lists all\n", rest)
	}
	for _, reason := range p.why {
		left := p.not[reason]
		if len(left) == 1 {
			fmt.Fprintf(w.out, "left out: %s on %s: %s\n", name(left[0].Target), printable(left[0].Site), printable(reason))
			continue
		}
		fmt.Fprintf(w.out, "left out: %d objects: %s\n", len(left), printable(reason))
	}
	if p.deed.times != "" && len(p.will) > 0 {
		fmt.Fprintln(w.out, p.deed.times)
	}
}

// stateWord names the state of an object and what is special about it.
func stateWord(x remote.Found) string {
	words := [...]string{"UP", "DOWN", "UNREACHABLE"}
	word := "?"
	switch {
	case x.Pending:
		word = "PENDING"
	case x.Target.Service != "" && x.State >= 0 && x.State <= 3:
		word = [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}[x.State]
	case x.Target.Service == "" && x.State >= 0 && int(x.State) < len(words):
		word = words[x.State]
	}
	if x.Acked {
		word += ", acknowledged"
	}
	if x.Downtime {
		word += ", in downtime"
	}
	return word
}

// question is what is asked before anything is done.
func (p *preview) question() string {
	objects, sites := "1 object", "1 site"
	if n := len(p.will); n != 1 {
		objects = fmt.Sprintf("%d objects", n)
	}
	if p.sites != 1 {
		sites = fmt.Sprintf("%d sites", p.sites)
	}
	return fmt.Sprintf("%s%s %s on %s?", strings.ToUpper(p.deed.words[:1]), p.deed.words[1:], objects, sites)
}

// confirm asks whoever sits at the terminal; without one, --yes is needed.
func (f filterFlags) confirm(w *world, question string) error {
	if f.Yes {
		return nil
	}
	in, ok := terminal(w)
	if !ok {
		return &usageError{"nobody is here to say yes", "give --yes, or --dry-run to look only"}
	}
	fmt.Fprint(w.out, question+" [y/N] ")
	answer := make(chan string, 1)
	go func() { // ends with the process: a terminal cannot be asked to stop waiting
		line, _ := bufio.NewReader(in).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case a := <-answer:
		if a == "y" || a == "yes" {
			return nil
		}
		fmt.Fprintln(w.err, "nothing was done")
	case <-w.ctx.Done():
		fmt.Fprintln(w.err, "\nnothing was done")
	}
	return exitError(exitFailed)
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
