package sites

import (
	"cmp"
	"context"
	"net"
	"net/url"
	"strings"

	"belvedere/internal/web/ui"
)

// A beginning is the first step of adding a site: what runs there, and where.
// It proposes addresses, and says what to do on the core's machine.
type beginning struct {
	Kind, Host       string // Host "": this machine
	KindErr, HostErr string
	kinds            []ui.Option
	ways             []way  // the best first
	address          string // what the form begins with; "": with the agent
}

// The parameters of the first step.
const (
	paramKind    = "kind"
	paramHost    = "host"
	paramAddress = "address" // one of the ways, instead of the best
)

const maxHost = 253

// A way is one way to reach a core.
type way struct {
	Title, Note string
	Address     string // "": with the agent
	Lines       string // what to type on the core's machine
}

// begin reads the first step from the parameters of a page or the fields of its
// form.
func begin(ctx context.Context, v url.Values) beginning {
	b := beginning{Kind: v.Get(paramKind), Host: strings.TrimSpace(v.Get(paramHost))}
	host := b.Host
	if len(host) > maxHost || strings.ContainsFunc(host, control) || strings.ContainsAny(host, " /?#@\"'\\") {
		b.HostErr, host = ui.T(ctx, "A name or an IP address, without port or path."), ""
	}
	b.kinds = kinds(ctx, b.Kind)
	switch b.Kind {
	case "":
		return b
	case "naemon":
		b.ways = naemonWays(ctx, host)
	case "nagios":
		b.ways = nagiosWays(ctx, host)
	case "icinga2":
		b.ways = icingaWays(ctx, host)
	case "shinken":
		b.ways = shinkenWays(ctx, host)
	case "pane":
		b.ways = paneWays(ctx, host)
	case "unknown":
		b.ways = unknownWays(ctx, host)
	default:
		b.KindErr = ui.T(ctx, "kind must be naemon, nagios, icinga2, shinken, pane or unknown.")
		return b
	}
	b.address = b.ways[0].Address
	for _, w := range b.ways {
		if w.Address == v.Get(paramAddress) && w.Address != "" {
			b.address = w.Address
		}
	}
	return b
}

// path returns the page with the address of a way in its form.
func (b beginning) path(address string) string {
	return "/sites/new?" + url.Values{paramKind: {b.Kind}, paramHost: {b.Host}, paramAddress: {address}}.Encode()
}

// chosen reports whether it is known what runs there.
func (b beginning) chosen() bool { return len(b.ways) > 0 }

// bad reports whether a parameter says nothing.
func (b beginning) bad() bool { return b.KindErr+b.HostErr != "" }

func kinds(ctx context.Context, kind string) []ui.Option {
	out := []ui.Option{
		{Value: "naemon", Label: "Naemon", Note: ui.T(ctx, "Livestatus, over a socket, SSH or a port")},
		{Value: "nagios", Label: "Nagios, Icinga 1", Note: ui.T(ctx, "our agent, or Livestatus")},
		{Value: "icinga2", Label: "Icinga 2", Note: ui.T(ctx, "its API on port 5665")},
		{Value: "shinken", Label: "Shinken", Note: ui.T(ctx, "its Livestatus module")},
		{Value: "pane", Label: "Thruk, LMD, Belvedere", Note: ui.T(ctx, "all sites behind it become sites here")},
		{Value: "unknown", Label: ui.T(ctx, "I do not know"), Note: ui.T(ctx, "give an address, the test says what answers")},
	}
	for i := range out {
		out[i].Selected = out[i].Value == kind
	}
	return out
}

// at writes an address with a port.
func at(scheme, host, port string) string {
	if host == "" {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(strings.Trim(host, "[]"), port)
}

// bracketed is host as addresses have it.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + strings.Trim(host, "[]") + "]"
	}
	return host
}

// overSSH writes the address of a socket on another machine.
func overSSH(host, socket string) string { return "ssh://belvedere@" + bracketed(host) + socket }

func agentWay(ctx context.Context, note string) way {
	return way{Title: ui.T(ctx, "The agent beside it"), Note: note, Lines: "belvedere agent check\nsudo belvedere agent join CODE"}
}

func portWay(ctx context.Context, host, lines string) way {
	return way{Title: ui.T(ctx, "A port in clear text"), Note: ui.T(ctx, "Whoever reaches it reads everything and gives commands: allow only this server in the firewall."), Address: at("tcp", host, "6557"), Lines: lines}
}

func naemonWays(ctx context.Context, host string) []way {
	const socket = "/var/cache/naemon/live"
	const look = "grep -r livestatus /etc/naemon\n"
	if host == "" {
		return []way{{Title: ui.T(ctx, "Its socket on this machine"), Note: ui.T(ctx, "The module comes with the package naemon-livestatus."), Address: "unix://" + socket,
			Lines: look + "usermod -aG naemon belvedere\nsystemctl restart belvedere"}}
	}
	return []way{
		{Title: ui.T(ctx, "Its socket, over SSH"), Note: ui.T(ctx, "For a user that Belvedere signs in as, with the line of its key in authorized_keys."), Address: overSSH(host, socket),
			Lines: look + "useradd -m belvedere\nusermod -aG naemon belvedere"},
		agentWay(ctx, ui.T(ctx, "No open port there, and both sides prove who they are.")),
		portWay(ctx, host, "broker_module=/usr/lib/naemon/naemon-livestatus/livestatus.so inet_addr=0.0.0.0:6557 "+socket),
	}
}

