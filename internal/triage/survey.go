package triage

import (
	"context"
	"fmt"
	"strings"

	"belvedere/internal/lql"
)

// A Severity is how bad a state is; less is worse.
type Severity uint8

// The severities, worst first.
const (
	Down Severity = iota
	Critical
	Unknown
	Warning
	Unreachable
)

// A Standing is where a problem stands: who has it, or what explains it.
type Standing uint8

// The standings, in the order of lists: what needs someone comes first.
const (
	Open Standing = iota
	Soft
	Acked
	Planned
	Suppressed
	standings // how many there are
)

// MaxProblems is how many problems of each table a survey reads. Beyond, it
// says that it is cut.
const MaxProblems = 100_000

// A Key names a host (Service "") or a service.
type Key struct{ Site, Host, Service string }

// A Problem is one host or service that is not as it should be.
type Problem struct {
	Key
	Since    int64 // last change of state, unix seconds
	Severity Severity
	Standing Standing
	Soft     bool // not confirmed by enough checks yet
	Cause    int  // index of the problem that explains it at the root, -1: nothing does
	// Of roots: how many hosts and services are suppressed because of it.
	HiddenHosts, HiddenServices int
	Output                      string   // only with Want.Outputs
	Owner                       string   // who has it, only with Want.Owners
	Attempt                     int32    // number of the check attempt, only with Want.Attempts
	Groups                      []string // host groups, only with Want.Groups
}

// Unhandled reports whether the problem needs someone.
func (p *Problem) Unhandled() bool { return p.Standing == Open }

// Want says what a survey reads besides what it needs itself.
type Want struct{ Outputs, Groups, Owners, Attempts bool }

// A Survey is all problems that somebody may see at one moment. It is not
// changed once it was taken: pages share it. The zero Survey has none.
type Survey struct {
	Problems []Problem // hosts first
	Hosts    int       // how many of them are hosts
	Cut      bool      // there are more than MaxProblems
	Parts    []lql.Part
	parents  [][]string // of hosts
}

// Counts are numbers of problems by standing.
type Counts struct {
	N     [standings]int
	Hosts [standings]int // those of N that are hosts
}

// All returns the number of all problems that are not folded away.
func (c Counts) All() int { return c.N[Open] + c.N[Soft] + c.N[Acked] + c.N[Planned] }

// Handled returns the number of those that somebody has, or planned.
func (c Counts) Handled() int { return c.N[Acked] + c.N[Planned] }

// Total returns the number of all problems.
func (c Counts) Total() int { return c.All() + c.N[Suppressed] }

// Add counts one problem.
func (c *Counts) Add(p *Problem) {
	c.N[p.Standing]++
	if p.Service == "" {
		c.Hosts[p.Standing]++
	}
}

// Bad returns the filter for problems, in table hosts as in services.
func Bad() lql.Filter { return lql.Cmp("state", lql.Greater, "0") }

// Take reads all problems that q shows. Services are read first: a host that
// changes in between then explains them one step early rather than late.
func Take(ctx context.Context, q lql.Querier, want Want) (*Survey, error) {
	s := &Survey{}
	services, err := s.query(ctx, q, "services", want, "host_name", "description", "host_scheduled_downtime_depth")
	if err != nil {
		return nil, err
	}
	hosts, err := s.query(ctx, q, "hosts", want, "name", "parents")
	if err != nil {
		return nil, err
	}
	key := surveyKey{services, hosts, want}
	if same, ok := lql.Recall(ctx, key).(*Survey); ok {
		return same, nil
	}
	s.Hosts = hosts.Rows
	s.Problems = make([]Problem, 0, hosts.Rows+services.Rows)
	s.add(hosts, want, "name", "")
	s.add(services, want, "host_name", "description")
	parents := hosts.Column("parents")
	s.parents = make([][]string, hosts.Rows)
	for i := range s.parents {
		s.parents[i] = parents.List(i)
	}
	s.explain()
	lql.Keep(ctx, key, s)
	return s, nil
}

// A surveyKey is what a survey is made from.
type surveyKey struct {
	services, hosts *lql.Result
	want            Want
}

