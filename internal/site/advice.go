package site

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"belvedere/internal/corefiles"
	"belvedere/internal/filecore"
	"belvedere/internal/livestatus"
)

// probeTime bounds the look for an Icinga 2's API.
const probeTime = 2 * time.Second

// advise adds to a report what people want to know beyond it: why a socket of
// this machine is not there, or a better way to the core that was found.
func advise(ctx context.Context, o livestatus.Options, r livestatus.Report) livestatus.Report {
	switch {
	case r.OK:
		r.Advice = better(ctx, o, r.Core)
	case r.Kind == livestatus.KindNoSocket && o.Scheme == "unix" && missing(o.Path):
		if cause, fix := whyNoSocket(o.Path, filecore.Find(), "/etc/icinga2"); cause != "" {
			r.Cause, r.Fix = cause, fix
		}
	}
	return r
}

// missing reports whether nothing has that path: what is there and is no socket
// has nothing to do with the configuration of a core.
func missing(path string) bool {
	_, err := os.Lstat(path)
	return err != nil
}

// better names a better way to a core than the one in use, "" if there is
// none.
func better(ctx context.Context, o livestatus.Options, core livestatus.Core) string {
	host := o.Host
	switch o.Scheme {
	case "unix":
		host = "127.0.0.1"
	case "tcp", "tls", "ssh":
	default:
		return ""
	}
	switch {
	case core.Name == "Icinga 2":
		api := net.JoinHostPort(host, livestatus.IcingaPort)
		if offersAPI(ctx, o, api) {
			return fmt.Sprintf("This Icinga 2 offers its API on %s, which is encrypted, tells of changes as they happen and answers commands; Livestatus will be removed in 2.18. Use icinga2://user@%s (docs/cores/icinga2.md).", api, api)
		}
		return fmt.Sprintf("Livestatus will be removed in Icinga 2.18. Its API, the better way, is not reached on %s: icinga2 api setup switches it on (docs/cores/icinga2.md).", api)
	case o.Scheme == "tcp" && !loopback(host) && !slices.Contains([]string{"LMD", "Belvedere"}, core.Name):
		return fmt.Sprintf("Everything travels in clear text, and whoever reaches port %s may give commands. An agent beside the core (docs/agent.md) or ssh://user@%s/path/to/live closes that.", o.Port, host)
	}
	return ""
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// offersAPI reports whether something at api, host and port of an Icinga 2's
// API, speaks TLS. Nothing is sent to it but the greeting.
func offersAPI(ctx context.Context, o livestatus.Options, api string) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	dial := o.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	raw, err := dial(ctx, "tcp", api)
	if err != nil {
		return false
	}
	defer raw.Close()
	// Whose certificate it is does not matter: nothing is believed or told.
	return tls.Client(raw, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}).HandshakeContext(ctx) == nil
}

// whyNoSocket looks into the configurations of this machine's cores for the
// reason why a socket is not there; "" if they do not tell. icinga2 is the
// folder of an Icinga 2's configuration.
func whyNoSocket(socket string, mains []string, icinga2 string) (cause, fix string) {
	if strings.Contains(socket, "icinga2") {
		return whyNoFeature(icinga2)
	}
	var without string
	for _, main := range mains {
		c, ok := readMain(main)
		if !ok {
			continue
		}
		at := socketOf(c.Modules)
		switch {
		case at == "":
			without = main
		case at == socket:
			return whyNotMade(main, socket, c)
		default:
			return fmt.Sprintf("There is no socket %s: %s has the Livestatus module put it elsewhere.", socket, main), fmt.Sprintf("Use unix://%s.", at)
		}
	}
	if without == "" {
		return "", ""
	}
	return fmt.Sprintf("There is no socket %s: %s loads no Livestatus module.", socket, without),
		"Install one and add its broker_module line (docs/cores says where there is one), or run an agent beside the core, which needs none: belvedere agent."
}

func readMain(main string) (corefiles.Config, bool) {
	f, err := os.Open(main)
	if err != nil {
		return corefiles.Config{}, false
	}
	defer f.Close()
	c, err := corefiles.ReadConfig(f, filepath.Dir(main))
	return c, err == nil
}

// socketOf returns the path of the socket in a line that loads a Livestatus
// module, "" if none does.
func socketOf(modules []string) string {
	for _, m := range modules {
		words := strings.Fields(m)
		if len(words) < 2 || !strings.Contains(strings.ToLower(words[0]), "livestatus") {
			continue
		}
		for _, w := range words[1:] {
			if strings.HasPrefix(w, "/") {
				return w
			}
		}
	}
	return ""
}

// whyNotMade is for a core that should have made its socket.
func whyNotMade(main, socket string, c corefiles.Config) (cause, fix string) {
	folder := filepath.Dir(socket)
	info, err := os.Stat(folder)
	if err != nil {
		return fmt.Sprintf("There is no socket %s, though %s loads the Livestatus module: its folder is not there either, so the core cannot make it.", socket, main),
			fmt.Sprintf("Make the folder, writable for the core's user, and restart the core: install -d -o %s %s.", c.RunAs(), folder)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && !mayWrite(c.User, c.Group, info.Mode(), st) {
		return fmt.Sprintf("There is no socket %s, though %s loads the Livestatus module: the core runs as %s, which may not write into %s.", socket, main, c.RunAs(), folder),
			fmt.Sprintf("Make the folder writable for it and restart the core: chown %s %s.", c.RunAs(), folder)
	}
	return fmt.Sprintf("There is no socket %s, though %s loads the Livestatus module: the core is not running, or the module did not start.", socket, main),
		fmt.Sprintf("Start the core, and look for livestatus in its log, %s: a module that was built for another version of the core ends there.", c.Log)
}

// whyNoFeature is for Icinga 2.
func whyNoFeature(folder string) (cause, fix string) {
	if _, err := os.Stat(folder); err != nil {
		return "", ""
	}
	if _, err := os.Stat(filepath.Join(folder, "features-enabled", "livestatus.conf")); err != nil {
		return "The Livestatus feature of the Icinga 2 on this machine is not enabled.",
			"Its API is the better way: icinga2 api setup (docs/cores/icinga2.md). Otherwise: icinga2 feature enable livestatus, then restart it."
	}
	return "The Livestatus feature of the Icinga 2 on this machine is enabled, but it is not running, or was not restarted since.",
		"systemctl restart icinga2; icinga2 daemon -C says what is wrong with its configuration."
}
