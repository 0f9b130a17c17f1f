package app_test

import (
	"context"
	"fmt"
	"html"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"belvedere/internal/auth"
	"belvedere/internal/config"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/testkit"
)

// tier starts an app over sites with a listener for the tier above, which sees
// everything and gives commands as hq, and one for bob, the contact.
func tier(t *testing.T, contact string, sites ...config.Site) (a *running, above, bob string) {
	t.Helper()
	hash, err := auth.HashPassword("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Sites = sites
	cfg.Users = []config.User{
		{Name: "hq", Role: "operator", SeeAll: true, PasswordHash: hash},
		{Name: "bob", Role: "viewer", Contact: contact, PasswordHash: hash},
	}
	for _, as := range []string{"hq", "bob"} {
		cfg.Livestatus = append(cfg.Livestatus, config.Livestatus{Listen: "tcp://127.0.0.1:0", Network: "tcp", Address: "127.0.0.1:0", As: as, Commands: as == "hq"})
	}
	a = start(t, cfg, nil)
	return a, a.LivestatusAddresses()[0], a.LivestatusAddresses()[1]
}

// coreAt starts a core in which nothing happens by itself.
func coreAt(t *testing.T, address, name string, hosts int, seed uint64) (*testkit.Core, string) {
	t.Helper()
	c := testkit.NewCore(testkit.Options{Name: name, Hosts: hosts, ServicesPerHost: 2, Seed: seed, Churn: -1})
	t.Cleanup(func() { _ = c.Close() })
	addr, err := c.ListenTCP(address)
	if err != nil {
		t.Fatal(err)
	}
	return c, "tcp://" + addr.String()
}

// table asks a listener for columns of a table, one line a row, its values
// separated by blanks.
func table(t *testing.T, address, request string) []string {
	t.Helper()
	at, err := livestatus.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	c := livestatus.NewClient(livestatus.Options{Address: at})
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := lql.ParseRequest(request + "\n\n")
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Query(ctx, req.Query)
	if err != nil {
		return []string{err.Error()}
	}
	out := make([]string, res.Rows)
	for i := range out {
		var values []string
		for _, column := range req.Query.Columns {
			values = append(values, res.Text(i, column))
		}
		out[i] = strings.Join(values, " ")
	}
	slices.Sort(out)
	return out
}

// shows waits until a listener answers a request with these rows.
func shows(t *testing.T, address, request string, want ...string) {
	t.Helper()
	var got []string
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s last said to %q: %q", address, request, got)
		}
	})
	eventually(t, fmt.Sprintf("%q", want), func() bool {
		got = table(t, address, request)
		return slices.Equal(got, want)
	})
}

