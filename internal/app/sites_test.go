package app_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"belvedere/internal/app"
	"belvedere/internal/site"
	"belvedere/internal/web"
)

func TestCheckSpec(t *testing.T) {
	good := site.Spec{Name: "Berlin", Section: "Europe/Germany", Addresses: []string{"tcp://10.1.2.3:6557"}, Interval: 5 * time.Second}
	if err := app.CheckSpec(good); err != nil {
		t.Fatalf("a good site: %v", err)
	}
	for want, change := range map[string]func(*site.Spec){
		"no name":                func(s *site.Spec) { s.Name = " " },
		"name is":                func(s *site.Spec) { s.Name = "a\nb" },
		"section":                func(s *site.Spec) { s.Section = "Europe//Germany" },
		"part of":                func(s *site.Spec) { s.Section = "Europe/ Germany" },
		"lines":                  func(s *site.Spec) { s.Section = "Europe\n" },
		"no address":             func(s *site.Spec) { s.Addresses = nil },
		"the path of the socket": func(s *site.Spec) { s.Addresses = []string{"ssh://a"} },
		"interval":               func(s *site.Spec) { s.Interval = -time.Second },
		"out of":                 func(s *site.Spec) { s.Interval = 2 * time.Hour },
		"out of bound":           func(s *site.Spec) { s.Interval = time.Millisecond },
	} {
		s := good
		change(&s)
		var e *web.Error
		if err := app.CheckSpec(s); !errors.As(err, &e) || !strings.Contains(e.Msg, want) || e.Hint == "" {
			t.Errorf("%+v: %v, want %q with a hint", s, err, want)
		}
	}
}
