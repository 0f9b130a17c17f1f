package icinga2

import (
	"context"
	"fmt"
	"strings"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/schema"
)

// streamWithin is how long a diagnosis waits for the stream of events.
const streamWithin = 5 * time.Second

// Diagnose goes through the way to an API step by step, see
// [livestatus.Diagnose]. It changes nothing there.
func Diagnose(ctx context.Context, o Options, tell func(livestatus.Step)) livestatus.Report {
	d := &diagnosis{o: o}
	defer func() {
		if d.c != nil {
			d.c.close()
		}
	}()
	return livestatus.DiagnoseConnection(ctx, livestatus.Options{Address: o.Address, Dial: o.Dial}, []livestatus.Check{
		step("answers", "Sign in to the API", d.signIn),
		step("rights", "Permissions", d.permissions),
		step("identify", "Identify the core", d.identify),
		step("hosts", "Read hosts", d.hosts),
		step("services", "Read services", d.services),
		step("events", "Listen to events", d.events),
		step("commands", "Commands allowed", d.commands),
	}, tell)
}

// Knock returns nil if an API could be read now: it lets us in, we may do what
// is needed there, and the core runs.
func Knock(ctx context.Context, o Options) error {
	c, err := newClient(o)
	if err != nil {
		return err
	}
	defer c.close()
	may, err := c.rights(ctx)
	if err != nil {
		return err
	}
	if err := may.enough(); err != nil {
		return err
	}
	return c.status(ctx, "IcingaApplication", &application{})
}

// step is one step of the diagnosis.
func step(name, title string, run func(context.Context, *livestatus.Step, *livestatus.Report) error) livestatus.Check {
	return livestatus.Check{Name: name, Title: title, Run: run}
}

// A diagnosis is one run of Diagnose.
type diagnosis struct {
	o   Options
	c   *client
	may rights
}

func (d *diagnosis) signIn(ctx context.Context, s *livestatus.Step, _ *livestatus.Report) (err error) {
	if d.c, err = newClient(d.o); err != nil {
		return err
	}
	if d.may, err = d.c.rights(ctx); err != nil {
		return err
	}
	s.Detail = d.may.User
	return nil
}

func (d *diagnosis) permissions(_ context.Context, s *livestatus.Step, _ *livestatus.Report) error {
	if err := d.may.enough(); err != nil {
		return err
	}
	var lacks []string
	for _, p := range d.may.lacks() {
		if strings.HasPrefix(p, "objects/query/") {
			lacks = append(lacks, p)
		}
	}
	if len(lacks) > 0 {
		s.State = livestatus.StepWarn
		s.Cause = "This user may not read everything; it lacks " + strings.Join(lacks, ", ") + "."
		s.Fix = "Give it the permission objects/query/*, or do without contacts, groups, comments and what else these tell."
	}
	return nil
}

func (d *diagnosis) identify(ctx context.Context, s *livestatus.Step, r *livestatus.Report) error {
	var app application
	if err := d.c.status(ctx, "IcingaApplication", &app); err != nil {
		return err
	}
	r.Core = livestatus.Core{Impl: schema.Icinga2, Name: "Icinga 2", Version: app.version(), Commands: true}
	for _, i := range app.Icinga {
		r.Core.ProgramVersion, r.Core.ProgramStart, r.Core.PID = i.Version, int64(i.ProgramStart), i.PID
	}
	s.Detail = fmt.Sprintf("Icinga 2 %s, running since %s", r.Core.Version, time.Unix(r.Core.ProgramStart, 0).UTC().Format("2 Jan 2006 15:04 MST"))
	return nil
}

func (d *diagnosis) hosts(ctx context.Context, s *livestatus.Step, r *livestatus.Report) (err error) {
	r.Hosts, err = d.count(ctx, s, hostType)
	if err == nil && r.Hosts == 0 {
		s.State = livestatus.StepWarn
		s.Cause = "The core has no hosts."
		s.Fix = "Check its configuration, or whether the permission of this user has a filter."
	}
	return err
}

func (d *diagnosis) services(ctx context.Context, s *livestatus.Step, r *livestatus.Report) (err error) {
	r.Services, err = d.count(ctx, s, serviceType)
	return err
}

func (d *diagnosis) count(ctx context.Context, s *livestatus.Step, t *objectType) (n int, err error) {
	began := time.Now()
	err = d.c.objects(ctx, t, []string{"name"}, nil, func(*object) error { n++; return nil })
	s.Detail = fmt.Sprintf("%d in %d ms", n, time.Since(began).Milliseconds())
	return n, err
}

func (d *diagnosis) events(ctx context.Context, s *livestatus.Step, _ *livestatus.Report) error {
	ctx, cancel := context.WithTimeout(ctx, streamWithin)
	defer cancel()
	open := false
	err := d.c.events(ctx, kinds, func() { open = true; cancel() }, func([]byte) error { return nil })
	if !open {
		return err
	}
	s.Detail = "changes are told as they happen"
	return nil
}

func (d *diagnosis) commands(_ context.Context, s *livestatus.Step, _ *livestatus.Report) error {
	var lacks []string
	for _, p := range d.may.lacks() {
		if !strings.HasPrefix(p, "objects/query/") {
			lacks = append(lacks, p)
		}
	}
	if len(lacks) == 0 {
		s.Detail = "none was sent"
		return nil
	}
	s.State = livestatus.StepWarn
	s.Cause = "This user may not give all commands; it lacks " + strings.Join(lacks, ", ") + "."
	s.Fix = "Add these permissions to its ApiUser object if acknowledgements, downtimes and the like are wanted from here."
	return nil
}
