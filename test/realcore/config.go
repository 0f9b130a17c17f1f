package realcore

import (
	"bytes"
	"fmt"
	"net"
)

// config returns a configuration with something of everything: groups of both
// kinds, people and their groups, periods, dependencies, custom variables of
// every JSON type, names beyond ASCII, services that only take passive results.
//
// Hosts are h01, h02 … and "köln 03"; every host has services "svc 1" to
// "svc 8", of which "svc 1" takes passive results only and "svc 4" is called
// "Größe 更新".
func config(c *Icinga, o Options) []byte {
	var b bytes.Buffer
	_, port, _ := net.SplitHostPort(c.TCP)
	fmt.Fprintf(&b, `const NodeName = %[6]q
const ZoneName = NodeName
include <itl>
object IcingaApplication "app" { }
object CheckerComponent "checker" { }
object NotificationComponent "notification" { }
object CompatLogger "compatlog" { log_dir = "%[1]s/log/compat" }
object ExternalCommandListener "command" { command_path = "%[2]s" }
object LivestatusListener "tcp" { socket_type = "tcp"; bind_host = "127.0.0.1"; bind_port = %[3]s; compat_log_path = "%[1]s/log/compat" }
object LivestatusListener "unix" { socket_path = "%[4]s"; compat_log_path = "%[1]s/log/compat" }

object TimePeriod "24x7" {
	display_name = "always"
	ranges = { monday = "00:00-24:00"; tuesday = "00:00-24:00"; wednesday = "00:00-24:00"; thursday = "00:00-24:00"; friday = "00:00-24:00"; saturday = "00:00-24:00"; sunday = "00:00-24:00" }
}
object TimePeriod "nächte" { display_name = "Nächte"; ranges = { monday = "22:00-24:00" } }
object TimePeriod "none" { display_name = "never" }

object UserGroup "admins" { display_name = "Administrators" }
object UserGroup "ops-münchen" { display_name = "Betrieb München" }
object User "admin" { display_name = "Admin Everything"; groups = [ "admins" ]; email = "admin@example.org"; period = "24x7"; vars.phone = "+49 1" }
object User "jörg" { display_name = "Jörg Müller"; groups = [ "ops-münchen" ]; email = "joerg@example.org"; pager = "+49 2"; period = "nächte" }
object User "nobody" { display_name = "Sees nothing" }

object NotificationCommand "noop" { command = [ "/bin/true" ] }
template Notification "quiet" { command = "noop"; interval = 0; period = "24x7" }

object HostGroup "all" { display_name = "All hosts"; notes = "every one"; notes_url = "http://wiki.example.org/all"; action_url = "http://act.example.org/all" }
object HostGroup "web" { display_name = "Web" }
object HostGroup "leer" { display_name = "Nobody in it" }
object ServiceGroup "first" { display_name = "First of each" }
object ServiceGroup "größen" { display_name = "Größen <b>fett</b>" }

template Host "base" {
	check_command = "dummy"
	check_interval = %[5]ds
	retry_interval = %[5]ds
	max_check_attempts = 2
	vars.dummy_text = "PING OK"
}
template Service "base" {
	check_command = "dummy"
	check_interval = %[5]ds
	retry_interval = %[5]ds
	max_check_attempts = 2
}
`, c.Dir, c.Pipe, port, c.Unix, max(1, int(o.CheckInterval.Seconds())), c.Node)
	for i := 1; i <= o.Hosts; i++ {
		host(&b, i, o.ServicesPerHost)
	}
	if c.API != "" {
		b.WriteString(apiConfig(c))
	}
	b.WriteString(o.Extra)
	return b.Bytes()
}

// HostName returns the name of the i-th host, counted from 1.
func HostName(i int) string {
	if i%10 == 3 {
		return fmt.Sprintf("köln %02d", i)
	}
	return fmt.Sprintf("h%02d", i)
}

// ServiceName returns the name of the i-th service of a host, counted from 1.
func ServiceName(i int) string {
	if i == 4 {
		return "Größe 更新"
	}
	return fmt.Sprintf("svc %d", i)
}