// query asks for all problems of a table.
func (s *Survey) query(ctx context.Context, q lql.Querier, table string, want Want, more ...string) (*lql.Result, error) {
	columns := append([]string{"peer_key", "state", "state_type", "acknowledged", "scheduled_downtime_depth", "last_state_change"}, more...)
	if want.Outputs {
		columns = append(columns, "plugin_output")
	}
	if want.Groups {
		columns = append(columns, groupsColumn(table))
	}
	if want.Owners {
		columns = append(columns, "owner")
	}
	if want.Attempts {
		columns = append(columns, "current_attempt")
	}
	query := lql.Get(table, columns...).Where(Bad())
	query.Limit = MaxProblems
	res, err := q.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("triage: %s: %w", table, err)
	}
	s.Cut = s.Cut || res.Total > res.Rows
	s.Parts = append(s.Parts, res.Parts...)
	return res, nil
}

func groupsColumn(table string) string {
	if table == "services" {
		return "host_groups"
	}
	return "groups"
}

// add appends the rows of a result; description is "" for hosts.
func (s *Survey) add(res *lql.Result, want Want, name, description string) {
	site, host, service := res.Column("peer_key"), res.Column(name), res.Column(description)
	state, hard, since := res.Column("state"), res.Column("state_type"), res.Column("last_state_change")
	acked, depth, above := res.Column("acknowledged"), res.Column("scheduled_downtime_depth"), res.Column("host_scheduled_downtime_depth")
	output, groups := res.Column("plugin_output"), res.Column(groupsColumn("hosts"))
	owner, attempt := res.Column("owner"), res.Column("current_attempt")
	severity := ofHost
	if description != "" {
		groups, severity = res.Column(groupsColumn("services")), ofService
	}
	for i := range res.Rows {
		p := Problem{Since: since.Int(i), Severity: severity(state.Int(i)), Soft: hard.Int(i) == 0, Cause: -1}
		p.Key = Key{Site: site.Text(i), Host: host.Text(i), Service: service.Text(i)}
		switch {
		case depth.Int(i) > 0 || above.Int(i) > 0:
			p.Standing = Planned
		case acked.Int(i) != 0:
			p.Standing = Acked
		case p.Soft:
			p.Standing = Soft
		}
		if want.Outputs {
			p.Output = output.Text(i)
		}
		if want.Groups {
			p.Groups = groups.List(i)
		}
		if want.Owners {
			p.Owner = owner.Text(i)
		}
		if want.Attempts {
			p.Attempt = int32(attempt.Int(i))
		}
		s.Problems = append(s.Problems, p)
	}
}

func ofHost(state int64) Severity {
	if state == 2 {
		return Unreachable
	}
	return Down
}

func ofService(state int64) Severity {
	switch state {
	case 1:
		return Warning
	case 2:
		return Critical
	}
	return Unknown
}

// Counts counts all problems.
func (s *Survey) Counts() Counts {
	var c Counts
	for i := range s.Problems {
		c.Add(&s.Problems[i])
	}
	return c
}

// Below returns the indexes of what is suppressed because of problem i.
func (s *Survey) Below(i int) []int {
	if s.Problems[i].HiddenHosts+s.Problems[i].HiddenServices == 0 {
		return nil
	}
	var out []int
	for k := range s.Problems {
		if p := &s.Problems[k]; p.Cause == i && p.Standing == Suppressed {
			out = append(out, k)
		}
	}
	return out
}

// Find returns the index of a problem, -1 when there is none of that key.
func (s *Survey) Find(k Key) int {
	from, to := 0, s.Hosts
	if k.Service != "" {
		from, to = s.Hosts, len(s.Problems)
	}
	for i := from; i < to; i++ {
		if s.Problems[i].Key == k {
			return i
		}
	}
	return -1
}

// String returns the name of the standing in English.
func (s Standing) String() string {
	return [...]string{"open", "soft", "acknowledged", "downtime", "suppressed"}[s]
}

// Compare orders keys by site, host and service.
func (k Key) Compare(o Key) int {
	if c := strings.Compare(k.Site, o.Site); c != 0 {
		return c
	}
	if c := strings.Compare(k.Host, o.Host); c != 0 {
		return c
	}
	return strings.Compare(k.Service, o.Service)
}
