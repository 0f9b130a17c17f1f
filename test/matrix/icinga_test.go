package matrix_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/schema"
)

// TestIcingaCancelsTheHost proves why DEL_DOWNTIME_BY_HOST_NAME for a service is
// not sent to an Icinga 2: it deletes the downtime of the host instead.
func TestIcingaCancelsTheHost(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Log("with a core that is started anyway by TestMatrix, so not with -short")
		return
	}
	def, _ := schema.LookupCommand("DEL_DOWNTIME_BY_HOST_NAME")
	k := wardTrial(def, "")
	i := newIcinga(t, icingaObjects([]*trial{k}))
	for _, line := range []string{
		fmt.Sprintf("SCHEDULE_HOST_DOWNTIME;%s;%d;%d;1;0;3600;eva;of the host", k.n.host, k.start, k.start+3600),
		fmt.Sprintf("SCHEDULE_SVC_DOWNTIME;%s;%s;%d;%d;1;0;3600;eva;of the service", k.n.host, k.n.service, k.start, k.start+3600),
	} {
		if err := i.tell(line); err != nil {
			t.Fatal(err)
		}
	}
	left := func() string {
		b, err := i.c.Query("GET downtimes\nColumns: comment\n\n")
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(b))
	}
	if got := left(); !strings.Contains(got, "of the host") || !strings.Contains(got, "of the service") {
		t.Fatalf("downtimes %q", got)
	}
	wait, err := i.b.give(t, k)
	if err != nil {
		t.Fatal(err)
	}
	if it := wait(); it.State != command.Refused || !strings.Contains(it.Reason, "of the host") {
		t.Errorf("%+v", it)
	}
	if err := i.tell(fmt.Sprintf("DEL_DOWNTIME_BY_HOST_NAME;%s;%s;%d;of the service", k.n.host, k.n.service, k.start)); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); strings.Contains(left(), "of the host"); {
		if time.Now().After(end) {
			t.Fatalf("this Icinga 2 spares the host: %q. The refusal can go", left())
		}
		<-time.After(20 * time.Millisecond)
	}
	if got := left(); got != "of the service" {
		t.Errorf("left is %q", got)
	}
}
