package testkit

import (
	"fmt"
	"strconv"
	"strings"
)

// A checkKind is one kind of check: a service name, the command behind it and
// what its plugin says in each state. Texts may hold {h} host name, {a}
// address, {v} a percentage that fits the state, {f} a small number, {n} a
// large one, {c} the code of the site.
type checkKind struct {
	desc, command, expanded, group string
	out                            [4]string // by state
	perf, long                     string
	vars                           []variable
	missing                        bool // the plugin is not installed
}

// A role is what a host is for.
type role struct {
	prefix, group, alias, team, icon string
	kinds                            []*checkKind
	weight                           int // how many of a hundred hosts
}

// groupAlias are the longer names of the groups of roles.
var groupAlias = map[string]string{
	"network": "Network", "wlan": "Access points", "webshop": "Webshop Alpenmarkt", "databases": "Databases", "mail": "Mail relays",
	"dns": "DNS and DHCP", "storage": "Storage and backup", "esx": "Virtualisation", "k8s": "Kubernetes", "vpn": "VPN gateways",
	"linux-servers": "Linux servers", "windows": "Windows servers", "ups": "Power and cooling", "printers": "Printers",
}

// A place is where a site is.
type place struct{ name, code, section, long string }

var places = [...]place{
	{"Wien", "wien", "Europe/Austria", "Wien Arsenal"},
	{"Frankfurt", "fra", "Europe/Germany", "Frankfurt am Main, Hanauer Landstraße"},
	{"Kraków", "kra", "Europe/Poland", "Kraków Nowa Huta"},
	{"Zürich", "zrh", "Europe/Switzerland", "Zürich Altstetten"},
	{"São Paulo", "gru", "Americas", "São Paulo, Barueri"},
	{"München", "muc", "Europe/Germany", "München Ost"},
	{"Łódź", "ldz", "Europe/Poland", "Łódź, ul. Piotrkowska"},
	{"東京", "tyo", "Asia", "東京 千代田区"},
	{"Graz", "grz", "Europe/Austria", "Graz Puntigam"},
	{"Lisboa", "lis", "Europe", "Lisboa, Sacavém"},
	{"Göteborg", "got", "Europe", "Göteborg Hisingen"},
	{"Montréal", "ymq", "Americas", "Montréal, Saint-Laurent"},
	{"Bratislava", "bts", "Europe", "Bratislava Ružinov"},
	{"Ljubljana", "lju", "Europe", "Ljubljana Šiška"},
	{"Lab", "lab", "Lab", "the lab in the cellar"},
}

func placeOf(name string) place {
	for _, p := range places {
		if p.name == name {
			return p
		}
	}
	code := strings.ToLower(strings.NewReplacer(" ", "-", "/", "-", ";", "-").Replace(name))
	return place{name: name, code: code, section: "", long: name}
}

var hostCheck = &checkKind{
	desc: "", command: "check-host-alive", expanded: "/usr/lib/nagios/plugins/check_icmp -H {a} -w 200.0,20% -c 500.0,60% -n 5",
	out: [4]string{
		"PING OK - Packet loss = 0%, RTA = {f} ms",
		"CRITICAL - {a}: rta nan, lost 100%",
		"(not checked: parent is down)",
		"UNKNOWN",
	},
	perf: "rta={f}ms;200.000;500.000;0; pl=0%;20;60;0;100",
}

func kind(desc, command, expanded, group, ok, warn, crit, unknown, perf string) *checkKind {
	return &checkKind{desc: desc, command: command, expanded: "/usr/lib/nagios/plugins/" + expanded, group: group,
		out: [4]string{ok, warn, crit, unknown}, perf: perf}
}

// catalog holds every kind of check by a short name.
type catalog map[string]*checkKind