// TestTiers: over three tiers the sites keep their names and sections, rights
// count as with any site, a command goes down to the core, and a site that is
// down far away is down everywhere, with the reason.
func TestTiers(t *testing.T) {
	wien, wienAddr := coreAt(t, "127.0.0.1:0", "Wien", 12, 31)
	_, grazAddr := coreAt(t, "127.0.0.1:0", "Graz", 7, 32)
	_, ownAddr := coreAt(t, "127.0.0.1:0", "Own", 5, 33)
	contact := contactOfSome(t, wien)
	_, austria, _ := tier(t, contact, config.Site{Name: "Wien", Section: "East", Addresses: []string{wienAddr}}, config.Site{Name: "Graz", Addresses: []string{grazAddr}})
	_, europe, _ := tier(t, contact, config.Site{Name: "Austria", Section: "EU", Addresses: []string{austria}}, config.Site{Name: "Own", Addresses: []string{ownAddr}})
	world, top, bob := tier(t, contact, config.Site{Name: "Europe", Addresses: []string{europe}})

	const sites = "GET sites\nColumns: key name section state hosts"
	shows(t, austria, sites, "graz Graz  fresh 7", "wien Wien East fresh 12")
	shows(t, europe, sites, "austria.graz Graz EU fresh 7", "austria.wien Wien EU/East fresh 12", "own Own  fresh 5")
	shows(t, top, sites, "europe.austria.graz Graz EU fresh 7", "europe.austria.wien Wien EU/East fresh 12", "europe.own Own  fresh 5")
	if n, err := hosts(t, bob); err != nil || n["Wien"] == 0 || n["Wien"] == 12 {
		t.Errorf("the contact sees %v, %v", n, err)
	}

	host := hostNames(wien)[0]
	at, err := livestatus.ParseAddress(top)
	if err != nil {
		t.Fatal(err)
	}
	c := livestatus.NewClient(livestatus.Options{Address: at})
	defer c.Close()
	command := lql.Command{Name: "ADD_HOST_COMMENT", Args: []string{host, "1", "hq", "from the top"}, Backends: []string{"europe.austria.wien"}}
	if err := c.Send(t.Context(), command); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the comment at the core", func() bool { return hasComment(wien, "from the top", "hq") })
	shows(t, top, "GET comments\nColumns: host_name comment\nFilter: comment = from the top", host+" from the top")

	if err := wien.Close(); err != nil {
		t.Fatal(err)
	}
	const state = "GET sites\nColumns: state\nFilter: name = Wien"
	shows(t, top, state, "down")
	shows(t, top, "GET sites\nColumns: name state\nFilter: name != Wien", "Graz fresh", "Own fresh")
	if why := table(t, top, "GET sites\nColumns: cause\nFilter: name = Wien"); !strings.Contains(why[0], "Europe tells why. Austria tells why. ") || !strings.Contains(why[0], "nothing listens") {
		t.Errorf("the reason is %q", why)
	}
	coreAt(t, strings.TrimPrefix(wienAddr, "tcp://"), "Wien", 12, 31)
	shows(t, top, state, "fresh")
	if strings.Contains(world.log.String(), "panic") {
		t.Error(world.log.String())
	}
}

// port returns a free port of loopback as host:port.
func port(t *testing.T) string { return fmt.Sprintf("127.0.0.1:%d", freePort(t)) }

