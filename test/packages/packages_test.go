package packages

import (
	"context"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// run runs a command to its end and returns what it says.
func run(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// demand ends the test where a program is missing; with CI=true that is a
// failure.
func demand(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("PACKAGES NOT TESTED: %s is not installed", name)
	}
}

// build makes the packages of both kinds and returns their paths, by name and
// kind such as "belvedere.deb".
func build(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "belvedere")
	run(t, nil, "go", "build", "-o", binary, "../../cmd/belvedere")
	run(t, []string{"BINARY=" + binary, "VERSION=1.2.3", "OUT=" + dir}, "../../scripts/package")
	out := map[string]string{}
	for name, pattern := range map[string]string{
		"belvedere.deb": "belvedere_1.2.3_*.deb", "belvedere-agent.deb": "belvedere-agent_1.2.3_*.deb",
		"belvedere.rpm": "belvedere-1.2.3-*.rpm", "belvedere-agent.rpm": "belvedere-agent-1.2.3-*.rpm",
	} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v %v", pattern, found, err)
		}
		out[name] = found[0]
	}
	return out
}

// installs are the files that an administrator meets.
var installs = map[string][]string{
	"belvedere": {"/usr/bin/belvedere", "/etc/belvedere/belvedere.yaml", "/etc/belvedere/agent.yaml", "/usr/lib/systemd/system/belvedere.service",
		"/usr/lib/systemd/system/belvedere-agent.service", "/usr/share/doc/belvedere/getting-started.md", "/usr/share/doc/belvedere/cores/nagios4.md", "/usr/share/doc/belvedere/belvedere.example.yaml"},
	"belvedere-agent": {"/usr/bin/belvedere", "/etc/belvedere/agent.yaml", "/usr/lib/systemd/system/belvedere-agent.service", "/usr/share/doc/belvedere/agent.md", "/usr/share/doc/belvedere/cores/nagios4.md"},
}

func TestPackages(t *testing.T) {
	demand(t, "dpkg-deb", "rpm", "systemd-analyze")
	made := build(t)
	for name, files := range installs {
		root := t.TempDir()
		run(t, nil, "dpkg-deb", "--extract", made[name+".deb"], root)
		control := t.TempDir()
		run(t, nil, "dpkg-deb", "--control", made[name+".deb"], control)
		rpm := run(t, nil, "rpm", "-qpl", made[name+".rpm"])
		for _, f := range files {
			if _, err := os.Stat(filepath.Join(root, f)); err != nil {
				t.Errorf("%s.deb: %v", name, err)
			}
			if !strings.Contains(rpm, f+"\n") {
				t.Errorf("%s.rpm has no %s", name, f)
			}
		}
		conf, err := os.ReadFile(filepath.Join(control, "conffiles"))
		if err != nil || !strings.Contains(string(conf), "/etc/belvedere/agent.yaml") {
			t.Errorf("%s.deb: changed configuration is not kept: %q %v", name, conf, err)
		}
		scripts(t, name, control)
		units(t, name, root)
		if name == "belvedere" {
			serves(t, root)
		}
	}
}

// scripts checks the grammar of what runs at installation.
func scripts(t *testing.T, name, control string) {
	t.Helper()
	for _, s := range []string{"preinst", "postinst", "prerm"} {
		if _, err := os.Stat(filepath.Join(control, s)); err != nil {
			t.Errorf("%s.deb: %v", name, err)
			continue
		}
		run(t, nil, "sh", "-n", filepath.Join(control, s))
	}
}

// units has systemd check the units, with the program where it is in root.
func units(t *testing.T, name, root string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(root, "usr/lib/systemd/system"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		unit, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, need := range []string{"NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n", "User=belvedere"} {
			if !strings.Contains(string(unit), need) {
				t.Errorf("%s: %s has no %s", name, d.Name(), need)
			}
		}
		copied := filepath.Join(t.TempDir(), d.Name())
		moved := strings.ReplaceAll(string(unit), "=/usr/bin/belvedere", "="+filepath.Join(root, "usr/bin/belvedere"))
		if err := os.WriteFile(copied, []byte(moved), 0o600); err != nil {
			return err
		}
		if said := run(t, nil, "systemd-analyze", "verify", "--man=no", copied); strings.Contains(said, d.Name()) {
			t.Errorf("%s: systemd says of %s: %s", name, d.Name(), said)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

var address = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`)

// serves starts the server with the configuration it comes with.
func serves(t *testing.T, root string) {
	t.Helper()
	binary, config := filepath.Join(root, "usr/bin/belvedere"), filepath.Join(root, "etc/belvedere/belvedere.yaml")
	if said := run(t, nil, binary, "check-config", "--config", config); !strings.Contains(said, "sites") {
		t.Logf("check-config: %s", said)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "serve", "--config", config, "--data", t.TempDir(), "--listen", "127.0.0.1:0")
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = cmd.Wait() }()
	var text []byte
	for buf := make([]byte, 4096); ; {
		n, err := said.Read(buf)
		text = append(text, buf[:n]...)
		if url := address.Find(text); url != nil {
			res, err := http.Get(string(url) + "/healthz")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Errorf("healthz: %s", res.Status)
			}
			return
		}
		if err != nil {
			t.Fatalf("it ended: %v\n%s", err, text)
		}
	}
}
