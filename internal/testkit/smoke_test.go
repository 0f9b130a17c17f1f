package testkit

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

func ask(t *testing.T, addr, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(c, text)
	c.(*net.TCPConn).CloseWrite()
	b, _ := io.ReadAll(c)
	return string(b)
}

func TestSmoke(t *testing.T) {
	for _, p := range []Profile{Naemon, Nagios4, Icinga2, Shinken} {
		c := NewCore(Options{Profile: p})
		a, err := c.ListenTCP("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []string{"GET status\nOutputFormat: json\nResponseHeader: fixed16\n\n", "GET hosts\nColumns: name state plugin_output custom_variables\nOutputFormat: json\n\n",
			"GET services\nColumns: host_name description state plugin_output perf_data comments_with_info last_update\nFilter: state > 0\nFilter: host_name ~ web\nOutputFormat: json\nResponseHeader: fixed16\n\n",
			"GET services\nStats: state = 0\nStats: state = 1\nStats: avg execution_time\nColumns: host_name\nOutputFormat: json\n\n",
			"GET log\nLimit: 5\n\n", "GET hosts\nLimit: 1\nOutputFormat: json\n\n"} {
			s := ask(t, a.String(), q)
			fmt.Printf("%s %q\n%.900s\n", p, q, s)
		}
		c.Close()
	}
}
