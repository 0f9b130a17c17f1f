package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"belvedere/internal/feature/grafana"
	"belvedere/internal/lql"
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
	for _, err := range []error{c.states(ctx, ch, descHosts, "hosts"), c.states(ctx, ch, descServices, "services"), c.groups(ctx, ch)} {
		if err != nil {
			c.log.Error("counting problems for metrics", "error", err)
		}
	}
}

// yesNo is how labels say whether something is so.
func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// states counts the rows of a table by site, state and whether they are handled.
func (c *problemCollector) states(ctx context.Context, ch chan<- prometheus.Metric, desc *prometheus.Desc, table string) error {
	counts, err := grafana.Counts(ctx, c.all, table, time.Now())
	if err != nil {
		return err
	}
	for _, n := range counts {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n.N), n.Site, n.State, yesNo(n.Handled))
	}
	return nil
}

// groups counts the problems of host groups, those of one name together.
func (c *problemCollector) groups(ctx context.Context, ch chan<- prometheus.Metric) error {
	groups, total, err := grafana.Groups(ctx, c.all, hostgroupsMost)
	if err != nil {
		return err
	}
	ch <- prometheus.MustNewConstMetric(descGroups, prometheus.GaugeValue, float64(total))
	for _, g := range groups {
		ch <- prometheus.MustNewConstMetric(descGroup, prometheus.GaugeValue, float64(g.Unhandled), g.Hostgroup, yesNo(false))
		ch <- prometheus.MustNewConstMetric(descGroup, prometheus.GaugeValue, float64(g.Handled), g.Hostgroup, yesNo(true))
	}
	return nil
}
