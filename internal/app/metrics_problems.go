package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"belvedere/internal/lql"
	"belvedere/internal/search"
)

// hostgroupsMost bounds the host groups that metrics name, by name: each is
// some series in the database of who scrapes.
const hostgroupsMost = 500

var (
	descHosts    = prometheus.NewDesc("belvedere_hosts", "Hosts by state; handled is yes for problems that are acknowledged, in a downtime, or explained by one above.", []string{"site", "state", "handled"}, nil)
	descServices = prometheus.NewDesc("belvedere_services", "Services by state; handled is yes for problems that are acknowledged, in a downtime, or explained by their host.", []string{"site", "state", "handled"}, nil)
	descGroup    = prometheus.NewDesc("belvedere_hostgroup_problems", "Problems of the services of a host group over all sites, of the first 500 groups by name.", []string{"hostgroup", "handled"}, nil)
	descGroups   = prometheus.NewDesc("belvedere_hostgroups", "Host groups over all sites, those that are left out included.", nil, nil)
)

// A problemCollector counts what is monitored, by state, at each scrape.
type problemCollector struct {
	all lql.Querier
	log *slog.Logger
}

// Describe implements prometheus.Collector.
func (c *problemCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descHosts, descServices, descGroup, descGroups} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. What cannot be counted is logged and
// left out: a wrong number would be worse than none.
func (c *problemCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, count := range []func(context.Context, chan<- prometheus.Metric) error{c.hosts, c.services, c.groups} {
		if err := count(ctx, ch); err != nil {
			c.log.Error("counting problems for metrics", "error", err)
		}
	}
}

func (c *problemCollector) hosts(ctx context.Context, ch chan<- prometheus.Metric) error {
	return c.states(ctx, ch, descHosts, "hosts", "up", "down", "unreachable")
}

func (c *problemCollector) services(ctx context.Context, ch chan<- prometheus.Metric) error {
	return c.states(ctx, ch, descServices, "services", "ok", "warning", "critical", "unknown")
}

// states counts the rows of a table by site, state and whether they are handled.
func (c *problemCollector) states(ctx context.Context, ch chan<- prometheus.Metric, desc *prometheus.Desc, table string, names ...string) error {
	handled, err := search.Is("is", "handled").Filters(time.Now(), table)
	if err != nil {
		return err
	}
	q := lql.Get(table).Count(lql.AndOf()).Count(handled[0])
	q.GroupBy = []string{"peer_name", "state", "has_been_checked"}
	res, err := c.all.Query(ctx, q)
	if err != nil {
		return err
	}
	counts := map[[3]string]int64{} // site, state, handled
	for i := range res.Rows {
		state := "pending"
		if at := res.Int(i, "state"); res.Int(i, "has_been_checked") != 0 && at >= 0 && int(at) < len(names) {
			state = names[at]
		}
		site, rows, known := res.Text(i, "peer_name"), res.Vectors[3].Int(i), res.Vectors[4].Int(i)
		counts[[3]string{site, state, "no"}] += rows - known
		if state != "pending" && state != names[0] {
			counts[[3]string{site, state, "yes"}] += known
		}
	}
	for labels, n := range counts {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n), labels[:]...)
	}
	return nil
}

// groups counts the problems of host groups, those of one name together.
func (c *problemCollector) groups(ctx context.Context, ch chan<- prometheus.Metric) error {
	q := lql.Get("hostgroups")
	q.Stats = []lql.Stat{{Agg: lql.Sum, Column: "num_services_unhandled_problems"}, {Agg: lql.Sum, Column: "num_services_handled_problems"}}
	q.GroupBy = []string{"name"}
	q.OrderBy("name")
	res, err := c.all.Query(ctx, q)
	if err != nil {
		return err
	}
	ch <- prometheus.MustNewConstMetric(descGroups, prometheus.GaugeValue, float64(res.Rows))
	for i := range min(res.Rows, hostgroupsMost) {
		for j, handled := range []string{"no", "yes"} {
			ch <- prometheus.MustNewConstMetric(descGroup, prometheus.GaugeValue, res.Vectors[1+j].Float(i), res.Text(i, "name"), handled)
		}
	}
	return nil
}
