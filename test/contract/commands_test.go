package contract_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// TestContractCommands gives the commands of the schema that are not dangerous,
// which an agent takes only where that is allowed, over the ways that lead to a
// simulated core itself, and looks what reaches the core: the same bytes, once
// for each. What the commands do in a core, real ones too, is what test/matrix
// tries.
func TestContractCommands(t *testing.T) {
	kinds := map[string]schema.Cores{"naemon": schema.Naemon, "nagios": schema.MK15, "shinken": schema.Shinken}
	for _, w := range ways() {
		kind, _, _ := strings.Cut(w.name, " ")
		if kinds[kind] == 0 || w.name == "naemon behind another belvedere" {
			continue // a real core does not tell what it heard; the other Belvedere judges each command itself
		}
		t.Run(strings.ReplaceAll(w.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			c, o := w.open(t)
			s := c.(*simulated)
			m, _ := follow(t, o)
			given := 0
			for i, def := range schema.Commands() {
				if def.Cores&kinds[kind] == 0 || def.Class == schema.Dangerous {
					continue
				}
				args := s.argsOf(&def, i)
				// The core may refuse a value: it has taken the line all the same.
				err := m.Send(t.Context(), siteKey, lql.Command{Time: time.Now().Unix(), Name: def.Name, Args: args})
				if err != nil && livestatus.KindOf(err) != livestatus.KindStatus {
					t.Errorf("%s: %v", def.Name, err)
					continue
				}
				line := strings.Join(append([]string{def.Name}, args...), ";")
				s.takes(t, line)
				given++
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if given < 100 || len(s.heard) != given {
				t.Errorf("%d commands were given, the core heard %d", given, len(s.heard))
			}
		})
	}
}

// argsOf are arguments for the nth command, with everything in the last text
// that a way could spoil.
func (s *simulated) argsOf(def *schema.Command, n int) []string {
	host, service := s.object()
	first := func(table string) string { return s.c.Rows(table)[0]["name"].(string) }
	var out []string
	for i, p := range def.Params {
		v := "1"
		switch p.Type {
		case schema.PHost:
			v = host
		case schema.PService:
			v = service
		case schema.PHostGroup:
			v = first("hostgroups")
		case schema.PServiceGroup:
			v = first("servicegroups")
		case schema.PContact:
			v = first("contacts")
		case schema.PContactGroup:
			v = first("contactgroups")
		case schema.PTimeperiod:
			v = first("timeperiods")
		case schema.PTimestamp:
			v = fmt.Sprint(time.Now().Unix() + int64(n))
		case schema.PAuthor:
			v = "änn"
		case schema.PText:
			if v = "word"; i == len(def.Params)-1 {
				v = fmt.Sprintf(`Größe 漢字 ✓ <b>&amp 'a' "b" $HOME | x=1 \n %%s %d`, n)
			}
		}
		out = append(out, v)
	}
	if strings.HasPrefix(def.Name, "ADD_") { // a Nagios ends the texts of others at a semicolon
		out[len(out)-1] += "; and more"
	}
	return out
}
