package config_test

import (
	"strings"
	"testing"

	"belvedere/internal/config"
)

// TestReach: who reaches a Livestatus listener must be known.
func TestReach(t *testing.T) {
	for text, want := range map[string]string{
		"tcp://0.0.0.0:6557":                           "would answer everybody",
		"tls://0.0.0.0:6557":                           "no certificate",
		"tcp://10.0.0.1:6557\n    allow: [10.0.0.0/8]": "",
		"tcp://10.0.0.1:6557\n    allow: [10.0.0.0/8]\n    as: eva\n    commands: true":                                         "anybody in the allowed networks",
		"tcp://10.0.0.1:6557\n    allow: [10.0.0.0/8]\n    as: eva\n    commands: true\n    commands_without_certificate: true": "",
		"unix:///tmp/x\n    allow: [10.0.0.0/8]":                                                                                "has no network",
		"tcp://127.0.0.1:6557\n    group: nagios":                                                                               "no socket file",
		"tcp://127.0.0.1:6557\n    connections: -1":                                                                             "cannot be served",
		"tcp://127.0.0.1:6557\n    tokens: [{name: a, hash: x}]":                                                                "clear text",
		"tls://0.0.0.0:6557\n    tls: {cert: /x, key: /y}\n    client_ca: /x.pem\n    tokens: [{name: a, hash: x}]":             "one of them",
		"tls://127.0.0.1:6557\n    tls: {cert: /x, key: /y}\n    tokens: [{hash: x}]":                                           "has no name",
		"tls://127.0.0.1:6557\n    tls: {cert: /x, key: /y}\n    tokens: [{name: a, hash: x}]":                                  "has no hash",
		"tls://127.0.0.1:6557\n    tls: {cert: /x, key: /y}\n    commands: true\n    tokens: [{name: a, hash: x}]":              "nobody is named",
		"tcp://127.0.0.1:6557\n    client_ca: /x.pem":                                                                           "not encrypted",
	} {
		_, err := config.Load(write(t, t.TempDir(), "c.yaml", "livestatus:\n  - listen: "+text+"\n"), nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
