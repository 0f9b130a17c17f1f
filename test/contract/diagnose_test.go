package contract_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/site"
	"belvedere/test/realcore"
)

// TestDiagnose: what usually goes wrong on the way to a real Icinga 2, over its
// API, its Livestatus and SSH, is told with what to do about it.
func TestDiagnose(t *testing.T) {
	t.Parallel()
	o := realcore.Options{Hosts: 1, ServicesPerHost: 1, CheckInterval: 24 * time.Hour, NoXinetd: true, API: true}
	c, other := realcore.ForTest(t, o), realcore.ForTest(t, o)
	s := realcore.SSHDForTest(t, realcore.SSHOptions{})
	forced := realcore.SSHDForTest(t, realcore.SSHOptions{NoForwarding: true, Force: "/bin/false"})
	known := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(known, []byte(forced.KnownHosts(forced.Host, forced.Port)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ssh := func(s *realcore.SSHD) string {
		return "ssh://" + s.User + "@" + s.Addr() + c.Unix + "?key=" + s.Key + "&known_hosts=" + known
	}
	api := func(user, rest string) string {
		return "icinga2://" + user + "@" + c.API + "?server_name=" + c.Node + rest
	}
	for _, tt := range []struct{ name, address, cause, fix string }{
		{"rights", api(realcore.APIBlind, "&ca="+c.CA), "may not query services", `"objects/query/Service"`},
		{"a user that is not there", api("nobody", "&ca="+c.CA), `does not know the user "nobody"`, "ApiUser"},
		{"no authority", api(realcore.APIUser, ""), "an authority that is not trusted here: realcore ← Icinga CA", "as ca, or compare the fingerprint"},
		{"another authority", api(realcore.APIUser, "&ca="+other.CA), "another authority than that in " + other.CA, "/var/lib/icinga2/certs/ca.crt"},
		{"another name", "icinga2://belvedere@" + c.API + "?ca=" + c.CA, "is for other names: realcore", "server_name"},
		{"fingerprint", api(realcore.APIUser, "&fingerprint="+strings.Repeat("ab", 32)), "is not the pinned one", "renewed on purpose"},
		{"the API in clear text", "tcp://" + c.API, "The API of an Icinga 2 answers", "icinga2://user@" + c.API},
		{"the API as Livestatus", "tls://" + c.API + "?server_name=realcore&ca=" + c.CA, "The API of an Icinga 2 answers", "icinga2://user@" + c.API},
		{"Livestatus as the API", "icinga2://belvedere@" + c.TCP, "speaks Livestatus without TLS", "tcp://" + c.TCP},
		{"Livestatus with TLS", "tls://" + c.TCP, "speaks Livestatus without TLS", "tcp://" + c.TCP},
		{"a host key that is not known", ssh(s), "is not known yet", "ssh-keygen -lf"},
		{"neither forwarding nor commands", ssh(forced), "nor lets " + forced.User + " run commands", "AllowStreamLocalForwarding yes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := site.DiagnoseText(t.Context(), tt.address, livestatus.TLSOptions{Password: realcore.APIPassword}, livestatus.Options{}, nil)
			if r.OK || !strings.Contains(r.Cause, tt.cause) || !strings.Contains(r.Fix, tt.fix) {
				t.Errorf("%s\n%s\n%s", r.Kind, r.Cause, r.Fix)
			}
		})
	}
}
