package matrix_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"belvedere/internal/corefiles"
)

// look reads the files block by block: what they say that no column holds
// counts too.
func (n *nagios) look(t *testing.T) facts {
	t.Helper()
	var f *os.File
	until(t, "there is a status.dat", func() (ok bool) { // not while it restarts
		var err error
		f, err = os.Open(n.c.Status)
		return err == nil
	})
	defer f.Close()
	out := facts{}
	_, err := corefiles.ReadBlocks(f, func(b *corefiles.Block) error {
		who := fact{table: b.Name, owner: b.Get("host_name"), key: b.Get("service_description")}
		switch b.Name {
		case "info":
			return nil
		case "contactstatus":
			who.owner = b.Get("contact_name")
		case "hostcomment", "servicecomment":
			who.key += ";" + b.Get("author") + ";" + b.Get("comment_data") + ";" + b.Get("entry_type")
		case "hostdowntime", "servicedowntime":
			who.key += ";" + b.Get("author") + ";" + b.Get("comment") + ";" + b.Get("start_time")
		}
		out[who] = map[string]string{}
		for i, k := range b.Keys {
			out[who][k] = b.Values[i]
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	n.lookAtLog(t, out)
	return out
}

func (n *nagios) lookAtLog(t *testing.T, out facts) {
	t.Helper()
	f, err := os.Open(n.c.Log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = corefiles.ReadLog(f, func(r *corefiles.Row) error {
		kind, host := r.Text("type"), r.Text("host_name")
		if rest, ok := strings.CutPrefix(r.Text("message")[13:], "Warning: Unrecognized external command -> "); ok {
			name, _, _ := strings.Cut(rest, ";")
			out[fact{table: "log: unknown", owner: name, key: fmt.Sprint(r.Int("lineno"))}] = map[string]string{}
		}
		switch r.Int("class") {
		case 4, 5, 6:
			return nil
		}
		if host != "" {
			out[fact{table: "log: " + kind, owner: host, key: fmt.Sprint(r.Int("lineno"))}] = map[string]string{}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// unknown are the commands of which the log says that the core does not know
// them.
func (n *nagios) unknown(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	f := facts{}
	n.lookAtLog(t, f)
	for who := range f {
		if who.table == "log: unknown" {
			out[who.owner] = true
		}
	}
	return out
}