func host(b *bytes.Buffer, i, services int) {
	name := HostName(i)
	fmt.Fprintf(b, "object Host %q {\n\timport \"base\"\n\taddress = \"127.0.1.%d\"\n\tdisplay_name = \"%s of the test\"\n", name, i%250, name)
	if i%2 == 0 {
		b.WriteString("\tgroups = [ \"all\", \"web\" ]\n\taddress6 = \"::1\"\n")
	} else {
		b.WriteString("\tgroups = [ \"all\" ]\n\tnotes = \"Notes of $host.name$ <i>é</i>\"\n\tnotes_url = \"http://wiki.example.org/$host.name$?a=1&b=2\"\n\ticon_image = \"linux40.png\"\n\ticon_image_alt = \"Linux\"\n")
	}
	switch i % 5 {
	case 1:
		b.WriteString("\tvars.flag = true\n\tvars.number = 17\n\tvars.share = 0.25\n\tvars.tags = [ \"prod\", \"linux\" ]\n\tvars.disks = { \"/\" = { warn = 10 }, \"/var\" = {} }\n\tvars.Rack = \"R1\"\n\tvars.secret = \"s3cr;et|x\"\n")
	case 2:
		b.WriteString("\tvars.off = false\n\tvars.nothing = null\n\tvars.empty = \"\"\n\tvars.list = []\n\tvars[\"übung\"] = \"Größe\"\n\tvars.negative = -3.5\n")
	case 3:
		b.WriteString("\tvars.sla = \"gold\"\n\tvars.SLA = \"silver\"\n\tvars.big = 12345678901\n")
	}
	if i%7 == 0 {
		b.WriteString("\tvars.dummy_state = 2\n\tvars.dummy_text = \"PING CRITICAL - <b>lost</b>\\nsecond line\\nthird | rta=1ms\"\n")
	}
	b.WriteString("}\n")
	fmt.Fprintf(b, "object Notification \"n\" { import \"quiet\"; host_name = %q; users = [ \"admin\" ]", name)
	if i%3 == 0 {
		b.WriteString("; user_groups = [ \"ops-münchen\" ]")
	}
	b.WriteString(" }\n")
	if i > 1 && i%4 == 0 {
		fmt.Fprintf(b, "object Dependency \"up\" { child_host_name = %q; parent_host_name = %q }\n", name, HostName(i/4))
	}
	for s := 1; s <= services; s++ {
		service(b, name, i, s)
	}
}

func service(b *bytes.Buffer, host string, i, s int) {
	name := ServiceName(s)
	fmt.Fprintf(b, "object Service %q {\n\timport \"base\"\n\thost_name = %q\n\tdisplay_name = %q\n", name, host, name)
	switch {
	case s == 1:
		b.WriteString("\tcheck_command = \"passive\"\n\tenable_active_checks = false\n\tgroups = [ \"first\" ]\n")
	case s == 4:
		b.WriteString("\tgroups = [ \"größen\" ]\n\tvars.dummy_text = \"OK - Größe ✓ | load=29%;80;90;0;100 time=0.29s\"\n")
	case (i+s)%9 == 0:
		b.WriteString("\tvars.dummy_state = 2\n\tvars.dummy_text = \"CRITICAL - <script>alert(1)</script>\\nline two\\nline three\"\n")
	case (i+s)%11 == 0:
		b.WriteString("\tvars.dummy_state = 1\n\tvars.dummy_text = \"WARNING - slow\"\n\tvars.sla = 99.5\n")
	case (i+s)%13 == 0:
		b.WriteString("\tvars.dummy_state = 3\n\tvars.dummy_text = \"UNKNOWN\"\n\tnotes_url = \"http://wiki.example.org/x\"\n")
	}
	b.WriteString("}\n")
	if s%3 == 1 {
		fmt.Fprintf(b, "object Notification \"n\" { import \"quiet\"; host_name = %q; service_name = %q; users = [ \"jörg\" ] }\n", host, name)
	}
}