func newCatalog() catalog {
	nrpe := func(cmd string) string { return "check_nrpe -H {a} -c " + cmd }
	noRPC := "UNKNOWN - CIM: connection timed out after 60 s"
	unread := "NRPE: Unable to read output"
	snmp := "SNMP No Response from remote host '{a}'"
	c := catalog{
		"ping":   kind("PING", "check_ping!200.0,20%!500.0,60%", "check_ping -H {a} -w 200.0,20% -c 500.0,60% -p 5", "network-checks", "PING OK - Packet loss = 0%, RTA = {f} ms", "PING WARNING - Packet loss = 20%, RTA = 2{v}.08 ms", "PING CRITICAL - Packet loss = 100%", "UNKNOWN - no route to {a}", "rta={f}ms;200;500;0 pl=0%;20;60;0"),
		"cpu":    kind("CPU", "check_nrpe!check_cpu", nrpe("check_cpu"), "os", "OK - 12 cores, user {v}.2%, system 3.1%, iowait 0.4%", "WARNING - 12 cores, user {v}.4%, system 7.7%, iowait 2.0%", "CRITICAL - 12 cores, user {v}.9%, system 4.1%, iowait 21.6%", unread, "user={v}%;80;90;0;100 system=3%;;;0;100"),
		"load":   kind("Load", "check_nrpe!check_load", nrpe("check_load"), "os", "OK - load average: {f}, 1.98, 1.74", "WARNING - load average: 14.91, 12.77, 9.40", "CRITICAL - load average: 41.20, 33.08, 19.75", unread, "load1={f};12;24;0; load5=1.98;12;24;0; load15=1.74;12;24;0;"),
		"memory": kind("Memory", "check_nrpe!check_mem", nrpe("check_mem"), "os", "OK - {v}.3% used ({f} GiB of 64.0 GiB)", "WARNING - {v}.4% used (113.2 GiB of 128.0 GiB), swap 12.1%", "CRITICAL - {v}.8% used (125.1 GiB of 128.0 GiB), swap 88.0%", unread, "mem={v}%;85;95;0;100 swap=2%;50;90;0;100"),
		"disk":   kind("Disk /", "check_nrpe!check_disk_root", nrpe("check_disk_root"), "disks", "DISK OK - free space: / 41.2 GiB (68.4% inode=94%)", "DISK WARNING - free space: / 5.9 GiB (9.8% inode=91%)", "DISK CRITICAL - free space: / 1.1 GiB (1.8% inode=90%)", unread, "/={v}%;80;90;0;100"),
		"var":    kind("Disk /var", "check_nrpe!check_disk_var", nrpe("check_disk_var"), "disks", "DISK OK - free space: /var 88.0 GiB (44.0% inode=97%)", "DISK WARNING - free space: /var 17.3 GiB (8.6% inode=96%)", "DISK CRITICAL - free space: /var 2.2 GiB (1.1% inode=96%)", unread, "/var={v}%;80;90;0;100"),
		"export": kind("Disk /srv/export", "check_nrpe!check_disk_export", nrpe("check_disk_export"), "disks", "DISK OK - free space: /srv/export 402 GiB (51.0% inode=99%)", "DISK WARNING - free space: /srv/export 71.0 GiB (9.0% inode=93%)", "DISK CRITICAL - free space: /srv/export 11.2 GiB (1.4% inode=92%)", unread, "/srv/export={v}%;80;90;0;100"),
		"ntp":    kind("NTP offset", "check_ntp_time!0.1!0.5", "check_ntp_time -H {a} -w 0.1 -c 0.5", "ntp", "NTP OK: Offset 0.000{n} secs, stratum best:2 worst:3", "NTP WARNING: Offset -0.11{n} secs, stratum best:3 worst:3", "NTP CRITICAL: Offset unknown, no peer is reachable", "NTP UNKNOWN: no response from {a}", "offset=0.000{n}s;0.1;0.5"),
		"ssh":    kind("SSH", "check_ssh", "check_ssh {a}", "os", "SSH OK - OpenSSH_9.2p1 Debian-2+deb12u3 (protocol 2.0)", "SSH WARNING - answer after {f} s", "connect to address {a} and port 22: Connection refused", "CRITICAL - Socket timeout after 10 seconds", "time=0.0{n}s;;;0;10"),
		"apt":    kind("Updates", "check_nrpe!check_apt", nrpe("check_apt"), "os", "APT OK: 0 packages available for upgrade (0 critical updates)", "APT WARNING: {v} packages available for upgrade (0 critical updates)", "APT CRITICAL: {v} packages available for upgrade (4 critical updates)", unread, "available_upgrades={v};;;0 critical_updates=0;;;0"),
		"shop":   kind("HTTPS shop.alpenmarkt.at", "check_http!shop.alpenmarkt.at", "check_http -H shop.alpenmarkt.at -I {a} -S --sni -w 2 -c 5 --header 'Cookie: probe=\"1\"'", "web", "HTTP OK: HTTP/1.1 200 OK - 18344 bytes in 0.{n} second response time", "HTTP WARNING: HTTP/1.1 200 OK - 18344 bytes in 2.{n} second response time", "HTTP CRITICAL: HTTP/1.1 503 Service Unavailable - 412 bytes in 0.031 second response time", "HTTP UNKNOWN - Name or service not known", "time=0.{n}s;2;5;0 size=18344B;;;0"),
		"http":   kind("HTTP", "check_http", "check_http -I {a} -w 2 -c 5", "web", "HTTP OK: HTTP/1.1 200 OK - 18344 bytes in 0.{n} second response time", "HTTP WARNING: HTTP/1.1 200 OK - 18344 bytes in 2.{n} second response time", "HTTP CRITICAL: <html><head><title>502 Bad Gateway</title></head><body><b>nginx</b> <script>alert('{h}')</script>", "CRITICAL - Socket timeout", "time=0.{n}s;2;5;0 size=18344B;;;0"),
		"cert":   kind("TLS certificate", "check_http_cert!30!7", "check_http -I {a} -C 30,7", "web", "OK - Certificate 'portal.münchner-stadtwerke.de' will expire in {v} days", "WARNING - Certificate 'portal.münchner-stadtwerke.de' expires in 14 day(s)", "CRITICAL - Certificate 'portal.münchner-stadtwerke.de' expires in 2 day(s)", "UNKNOWN - Cannot make SSL connection.", "days={v};30:;7:"),
		"pg":     kind("PostgreSQL replication", "check_pg_replication", "check_postgres_hot_standby_delay --host {a} --dbname 'orders' --dbpass 's3cr;et'", "databases", `POSTGRES_HOT_STANDBY_DELAY OK: DB "orders" (host:{h}) {n} bytes`, `POSTGRES_HOT_STANDBY_DELAY WARNING: DB "orders" (host:{h}) 2107 bytes and 604 seconds`, `POSTGRES_HOT_STANDBY_DELAY CRITICAL: DB "orders" (host:{h}) 48213 bytes and 912 seconds`, "ERROR: could not connect to server", "repl_delay={n}B;1024;40960"),
		"mysql":  kind("MySQL threads", "check_mysql_threads!400!800", "check_mysql_health --hostname {a} --mode threads-connected", "databases", "OK - {v} threads connected", "WARNING - 412 threads connected (w 400)", "CRITICAL - 977 threads connected (c 800)", "UNKNOWN - Access denied for user 'nagios'@'{a}'", "threads={v};400;800"),
		"ora":    kind("Tablespace USERS", "check_oracle!USERS", "check_oracle_health --connect {h} --tablespace USERS", "databases", "OK - tbs USERS usage is {v}.10%", "WARNING - tbs USERS usage is 92.44%", "CRITICAL - tbs USERS usage is 98.02%", "UNKNOWN - ORA-12541: TNS:no listener", "tbs_users_usage_pct={v}%;90;98"),
		"mailq":  kind("Mail queue", "check_mailq!1000!2000", "check_mailq -w 1000 -c 2000 -M postfix", "mail", "OK: mailq reports queue is {v}", "WARNING: mailq is 1204 (threshold w = 1000)", "CRITICAL: mailq is 4812 (threshold c = 2000)", "UNKNOWN: mailq: Permission denied", "unsent={v};1000;2000;0"),
		"smtp":   kind("SMTP", "check_smtp", "check_smtp -H {a}", "mail", "SMTP OK - 0.{n} sec. response time", "SMTP WARNING - 3.{n} sec. response time", "CRITICAL - Socket timeout after 10 seconds", "SMTP UNKNOWN - no greeting", "time=0.{n}s;3;10;0"),
		"sap":    kind("Backup SAP nightly", "check_dummy_passive", "check_dummy 3 'no result received'", "backup", "OK: last successful backup 7h {v}m ago (RC=0)", "WARNING: last successful backup 26h {v}m ago", "CRITICAL: last successful backup 31h 12m ago (RC=6: media write error on LTO8-03)", "UNKNOWN: no result received", ""),
		"ipsec":  kind("IPsec Łódź", "check_ipsec!lodz", "check_ipsec --sa lodz", "vpn", `OK - IKE_SA "lodz": established, last rekey 00:{v} ago`, `WARNING - IKE_SA "lodz": rekeyed {v} times in an hour`, `CRITICAL - IKE_SA "lodz": no SA established, last rekey 08:41:44`, "UNKNOWN - charon does not answer", ""),
		"if1":    kind("Interface Te1/1/1 (uplink)", "check_snmp_int!Te1/1/1", "check_snmp_int.pl -H {a} -C public -n 'Te1/1/1'", "interfaces", "OK - Te1/1/1 up, in {v} Mb/s, out {f} Mb/s", "WARNING: Te1/1/1 in-errors 0.42/s, crc 0.40/s", "CRITICAL: Te1/1/1 down", snmp, "in={v}Mb;800;950 out={f}Mb;800;950"),
		"if2":    kind("Interface Te1/1/2 (uplink)", "check_snmp_int!Te1/1/2", "check_snmp_int.pl -H {a} -C public -n 'Te1/1/2'", "interfaces", "OK - Te1/1/2 up, in {v} Mb/s, out {f} Mb/s", "WARNING: Te1/1/2 in-errors 0.31/s", "CRITICAL: Te1/1/2 down", snmp, "in={v}Mb;800;950 out={f}Mb;800;950"),
		"psu":    kind("Power supply", "check_snmp_env!psu", "check_nwc_health --hostname {a} --mode hardware-health", "hardware", "OK - PSU-A normal, PSU-B normal", "WARNING - PSU-B not redundant", "CRITICAL - PSU-A failed", snmp, ""),
		"temp":   kind("Temperature", "check_snmp_env!temp", "check_nwc_health --hostname {a} --mode temperature", "hardware", "OK - inlet 27 °C, hotspot 41 °C", "WARNING - inlet 34 °C, hotspot 6{v} °C", "CRITICAL - inlet 48 °C, hotspot 88 °C", snmp, "'inlet °C'=27;32;40 'hotspot °C'=41;60;80"),
		"uptime": kind("Uptime", "check_snmp_uptime", "check_snmp -H {a} -o sysUpTime.0", "os", "OK - up {v} days", "WARNING - up 0 days, restarted", "CRITICAL - up 0 days, restarted twice in an hour", snmp, "uptime={v}"),
		"ds":     kind("Datastore ds-nvme-02", "check_vmware!ds-nvme-02", "check_vmware_api -H {a} -l vmfs -s ds-nvme-02", "virtualisation", "OK: ds-nvme-02 {v}.1% used", "WARNING: ds-nvme-02 83.1% used (6.1 TiB of 7.3 TiB), provisioned 141%", "CRITICAL: ds-nvme-02 97.9% used", "CHECK_VMWARE_API CRITICAL - Error: Server version unavailable at 'https://{a}'", "ds-nvme-02={v}%;80;95"),
		"hw":     kind("Hardware", "check_esxi_hardware", "check_esxi_hardware.py -H {a}", "hardware", "OK - Server: Dell Inc. PowerEdge R750", "WARNING : Fan 4 rpm low", "CRITICAL : Disk 3 in bay 1 predictive failure", noRPC, ""),
		"encl":   kind("Enclosure", "check_snmp_enclosure", "check_snmp -H {a} -o 1.3.6.1.4.1.674", "hardware", "OK: 24 of 24 disks online", "WARNING: 1 disk rebuilding ({v}%)", "CRITICAL: 2 disks failed", "UNKNOWN: SNMP No Response from remote host '{a}'", ""),
		"dns":    kind("DNS alpenmarkt.at", "check_dns!alpenmarkt.at", "check_dns -H alpenmarkt.at -s {a}", "network-checks", "DNS OK: 0.{n} seconds response time. alpenmarkt.at returns 10.20.0.10,10.20.0.11", "DNS WARNING: 1.{n} seconds response time", "CRITICAL - Plugin timed out while executing system call", "UNKNOWN - Domain alpenmarkt.at was not found by the server", "time=0.{n}s;1;5;0"),
		"kube":   kind("kubelet", "check_tcp!10250", "check_tcp -H {a} -p 10250", "kubernetes", "TCP OK - 0.{n} second response time on {a} port 10250", "TCP WARNING - 1.{n} second response time", "connect to address {a} and port 10250: Connection refused", "CRITICAL - Socket timeout", "time=0.{n}s;1;5;0"),
		"agent":  kind("check_mk_agent", "check_tcp!6556", "check_tcp -H {a} -p 6556", "os", "OK - Agent version 2.2.0p12, execution time {f} sec", "WARNING - Agent version 1.6.0 is too old", "CRITICAL - Cannot connect to agent", unread, "execution_time={f}s;;"),
		"win":    kind("Windows updates", "check_nrpe!check_updates", nrpe("check_updates"), "windows", "OK - no updates pending", "WARNING - 14 important updates pending, reboot required since 3 days", "CRITICAL - 3 critical updates pending", "UNKNOWN - WUA service is not running", ""),
		"drive":  kind(`Drive C:\ "System"`, "check_nrpe!check_drivesize", nrpe("check_drivesize -a drive=C:"), "windows", `OK - C:\ {v}.1 GB used`, `WARNING - C:\ 91.0% used`, `CRITICAL - C:\ 98.7% used`, "UNKNOWN - Zugriff verweigert f\xfcr Benutzer \"SYSTEM\"", `'C:\'={v}GB;90;95;0;100`),
		"squid":  kind("Squid cache", "check_squid", "check_squid -H {a}", "web", "OK - cache hit ratio {v}.2%", "WARNING - cache hit ratio 11.2% < 20%", "CRITICAL - squid does not answer", "UNKNOWN - no data", "hits={v}%;20:;5:"),
		"ups":    kind("Battery", "check_ups", "check_ups -H {a}", "hardware", "UPS OK - Status=Online Utility=229.8V Batt=100.0% Load={v}.0%", "UPS WARNING - Status=On Battery Batt=71.0%", "UPS CRITICAL - Status=On Battery, Low Battery", "UPS UNKNOWN - driver not connected", "load={v}%;60;80"),
		"toner":  kind("Toner", "check_snmp_printer", "check_snmp_printer {a} public 'CONSUM ALL'", "printers", "OK - Toner black {v}%", "WARNING - Toner black 9%", "CRITICAL - Toner black 1%", snmp, "black={v}%;10;2"),
		"queue":  kind("Queue depth", "check_rabbitmq!orders", "check_rabbitmq_queue -H {a} --queue=orders", "messaging", "RABBITMQ_QUEUE OK - messages OK ({v})", "RABBITMQ_QUEUE WARNING - messages (1{n}) > 10000", "RABBITMQ_QUEUE CRITICAL - messages (9{n}) > 50000", "RABBITMQ_QUEUE UNKNOWN - Received 401 Unauthorized", "messages={v};10000;50000"),
		"log":    kind("Log errors", "check_nrpe!check_logs", nrpe("check_logs"), "os", "OK - no errors", "WARNING - 3 errors in /var/log/syslog", "CRITICAL - 41 errors in /var/log/syslog", unread, "errors=0"),
		"odd":    kind("Größe 更新 / 50%", "check_size!a b!50%", `check_size -H {a} --label 'Größe "更新"'`, "web", "OK - Größe der Warteschlange: {v} Stück – naïve café ✓ 日本語 😀", "WARNING - <b>bold</b> <script>alert(1)</script> \"quoted\" 'single' back\\slash ‮evil‬ {v}", "CRITICAL - <img src=x onerror=alert(1)> {h} &lt;escaped&gt;", "UNKNOWN - tab\there esc\x1b[31mred\x1b[0m bell\x07", "'Größe'={v};80;90 'temp °C'=24"),
	}
	c["gone"] = kind("Legacy import", "check_legacy", "check_legacy -H {a}", "os", "OK - imported", "WARNING", "CRITICAL", "UNKNOWN", "")
	c["gone"].missing = true
	c["log"].long = `Nov 22 09:12:44 {h} kernel: <3> "sda" I/O error, dev sda, sector {n}\nNov 22 09:12:45 {h} systemd[1]: <b>apt-daily.service</b>: Failed\nNov 22 09:13:01 {h} CRON[{n}]: pam_unix: tail`
	c["memory"].long = `total 64.0 GiB, buffers 1.2 GiB, cached 17.{v} GiB\nlargest: java (pid {n}) 11.8 GiB`
	c["odd"].vars = []variable{{name: "ÜNIT", value: "x"}, {name: "SLA", value: "gold"}}
	c["shop"].vars = []variable{{name: "SLA", value: "gold"}, {name: "OWNER", value: "Shop 24/7"}}
	c["pg"].vars = []variable{{name: "DB", value: "orders"}}
	return c
}