// peer starts an app with a listener at an address that is known before.
func peer(t *testing.T, listen string, sites ...config.Site) *running {
	t.Helper()
	cfg := config.Default()
	cfg.Sites = sites
	cfg.Livestatus = []config.Livestatus{{Listen: "tcp://" + listen, Network: "tcp", Address: listen}}
	hash, err := auth.HashPassword("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Users = []config.User{{Name: "root", Role: "admin", SeeAll: true, PasswordHash: hash}}
	return start(t, cfg, nil)
}

// says waits until the page of a site says something.
func says(t *testing.T, a *running, key, text string) {
	t.Helper()
	c := client(t)
	signIn(t, c, a.url, "root", "correct horse battery")
	eventually(t, key+" says "+text, func() bool {
		_, body := get(t, c, a.url+"/sites/"+key+"/edit")
		return strings.Contains(html.UnescapeString(body), text)
	})
}

// TestLoops: two that are behind one another show each site once and say what
// they leave out; one that leads only to itself is refused.
func TestLoops(t *testing.T) {
	_, east := coreAt(t, "127.0.0.1:0", "East", 4, 41)
	_, west := coreAt(t, "127.0.0.1:0", "West", 5, 42)
	a, b, self := port(t), port(t), port(t)
	peer(t, a, config.Site{Name: "East", Addresses: []string{east}}, config.Site{Name: "B", Addresses: []string{"tcp://" + b}})
	second := peer(t, b, config.Site{Name: "West", Addresses: []string{west}}, config.Site{Name: "A", Addresses: []string{"tcp://" + a}})
	peer(t, self, config.Site{Name: "Itself", Addresses: []string{"tcp://" + self}}, config.Site{Name: "West", Addresses: []string{west}})

	const sites = "GET sites\nColumns: key name state"
	shows(t, "tcp://"+a, sites, "b.west West fresh", "east East fresh")
	shows(t, "tcp://"+b, sites, "a.east East fresh", "west West fresh")
	shows(t, "tcp://"+self, sites, "itself Itself incompatible", "west West fresh")
	if why := table(t, "tcp://"+self, "GET sites\nColumns: cause\nFilter: name = Itself"); !strings.Contains(why[0], "a loop") {
		t.Errorf("the reason is %q", why)
	}
	says(t, second, "a", "come from this server itself: 1.")
}

// TestThrukBack: a Thruk that has this very server among its backends is a
// loop; its other backends are sites all the same, and one that has nothing
// else is refused.
func TestThrukBack(t *testing.T) {
	_, far := coreAt(t, "127.0.0.1:0", "Far", 4, 51)
	_, own := coreAt(t, "127.0.0.1:0", "Own", 5, 52)
	const key = "a2f3_0123456789abcdef0123456789abcdef"
	back := port(t)
	at := func(sites ...testkit.ThrukSite) config.Site {
		k := &testkit.Thruk{}
		k.Set(sites, map[string]testkit.ThrukKey{key: {User: "belvedere", Roles: []string{"authorized_for_admin"}}})
		s := httptest.NewServer(k)
		t.Cleanup(s.Close)
		return config.Site{Addresses: []string{s.URL + "/thruk"}, Password: key}
	}
	site := func(id, name, address string) testkit.ThrukSite {
		return testkit.ThrukSite{Key: id, Name: name, Network: "tcp", Address: strings.TrimPrefix(address, "tcp://")}
	}
	both, only := at(site("1", "Far", far), site("2", "Back", "tcp://"+back)), at(site("3", "Back", "tcp://"+back))
	both.Name, only.Name = "HQ", "Only"
	peer(t, back, config.Site{Name: "Own", Addresses: []string{own}}, both, only)

	shows(t, "tcp://"+back, "GET sites\nColumns: key name state", "hq.1 Far fresh", "hq.2 Back incompatible", "only Only incompatible", "own Own fresh")
	for _, name := range []string{"Back", "Only"} {
		if why := table(t, "tcp://"+back, "GET sites\nColumns: cause\nFilter: name = "+name); !strings.Contains(why[0], "a loop") {
			t.Errorf("%s: the reason is %q", name, why)
		}
	}
}

// TestDiamond: a core that comes twice is told as such, by name.
func TestDiamond(t *testing.T) {
	_, core := coreAt(t, "127.0.0.1:0", "Core", 4, 43)
	_, other := coreAt(t, "127.0.0.1:0", "Other", 3, 44)
	left, right, top := port(t), port(t), port(t)
	peer(t, left, config.Site{Name: "Core", Addresses: []string{core}}, config.Site{Name: "Other", Addresses: []string{other}})
	peer(t, right, config.Site{Name: "Core", Addresses: []string{core}}, config.Site{Name: "Third", Paused: true, Addresses: []string{other}})
	above := peer(t, top, config.Site{Name: "Left", Addresses: []string{"tcp://" + left}}, config.Site{Name: "Right", Addresses: []string{"tcp://" + right}})
	shows(t, "tcp://"+top, "GET sites\nColumns: name state", "Core (Left) fresh", "Core (Right) fresh", "Other fresh", "Third paused")
	says(t, above, "left.core", `same core as site "Core (Right)"`)
	says(t, above, "right.core", `same core as site "Core (Left)"`)
}

// TestFollow: sites that come and go at the far end, and change their name, do
// so here.
func TestFollow(t *testing.T) {
	_, one := coreAt(t, "127.0.0.1:0", "One", 4, 45)
	_, two := coreAt(t, "127.0.0.1:0", "Two", 3, 46)
	low, top := port(t), port(t)
	first := config.Site{Name: "One", Addresses: []string{one}}
	second := config.Site{Name: "Two", Addresses: []string{two}}
	below := peer(t, low, first)
	peer(t, top, config.Site{Name: "Low", Addresses: []string{"tcp://" + low}})
	const sites = "GET sites\nColumns: key name section state hosts"
	shows(t, "tcp://"+top, sites, "low Low  fresh 4") // one site: it is that
	next := below.config
	next.Sites = []config.Site{first, second}
	below.reload <- next
	shows(t, "tcp://"+top, sites, "low.one One  fresh 4", "low.two Two  fresh 3")
	second.Section = "Moved"
	next.Sites = []config.Site{second}
	below.reload <- next
	shows(t, "tcp://"+top, sites, "low.two Two Moved fresh 3")
	second.Paused = true
	next.Sites = []config.Site{second}
	below.reload <- next
	shows(t, "tcp://"+top, sites, "low.two Two Moved paused 3")
}

// TestFarAwayAtStart: who starts while the other end is away shows the sites
// behind it by their names, down, and keeps what belongs to them.
func TestFarAwayAtStart(t *testing.T) {
	_, wien := coreAt(t, "127.0.0.1:0", "Wien", 4, 45)
	_, graz := coreAt(t, "127.0.0.1:0", "Graz", 3, 46)
	low, data := port(t), t.TempDir()
	sites := []config.Site{{Name: "Wien", Section: "East", Addresses: []string{wien}}, {Name: "Graz", Addresses: []string{graz}}}
	below := peer(t, low, sites...)
	cfg := config.Default()
	cfg.Sites = []config.Site{{Name: "Austria", Section: "EU", Addresses: []string{"tcp://" + low}}}
	top := port(t)
	cfg.Livestatus = []config.Livestatus{{Listen: "tcp://" + top, Network: "tcp", Address: top}}
	above := startIn(t, data, cfg, nil)
	const ask = "GET sites\nColumns: key name section state hosts"
	shows(t, "tcp://"+top, ask, "austria.graz Graz EU fresh 3", "austria.wien Wien EU/East fresh 4")
	above.stop()
	below.stop()

	above = startIn(t, data, cfg, nil)
	shows(t, "tcp://"+top, ask, "austria.graz Graz EU down 0", "austria.wien Wien EU/East down 0")
	if why := table(t, "tcp://"+top, "GET sites\nColumns: cause\nFilter: name = Wien"); !strings.Contains(why[0], "Austria, which leads to it, cannot be asked: ") || !strings.Contains(why[0], "nothing listens") {
		t.Errorf("the reason is %q", why)
	}
	if strings.Contains(above.log.String(), "Reading the core for the first time") {
		t.Error("the sites were called down before the way to them was tried")
	}
	peer(t, low, sites...)
	shows(t, "tcp://"+top, ask, "austria.graz Graz EU fresh 3", "austria.wien Wien EU/East fresh 4")
}

// TestToken: a listener with tokens lets in who has one, in the name of its
// person, and tells the others why not; a whole Belvedere comes in with it.
func TestToken(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if text != "" {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	certificate(t, file("server.crt", ""), file("server.key", ""), 1)
	all, some, strange := strings.Repeat("a1", 32), strings.Repeat("b2", 32), strings.Repeat("c3", 32)
	below, _ := listeners(t, config.Livestatus{
		Listen: "tls://127.0.0.1:0", Network: "tcp", Address: "127.0.0.1:0", Secure: true,
		TLS:    config.TLS{Cert: file("server.crt", ""), Key: file("server.key", "")},
		Tokens: []config.LivestatusToken{{Name: "all", Hash: livestatus.TokenHash(all)}, {Name: "some", Hash: livestatus.TokenHash(some), As: "belvedere"}},
	})
	listen := below.LivestatusAddresses()[0]
	address := func(token string) string {
		q := url.Values{"ca": {file("server.crt", "")}}
		if token != "" {
			q.Set("token_file", file("token", token+"\n"))
		}
		return listen + "?" + q.Encode()
	}
	eventually(t, "everything", func() bool {
		n, err := hosts(t, address(all))
		return err == nil && n["Wien"] == 20 && n["Graz"] == 20
	})
	if n, err := hosts(t, address(some)); err != nil || n["Wien"] == 0 || n["Wien"] == 20 || len(n) != 1 {
		t.Errorf("in the name of belvedere: %v, %v", n, err)
	}
	for _, token := range []string{"", strange} {
		if n, err := hosts(t, address(token)); err == nil || !strings.Contains(err.Error(), "for those who have a token") {
			t.Errorf("with the token %q: %v, %v", token, n, err)
		}
	}
	cfg := config.Default()
	cfg.Sites = []config.Site{{Name: "Austria", Addresses: []string{listen}, TLS: config.SiteTLS{CA: file("server.crt", ""), TokenFile: file("own", all)}}}
	cfg.Livestatus = []config.Livestatus{{Listen: "tcp://127.0.0.1:0", Network: "tcp", Address: "127.0.0.1:0"}}
	above := start(t, cfg, nil)
	shows(t, above.LivestatusAddresses()[0], "GET sites\nColumns: key state hosts", "austria.graz fresh 20", "austria.wien fresh 20")
}