func nagiosWays(ctx context.Context, host string) []way {
	const socket = "/var/lib/nagios4/rw/live"
	const module = "broker_module=/usr/local/lib/mk-livestatus/livestatus.o " + socket
	if host == "" {
		return []way{
			{Title: ui.T(ctx, "Our agent reads its files"), Note: ui.T(ctx, "Nagios has no Livestatus of its own: nothing else has to be installed."), Address: "unix:///run/belvedere/live",
				Lines: "usermod -aG nagios,www-data belvedere\nbelvedere agent livestatus --listen unix:///run/belvedere/live"},
			{Title: ui.T(ctx, "With mk-livestatus (up to Nagios 4.4)"), Address: "unix://" + socket, Lines: module + "\nusermod -aG nagios belvedere"},
		}
	}
	agent := agentWay(ctx, ui.T(ctx, "Nagios has no Livestatus of its own: the agent reads its files, and nothing else has to be installed."))
	agent.Lines = "usermod -aG nagios,www-data belvedere-agent\n" + agent.Lines
	return []way{
		agent,
		{Title: ui.T(ctx, "With mk-livestatus (up to Nagios 4.4), over SSH"), Address: overSSH(host, socket), Lines: module + "\nuseradd -m belvedere\nusermod -aG nagios belvedere"},
		portWay(ctx, host, ""),
	}
}

// apiUser makes the user of Belvedere in an Icinga 2, with the least
// permissions for everything.
const apiUser = `icinga2 api setup
cat > /etc/icinga2/conf.d/belvedere.conf <<'END'
object ApiUser "belvedere" {
  password = "choose a long one"
  permissions = [
    "status/query", "events/*",
    "objects/query/Host", "objects/query/Service", "objects/query/Comment", "objects/query/Downtime",
    "objects/query/Notification", "objects/query/Dependency", "objects/query/User", "objects/query/UserGroup",
    "objects/query/HostGroup", "objects/query/ServiceGroup", "objects/query/TimePeriod", "objects/query/CheckCommand",
    "objects/query/EventCommand", "objects/query/NotificationCommand", "objects/query/Zone", "objects/query/Endpoint",
    "actions/acknowledge-problem", "actions/remove-acknowledgement", "actions/add-comment", "actions/remove-comment",
    "actions/schedule-downtime", "actions/remove-downtime", "actions/reschedule-check", "actions/process-check-result",
    "actions/send-custom-notification", "actions/delay-notification",
    "objects/modify/Host", "objects/modify/Service", "objects/modify/IcingaApplication"
  ]
}
END
icinga2 daemon -C && systemctl reload-or-restart icinga2`

func icingaWays(ctx context.Context, host string) []way {
	out := []way{{Title: ui.T(ctx, "Its API"), Note: ui.T(ctx, "It is part of every Icinga 2 and encrypted. Enter the user and its password in the form; the test shows the certificate to trust."), Address: at("icinga2", host, "5665"), Lines: apiUser}}
	const socket = "/run/icinga2/cmd/livestatus"
	old := way{Title: ui.T(ctx, "Livestatus"), Note: ui.T(ctx, "Icinga 2 says that it will be removed in 2.18."), Address: "unix://" + socket, Lines: "icinga2 feature enable livestatus\nsystemctl restart icinga2"}
	if host != "" {
		old.Address = overSSH(host, socket)
	}
	return append(out, old)
}

func shinkenWays(ctx context.Context, host string) []way {
	out := []way{{Title: ui.T(ctx, "Its Livestatus module"), Address: at("tcp", host, "50000"),
		Lines: "shinken install livestatus\nvi /etc/shinken/modules/livestatus.cfg\nvi /etc/shinken/brokers/broker-master.cfg\nsystemctl restart shinken"}}
	if host != "" {
		out[0].Note = ui.T(ctx, "Whoever reaches it reads everything and gives commands: allow only this server in the firewall.")
		out = append(out, agentWay(ctx, ui.T(ctx, "No open port there, and both sides prove who they are.")))
	}
	return out
}

func paneWays(ctx context.Context, host string) []way {
	thruk := cmp.Or(bracketed(host), "127.0.0.1")
	return []way{
		{Title: "Thruk", Note: ui.T(ctx, "Make an API key on the page of your profile there, and enter it in the form as the password."), Address: "https://" + thruk + "/thruk", Lines: "api_keys_enabled = 1"},
		{Title: ui.T(ctx, "Another Belvedere"), Note: ui.T(ctx, "Its configuration says who may connect (livestatus)."), Address: at("tls", host, "6557")},
		{Title: "LMD", Address: at("tcp", host, "6557")},
	}
}

func unknownWays(ctx context.Context, host string) []way {
	return []way{{Title: ui.T(ctx, "The usual port"), Note: ui.T(ctx, "Test it: what answers is named, and so is what is missing. This shows what runs there, and where it listens:"), Address: at("tcp", host, "6557"),
		Lines: "ps -e -o args | grep -E 'naemon|nagios|icinga|shinken'\nss -ltnx | grep -E 'live|:6557|:5665|:50000'"}}
}
