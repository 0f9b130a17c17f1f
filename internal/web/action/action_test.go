package action

import (
	"testing"

	"belvedere/internal/search"
)

// TestMembersPath: a downtime for a group is one for the list of its hosts.
func TestMembersPath(t *testing.T) {
	const want = `/act/downtime?every=1&list=hosts&q=hostgroup%3D%22web+%26+co%22`
	if got := membersPath("hosts", search.Eq("hostgroup", "web & co")); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
