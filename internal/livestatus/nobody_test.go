package livestatus

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// diagnoseAsNobody is the helper process of TestSocketWithoutPermission.
func diagnoseAsNobody(path string) int {
	o := Options{Address: Address{Scheme: "unix", Path: path}}
	if err := json.NewEncoder(os.Stdout).Encode(Diagnose(testContext(), o, nil)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestSocketWithoutPermission needs somebody who is refused: root is not, so
// root runs a helper as nobody.
func TestSocketWithoutPermission(t *testing.T) {
	dir, err := os.MkdirTemp("", "livestatus")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "live")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	serveFake(t, l, recorded(t, "naemon-1.5"))
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	var r Report
	if os.Geteuid() != 0 {
		r = Diagnose(t.Context(), Options{Address: Address{Scheme: "unix", Path: path}}, nil)
	} else {
		r = reportOfNobody(t, dir, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	group, err := user.LookupGroupId(strconv.Itoa(int(info.Sys().(*syscall.Stat_t).Gid)))
	if err != nil {
		t.Fatal(err)
	}
	if r.OK || r.Kind != KindPermission || !strings.Contains(r.Cause, "may not use "+path) || !strings.Contains(r.Fix, "naemon or nagios") || !strings.Contains(r.Fix, "here "+group.Name+",") {
		t.Errorf("%s %q %q", r.Kind, r.Cause, r.Fix)
	}
}

func reportOfNobody(t *testing.T, dir, path string) (r Report) {
	t.Helper()
	self := filepath.Join(dir, "test")
	if err := copyFile(self, "/proc/self/exe"); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Dir = "/"
	cmd.Env = []string{"LIVESTATUS_TEST_SOCKET=" + path}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	return r
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
