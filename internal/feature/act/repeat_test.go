package act

import "testing"

func TestRepeatPath(t *testing.T) {
	for want, list := range map[string][]subject{
		"/recurring/new?host=web&scope=host&site=a":                        {{site: "a", host: "web"}},
		"/recurring/new?host=web&scope=service&service=Disk+%2Fvar&site=a": {{site: "a", host: "web", service: "Disk /var"}},
		"/recurring/new?group=linux&scope=hostgroup&site=a":                {{site: "a", about: "hostgroup", named: "linux"}},
		"": {{site: "a", host: "web"}, {site: "a", host: "db"}},
	} {
		if got := repeatPath(&draft{subjects: subjects{list: list}}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := repeatPath(&draft{subjects: subjects{list: []subject{{site: "a", about: "core"}}}}); got != "" {
		t.Errorf("a core: %q", got)
	}
}
