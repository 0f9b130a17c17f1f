package command

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/testkit"
)

// heard is what a core took for a command.
type heard struct {
	name string
	args []string
}

// listener is a simulated core that notes every command line it reads, by a
// grammar of its own.
func listener(t *testing.T, p testkit.Profile) (c *livestatus.Client, take func() []heard) {
	t.Helper()
	var mu sync.Mutex
	var lines []heard
	core := testkit.NewCore(testkit.Options{Profile: p, Hosts: 4, ServicesPerHost: 1, Quiet: true, Churn: -1,
		Heard: func(name string, args []string, _ error) {
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, heard{name, slices.Clone(args)})
		}})
	a, err := core.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr, err := livestatus.ParseAddress("tcp://" + a.String())
	if err != nil {
		t.Fatal(err)
	}
	c = livestatus.NewClient(livestatus.Options{Address: addr})
	t.Cleanup(func() {
		if err := errors.Join(c.Close(), core.Close()); err != nil {
			t.Error(err)
		}
	})
	if _, err := c.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c, func() []heard {
		mu.Lock()
		defer mu.Unlock()
		defer func() { lines = nil }()
		return lines
	}
}

// TestNothingElseArrives: whatever is typed into whatever command, over the
// wire exactly that command with exactly those values reaches the core, or
// nothing does and it is said why.
func TestNothingElseArrives(t *testing.T) {
	for p, impl := range map[testkit.Profile]schema.Cores{
		testkit.Naemon: schema.Naemon, testkit.Nagios4: schema.MK15, testkit.Icinga2: schema.Icinga2, testkit.Shinken: schema.Shinken,
	} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			client, take := listener(t, p)
			known := slices.DeleteFunc(slices.Clone(schema.Commands()), func(c schema.Command) bool { return c.Cores&impl == 0 })
			var silent []string
			for _, def := range known {
				sent := 0
				rapid.Check(t, func(t *rapid.T) { sent += arrives(t, client, take, &def, impl) })
				if sent == 0 {
					silent = append(silent, def.Name)
				}
			}
			if len(silent) > 0 {
				t.Errorf("never went out, so that nothing is proven about them: %q", silent)
			}
		})
	}
}

// arrives sends a hostile order for a command, and returns 1 if it went out.
func arrives(t *rapid.T, client *livestatus.Client, take func() []heard, def *schema.Command, impl schema.Cores) int {
	o, target, author := hostile(t, def)
	args, err := spelled(def, impl, &o, target, author)
	if err == nil {
		err = client.Send(t.Context(), lql.Command{Name: def.Name, Args: args, Time: 1795300000})
	}
	got := take()
	e, refused := errors.AsType[*livestatus.Error](err)
	if problem, ours := errors.AsType[*Problem](err); ours && problem.Msg != "" || refused && e.Kind == livestatus.KindRequest && e.Cause != "" {
		if len(got) > 0 {
			t.Fatalf("refused (%v), and %q arrived", err, got)
		}
		return 0
	}
	if err != nil && (!refused || e.Kind != livestatus.KindStatus) {
		t.Fatalf("no reason: %v", err)
	}
	if len(args) == 0 {
		args = nil
	}
	if len(got) != 1 || got[0].name != def.Name || !slices.Equal(got[0].args, args) {
		t.Fatalf("%s %q arrives as %q", def.Name, args, got)
	}
	return 1
}

// spelled does what the desk does with an order before it is sent.
func spelled(def *schema.Command, impl schema.Cores, o *Order, target Target, author string) ([]string, error) {
	if err := o.complete(def, time.Unix(1795300000, 0)); err != nil {
		return nil, err
	}
	args, err := spell(def, o.Args, target, author, 0)
	if err != nil {
		return nil, err
	}
	return args, faithful(impl, def, args)
}

// hostile makes up an order: good values, in every second one with a few bad
// ones in any position.
func hostile(t *rapid.T, def *schema.Command) (Order, Target, string) {
	spoilt := rapid.Bool().Draw(t, "spoilt")
	text := func(good, label string) string {
		if !spoilt || rapid.IntRange(0, 3).Draw(t, label+" is bad") > 0 {
			return good
		}
		return anyText().Draw(t, label)
	}
	o := Order{Command: def.Name, Args: map[string]string{}}
	for i, p := range def.Params {
		switch p.Type {
		case schema.PBool:
			o.Args[p.Name] = text("1", p.Name)
		case schema.PInt, schema.PULong:
			o.Args[p.Name] = text("2", p.Name)
		case schema.PTimestamp:
			o.Args[p.Name] = text("1795900000", p.Name)
		case schema.PText, schema.PTimeperiod:
			o.Args[p.Name] = text(`a\b c \n d`, p.Name)
			if i == len(def.Params)-1 && p.Type == schema.PText && p.Name != "varvalue" {
				o.Args[p.Name] = text(rapid.SampledFrom([]string{`a\b c \n d`, `a\b; c \n d`}).Draw(t, "good "+p.Name), p.Name)
			}
		case schema.PHost:
			o.Args[p.Name] = text("web01", p.Name)
		}
	}
	if _, ok := o.Args["start_time"]; ok {
		o.Args["start_time"] = "1795800000"
	}
	target := Target{Site: "a"}
	for i, p := range def.Params {
		switch p.Type {
		case schema.PHost:
			if i == 0 {
				target.Host = text("web 01", "host")
			}
		case schema.PService:
			target.Service = text(`Disk C:\ größe`, "service")
		case schema.PHostGroup, schema.PServiceGroup:
			target.Group = text("linux", "group")
		case schema.PContact, schema.PContactGroup:
			target.Contact = text("eva", "contact")
		}
	}
	return o, target, text("eva", "author")
}

// TestTooLong: a line that cores would cut is refused.
func TestTooLong(t *testing.T) {
	def, _ := schema.LookupCommand("ADD_HOST_COMMENT")
	for _, c := range []struct {
		size int
		ok   bool
	}{{7000, true}, {8100, false}, {1 << 20, false}} {
		_, err := spell(def, map[string]string{"persistent": "1", "comment": strings.Repeat("x", c.size)}, Target{Host: "web01"}, "eva", 0)
		if p, _ := errors.AsType[*Problem](err); (p == nil) != c.ok {
			t.Errorf("%d bytes: %v", c.size, err)
		}
	}
}
