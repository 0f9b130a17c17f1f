package app

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"belvedere/internal/access"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// metrics returns the handler of /metrics with a registry of its own.
func (a *App) metrics() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r.MustRegister(&fleetCollector{fleet: a.fleet, now: time.Now})
	r.MustRegister(&problemCollector{all: a.engine.For(access.Viewer{All: true}), log: a.log})
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}

var siteLabels = []string{"site"}

// The descriptions of what is told about each site.
var (
	descUp      = prometheus.NewDesc("belvedere_site_up", "1 when the site's data is fresh or late, 0 when the core is out of reach or not read.", siteLabels, nil)
	descState   = prometheus.NewDesc("belvedere_site_state", "1 for the state the site is in.", []string{"site", "state"}, nil)
	descAge     = prometheus.NewDesc("belvedere_site_age_seconds", "Seconds since the core last confirmed its data.", siteLabels, nil)
	descRows    = prometheus.NewDesc("belvedere_site_rows", "Rows kept of a table.", []string{"site", "table"}, nil)
	descIn      = prometheus.NewDesc("belvedere_site_received_bytes_total", "Bytes received from the core.", siteLabels, nil)
	descOut     = prometheus.NewDesc("belvedere_site_sent_bytes_total", "Bytes sent to the core.", siteLabels, nil)
	descQueries = prometheus.NewDesc("belvedere_site_queries_total", "Requests sent to the core.", siteLabels, nil)
	descSync    = prometheus.NewDesc("belvedere_site_sync_seconds", "Seconds the last full synchronisation took.", siteLabels, nil)
	descLatency = prometheus.NewDesc("belvedere_site_latency_seconds", "Seconds the core took for its last answer.", siteLabels, nil)
	descSkew    = prometheus.NewDesc("belvedere_site_clock_skew_seconds", "The core's clock minus ours.", siteLabels, nil)
	descErrors  = prometheus.NewDesc("belvedere_site_errors_total", "Failures talking to the core by kind.", []string{"site", "kind"}, nil)
)

// fleetCollector reads the present view of the fleet at each scrape.
type fleetCollector struct {
	fleet *store.Fleet
	now   func() time.Time
}

// Describe implements prometheus.Collector.
func (c *fleetCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descUp, descState, descAge, descRows, descIn, descOut, descQueries, descSync, descLatency, descSkew, descErrors} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *fleetCollector) Collect(ch chan<- prometheus.Metric) {
	now := c.now()
	for _, s := range c.fleet.View().Sites {
		name, h := s.Info.Name, s.Health
		gauge := func(d *prometheus.Desc, v float64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append([]string{name}, labels...)...)
		}
		counter := func(d *prometheus.Desc, v int64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), append([]string{name}, labels...)...)
		}
		up := 0.0
		if h.State == store.Fresh || h.State == store.Late {
			up = 1
		}
		gauge(descUp, up)
		gauge(descState, 1, h.State.String())
		if !h.LastOK.IsZero() {
			gauge(descAge, now.Sub(h.LastOK).Seconds())
		}
		for _, t := range schema.Tables() {
			if t.Source == schema.FromCore {
				gauge(descRows, float64(s.Snapshot.Rows(t.Name)), t.Name)
			}
		}
		counter(descIn, h.BytesIn)
		counter(descOut, h.BytesOut)
		counter(descQueries, h.Queries)
		gauge(descSync, h.SyncSeconds)
		gauge(descLatency, h.Latency.Seconds())
		gauge(descSkew, h.ClockSkew.Seconds())
		for kind, n := range h.Errors {
			counter(descErrors, n, kind)
		}
	}
}
