package thruk

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// countMost is how many backends a diagnosis counts hosts and services of: it
// has some seconds for all of them.
const countMost = 10

// Diagnose goes through the way to a Thruk and to the cores behind it step by
// step, see [livestatus.Diagnose]. It changes nothing there.
func Diagnose(ctx context.Context, o livestatus.Options, tell func(livestatus.Step)) livestatus.Report {
	d := &diagnosis{c: New(o)}
	defer func() { _ = d.c.Close() }() // nothing is left to lose
	step := func(name, title string, run func(context.Context, *livestatus.Step, *livestatus.Report) error) livestatus.Check {
		return livestatus.Check{Name: name, Title: title, Run: run}
	}
	return livestatus.DiagnoseConnection(ctx, livestatus.Options{Address: o.Address, Dial: o.Dial}, []livestatus.Check{
		step("answers", "Thruk answers and takes the key", d.answers),
		step("rights", "Permissions", d.rights),
		step("sites", "Sites behind it", d.sites),
		step("identify", "Identify the core", d.identify),
		step("hosts", "Read hosts", d.hosts),
		step("services", "Read services", d.services),
	}, tell)
}

// A diagnosis is one run of Diagnose.
type diagnosis struct {
	c       *Client
	version string
	all     []backend
	well    []backend // those that can be asked
}

func (d *diagnosis) answers(ctx context.Context, s *livestatus.Step, _ *livestatus.Report) (err error) {
	began := time.Now()
	d.version, err = d.c.version(ctx)
	if err != nil {
		return err
	}
	s.Detail = fmt.Sprintf("Thruk %s in %d ms", line(d.version), time.Since(began).Milliseconds())
	if ip := net.ParseIP(d.c.o.Host); d.c.o.Scheme == "http" && d.c.o.Host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		s.State = livestatus.StepWarn
		s.Cause = "The key and everything that is read travel in clear text."
		s.Fix = "Use https://, with the file of the authority or the fingerprint of the certificate where it is not a public one."
	}
	return nil
}

// rights tells whose key it is and what that may do.
func (d *diagnosis) rights(ctx context.Context, s *livestatus.Step, _ *livestatus.Report) error {
	var who struct {
		ID    string   `json:"id"`
		Roles []string `json:"roles"`
	}
	if err := d.c.rest(ctx, "/r/v1/thruk/whoami", &who); err != nil {
		if livestatus.KindOf(err) == livestatus.KindHTTP { // older than that
			s.State, s.Detail = livestatus.StepSkip, "this version does not tell"
			return nil
		}
		return err
	}
	s.Detail = line(who.ID)
	may := func(roles ...string) bool {
		return slices.Contains(who.Roles, "admin") || slices.Contains(who.Roles, "authorized_for_admin") ||
			!slices.ContainsFunc(roles, func(r string) bool { return !slices.Contains(who.Roles, r) })
	}
	sees := may("authorized_for_all_hosts", "authorized_for_all_services")
	commands := !slices.Contains(who.Roles, "authorized_for_read_only") && may("authorized_for_all_host_commands", "authorized_for_all_service_commands")
	if sees && commands {
		return nil
	}
	s.State = livestatus.StepWarn
	s.Fix = "Give it the roles for all hosts, services and commands (authorized_for_all_…), or do without."
	switch {
	case sees:
		s.Cause = "The owner of the key may not give all commands."
	case commands:
		s.Cause = "The owner of the key sees only what it is a contact of."
	default:
		s.Cause = "The owner of the key sees only what it is a contact of, and may not give all commands."
	}
	return nil
}

func (d *diagnosis) sites(ctx context.Context, s *livestatus.Step, r *livestatus.Report) (err error) {
	if d.all, err = d.c.sites(ctx); err != nil {
		return err
	}
	var names, down []string
	for _, b := range d.all {
		names = append(names, line(b.name))
		if b.fault != "" {
			down = append(down, line(b.name)+": "+line(b.fault))
			continue
		}
		d.well = append(d.well, b)
	}
	s.Detail = fmt.Sprintf("%d: %s", len(names), some(names))
	r.Core = livestatus.Core{Impl: schema.LMD, Name: "Thruk", Version: d.version, Commands: true}
	switch {
	case len(d.all) == 0:
		return &livestatus.Error{Kind: livestatus.KindStatus, Cause: "This Thruk has no sites, or shows none to the owner of the key.", Fix: "Connect its sites first."}
	case len(d.well) == 0:
		return &livestatus.Error{Kind: livestatus.KindStatus, Cause: fmt.Sprintf("Thruk cannot reach any of its cores: %s.", strings.TrimSuffix(some(down), ".")), Fix: "Look at the cores, and at the page of sites of Thruk."}
	case len(down) > 0:
		s.State = livestatus.StepWarn
		s.Cause = fmt.Sprintf("Thruk cannot reach all of its cores: %s.", strings.TrimSuffix(some(down), "."))
		s.Fix = "They are shown as down until it can."
	}
	return nil
}

// some joins the first of a list.
func some(list []string) string {
	if len(list) > 5 {
		return fmt.Sprintf("%s, and %d more", strings.Join(list[:5], ", "), len(list)-5)
	}
	return strings.Join(list, ", ")
}

// identify asks one core, which shows that requests come through.
func (d *diagnosis) identify(ctx context.Context, s *livestatus.Step, r *livestatus.Report) error {
	core, err := d.c.Identify(livestatus.WithBackend(ctx, d.well[0].key))
	if err != nil {
		return err
	}
	about := strings.TrimSpace(core.Name + " " + core.Version)
	if len(d.all) == 1 {
		r.Core = core
	} else {
		about = line(d.well[0].name) + ": " + about
	}
	s.Detail = about
	return nil
}

func (d *diagnosis) hosts(ctx context.Context, s *livestatus.Step, r *livestatus.Report) (err error) {
	r.Hosts, err = d.count(ctx, s, "hosts")
	if err == nil && r.Hosts == 0 {
		s.State = livestatus.StepWarn
		s.Cause = "There are no hosts."
		s.Fix = "Check whether the owner of the key may see them."
	}
	return err
}

func (d *diagnosis) services(ctx context.Context, s *livestatus.Step, r *livestatus.Report) (err error) {
	r.Services, err = d.count(ctx, s, "services")
	return err
}

func (d *diagnosis) count(ctx context.Context, s *livestatus.Step, table string) (n int, err error) {
	began := time.Now()
	counted := d.well[:min(len(d.well), countMost)]
	for _, b := range counted {
		q := lql.Get(table)
		q.Count(lql.Cmp("state", lql.NotEqual, "9999"))
		res, err := d.c.Query(livestatus.WithBackend(ctx, b.key), q)
		if err != nil {
			return n, err
		}
		if res.Rows > 0 {
			n += int(res.Float(0, res.Vectors[0].Name))
		}
	}
	took := time.Since(began).Milliseconds()
	s.Detail = fmt.Sprintf("%d in %d ms", n, took)
	if len(counted) < len(d.all) {
		s.Detail = fmt.Sprintf("%d in %d ms, of %d of the sites", n, took, len(counted))
	}
	return n, nil
}
