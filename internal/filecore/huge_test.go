package filecore_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"
	"time"
)

// hugeObjects and hugeStatus write the files of a core with ten services on
// each host, as long as real ones.
func hugeObjects(w io.Writer, services int) {
	fmt.Fprint(w, objectsText)
	for h := range services / 10 {
		fmt.Fprintf(w, "define host {\n\thost_name\thost-%06d.example.org\n\talias\tHost number %d\n\taddress\t10.%d.%d.%d\n\tcheck_period\talways\n\tcheck_command\tcheck-host-alive\n\tcontact_groups\tadmins\n\tnotification_period\talways\n\tmax_check_attempts\t3\n\tcheck_interval\t5.000000\n\tretry_interval\t1.000000\n\t_RACK\tR%d\n\t}\n\n",
			h, h, h>>16&255, h>>8&255, h&255, h%40)
		for s := range 10 {
			fmt.Fprintf(w, "define service {\n\thost_name\thost-%06d.example.org\n\tservice_description\tservice %d\n\tcheck_period\talways\n\tcheck_command\tcheck_nrpe!check_%d!-w 80 -c 90\n\tcontact_groups\tadmins\n\tnotification_period\talways\n\tinitial_state\to\n\tcheck_interval\t5.000000\n\tretry_interval\t1.000000\n\tmax_check_attempts\t3\n\tis_volatile\t0\n\tactive_checks_enabled\t1\n\tpassive_checks_enabled\t1\n\tnotification_interval\t60.000000\n\t}\n\n", h, s, s)
		}
	}
}

func hugeStatus(w io.Writer, services int, now int64, changed func(n int) bool) {
	fmt.Fprint(w, statusText(time.Unix(now, 0), "a=0", "b=0", "a;s=0"))
	block := func(head string, n int) {
		const long = 1_794_000_000
		at, state := int64(long), 0
		if changed(n) {
			at, state = now, 2
		}
		fmt.Fprintf(w, "%s\tmodified_attributes=0\n\tcheck_command=check_nrpe!check_1!-w 80 -c 90\n\tcheck_period=always\n\tnotification_period=always\n\timportance=0\n\tcheck_interval=5.000000\n\tretry_interval=1.000000\n\tevent_handler=\n\thas_been_checked=1\n\tshould_be_scheduled=1\n\tcheck_execution_time=0.0%d\n\tcheck_latency=0.1%d\n\tcheck_type=0\n\tcurrent_state=%d\n\tlast_hard_state=0\n\tlast_event_id=0\n\tcurrent_event_id=0\n\tcurrent_problem_id=0\n\tlast_problem_id=0\n\tplugin_output=OK - everything is fine, number %d of the checks\n\tlong_plugin_output=\n\tperformance_data=time=0.0%ds;1;2;0;10 size=%dB;;;0\n\tlast_check=%d\n\tnext_check=%d\n\tcheck_options=0\n\tcurrent_attempt=1\n\tmax_attempts=3\n\tstate_type=1\n\tlast_state_change=%d\n\tlast_hard_state_change=%d\n\tlast_time_ok=%d\n\tlast_notification=0\n\tnext_notification=0\n\tno_more_notifications=0\n\tcurrent_notification_number=0\n\tnotifications_enabled=1\n\tactive_checks_enabled=1\n\tpassive_checks_enabled=1\n\tevent_handler_enabled=1\n\tproblem_has_been_acknowledged=0\n\tacknowledgement_type=0\n\tflap_detection_enabled=1\n\tprocess_performance_data=1\n\tobsess=1\n\tlast_update=%d\n\tis_flapping=0\n\tpercent_state_change=0.00\n\tscheduled_downtime_depth=0\n\t}\n\n",
			head, n%90, n%90, state, n, n%90, n%4096, at, at+300, long-int64(n%1000), long, at, now)
	}
	for h := range services / 10 {
		block(fmt.Sprintf("hoststatus {\n\thost_name=host-%06d.example.org\n", h), -1)
		for s := range 10 {
			block(fmt.Sprintf("servicestatus {\n\thost_name=host-%06d.example.org\n\tservice_description=service %d\n", h, s), h*10+s)
		}
	}
}

// TestHuge reads a core of half a million services, again when nothing has
// changed, and again when one in a hundred has.
func TestHuge(t *testing.T) {
	services := 500_000
	if testing.Short() {
		services = 10_000
	}
	f := newFiles(t)
	big := func(name string, fill func(w io.Writer)) {
		t.Helper()
		w, err := os.Create(f.path(name + ".new"))
		if err != nil {
			t.Fatal(err)
		}
		b := bufio.NewWriterSize(w, 1<<20)
		fill(b)
		if err := b.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(w.Name(), f.now, f.now); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(w.Name(), f.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	step := func(what string, changed func(n int) bool) {
		t.Helper()
		f.now = f.now.Add(10 * time.Second)
		big("status.dat", func(w io.Writer) { hugeStatus(w, services, f.now.Unix(), changed) })
		info, err := os.Stat(f.path("status.dat"))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		f.core.Step()
		took := time.Since(began)
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak := m.HeapSys >> 20
		runtime.GC()
		runtime.ReadMemStats(&m)
		t.Logf("%s: %v for %d MB; %d MB in use, at most %d MB so far", what, took.Round(time.Millisecond), info.Size()>>20, m.HeapAlloc>>20, peak)
	}
	big("objects.cache", func(w io.Writer) { hugeObjects(w, services) })
	step("first", func(int) bool { return false })
	f.expect("first", "GET services\nStats: state = 0", fmt.Sprintf("%d\n", services+1))
	step("nothing changed", func(int) bool { return false })
	step("one in a hundred changed", func(n int) bool { return n%100 == 7 })
	f.expect("changed", "GET services\nStats: state = 2\nStats: last_update >= "+fmt.Sprint(f.now.Unix()), fmt.Sprintf("%d;%d\n", services/100, services/100))
}