func (c catalog) pick(names string) []*checkKind {
	var out []*checkKind
	for n := range strings.FieldsSeq(names) {
		out = append(out, c[n])
	}
	return out
}

// roles returns the roles hosts can have; the first four are the network.
func (c catalog) roles() []*role {
	linux := " cpu load memory disk var ntp ssh apt agent log"
	net := "ping cpu if1 if2 psu temp uptime"
	r := func(prefix, group, alias, team, icon, kinds string, weight int) *role {
		return &role{prefix, group, alias, team, icon, c.pick(kinds), weight}
	}
	return []*role{
		r("rtr", "network", "Router", "network", "router40.png", net, 0),
		r("sw-{c}-core", "network", "Core switch", "network", "switch40.png", net, 0),
		r("sw-{c}-dist", "network", "Distribution switch", "network", "switch40.png", net, 0),
		r("ap", "wlan", "Access point", "network", "ap40.png", "ping uptime temp cpu", 4),
		r("app", "webshop", "Application server", "shop", "linux40.png", "shop"+linux+" odd queue cert", 18),
		r("web", "webshop", "Web server", "shop", "linux40.png", "http cert"+linux+" odd", 10),
		r("db", "databases", "Database server", "dba", "linux40.png", "mysql"+linux+" sap", 10),
		r("pg", "databases", "PostgreSQL", "dba", "linux40.png", "pg"+linux, 5),
		r("ora", "databases", "Oracle", "dba", "linux40.png", "ora"+linux, 3),
		r("mail", "mail", "Mail relay", "mail", "linux40.png", "mailq smtp"+linux, 5),
		r("dns", "dns", "Name server", "network", "linux40.png", "dns"+linux, 3),
		r("nfs", "storage", "File server", "storage", "linux40.png", "export"+linux, 4),
		r("bkp", "storage", "Backup server", "storage", "linux40.png", "sap export"+linux, 2),
		r("esx", "esx", "Virtualisation", "platform", "vmware40.png", "ds hw ping cpu memory ntp uptime", 8),
		r("k8s", "k8s", "Kubernetes worker", "platform", "linux40.png", "kube"+linux, 8),
		r("vpn", "vpn", "VPN gateway", "network", "linux40.png", "ipsec"+linux, 3),
		r("lx", "linux-servers", "Linux server", "platform", "linux40.png", "agent gone"+linux, 6),
		r("win", "windows", "Windows server", "platform", "win40.png", "win drive ping cpu memory ntp uptime", 6),
		r("proxy", "webshop", "Proxy", "platform", "linux40.png", "squid"+linux, 2),
		r("san", "storage", "Storage array", "storage", "san40.png", "encl ping temp psu uptime", 1),
		r("ups", "ups", "Power", "facility", "ups40.png", "ups ping uptime temp", 1),
		r("print", "printers", "Printer", "facility", "printer40.png", "toner ping uptime", 1),
	}
}

// render fills a text of the catalog for an object.
func (o *object) render(text string, state int8) string {
	if !strings.Contains(text, "{") {
		return text
	}
	h := o.hostOf()
	r := mix(uint64(o.seed), uint64(o.nonce))
	low, span := [4]uint64{4, 81, 91, 0}[state&3], [4]uint64{70, 9, 8, 100}[state&3]
	return strings.NewReplacer(
		"{h}", h.name, "{a}", h.x.address,
		"{v}", strconv.FormatUint(low+r%span, 10),
		"{f}", fmt.Sprintf("%d.%02d", r>>8%9, r>>16%100),
		"{n}", strconv.FormatUint(100+r>>24%900, 10),
	).Replace(text)
}

// mix is a small hash of two numbers.
func mix(a, b uint64) uint64 {
	x := a*0x9e3779b97f4a7c15 + b + 0x632be59bd9b4e019
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	return x ^ x>>32
}

// mixText is a small hash of a text.
func mixText(seed uint64, s string) uint64 {
	h := seed ^ 0xcbf29ce484222325
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return mix(h, uint64(len(s)))
}
