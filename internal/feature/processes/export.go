package processes

import (
	"context"
	"net/http"

	"belvedere/internal/web"
	"belvedere/internal/web/export"
	"belvedere/internal/web/list"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// files is what the files of all processes are below: one step deeper than the
// page of a core, which any name may have.
const files = "/processes/all"

// whole is what the page shows of all cores.
func whole(r *http.Request) (x list.Whole, err error) {
	ctx := r.Context()
	p, err := load(ctx, web.Data(r), "", ui.Now(ctx))
	if err != nil {
		return x, err
	}
	fields := []list.Field[process]{
		list.In("peer_name", ui.T(ctx, "Site"), export.Text, func(c process) any { return c.name }),
		list.In("implementation", ui.T(ctx, "Core"), export.Text, func(c process) any { return c.core }),
		list.In("version", ui.T(ctx, "Version"), export.Text, func(c process) any { return c.version }),
		list.In("program_start", ui.T(ctx, "Started"), export.Time, func(c process) any { return status.Unix(c.int("program_start")) }),
		list.In("checks_rate", ui.T(ctx, "Checks a second"), export.Number, func(c process) any { return known(c.known, c.rate()) }),
	}
	for n, table := range []string{"hosts", "services"} {
		fields = append(fields,
			list.In(table+"_latency", latencyOf(ctx, n)+" (s)", export.Number, func(c process) any { return known(c.work[n].active > 0, c.work[n].latency) }),
			list.In(table+"_latency_most", latencyMostOf(ctx, n)+" (s)", export.Number, func(c process) any { return known(c.work[n].active > 0, c.work[n].latencyMost) }))
	}
	fields = append(fields, list.In("switched_off", ui.T(ctx, "Switched off"), export.List, func(c process) any { return c.off(ctx) }))
	x = list.Whole{Name: "processes", Title: ui.T(ctx, "Processes"), Path: "/processes", Files: files}
	return list.Filled(r, x, p.processes, process.path, fields...), nil
}

// known is a number that may be unknown.
func known(is bool, n float64) any {
	if !is {
		return nil
	}
	return n
}

// onCard is what stands before a value on a card, "" where there is none.
func onCard(there bool, head string) string {
	if !there {
		return ""
	}
	return head
}

// latencyOf names the latency of hosts, 0, or services, 1.
func latencyOf(ctx context.Context, n int) string {
	return [...]string{ui.T(ctx, "Latency of hosts"), ui.T(ctx, "Latency of services")}[n]
}

func latencyMostOf(ctx context.Context, n int) string {
	return [...]string{ui.T(ctx, "Latency of hosts, at most"), ui.T(ctx, "Latency of services, at most")}[n]
}

// offer is what the processes can be had as.
func (p *picture) offer(ctx context.Context) list.Offer {
	n := len(p.processes)
	return list.OfferWhole(ctx, files, ui.N(ctx, n, "%s site", "%s sites", ui.Number(n)))
}
