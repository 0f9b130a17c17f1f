package app_test

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"belvedere/internal/config"
)

// TestMetricsAreDescribed holds docs/metrics.md and the dashboard to what
// /metrics really has.
func TestMetricsAreDescribed(t *testing.T) {
	a := start(t, config.Default(), smallDemo)
	names := func(text string) []string {
		out := regexp.MustCompile(`belvedere_[a-z_]+`).FindAllString(text, -1)
		slices.Sort(out)
		return slices.Compact(out)
	}
	var have []string
	eventually(t, "metrics of all sites", func() bool {
		code, body := get(t, client(t), a.url+"/metrics")
		have = names(body)
		return code == http.StatusOK && strings.Count(body, "belvedere_site_age_seconds{") == 3
	})
	for _, file := range []string{"../../docs/metrics.md", "../../docs/grafana-dashboard.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		said := names(string(text))
		for _, name := range said {
			if name != "belvedere_site_errors_total" && !slices.Contains(have, name) { // no errors, no series
				t.Errorf("%s names %s, which there is not", file, name)
			}
		}
		for _, name := range have {
			if strings.HasSuffix(file, ".md") && !slices.Contains(said, name) {
				t.Errorf("%s does not name %s", file, name)
			}
		}
	}
}
