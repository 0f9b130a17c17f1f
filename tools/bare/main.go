// Command bare reads whole tables of Livestatus servers and throws them away:
// what the bytes of a first synchronisation cost whoever reads them.
//
//	bare HOST FIRSTPORT COUNT
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) != 4 {
		fail("usage: bare HOST FIRSTPORT COUNT")
	}
	first, err1 := strconv.Atoi(os.Args[2])
	count, err2 := strconv.Atoi(os.Args[3])
	if err1 != nil || err2 != nil {
		fail("ports are numbers")
	}
	var total atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for i := range count {
		group.Go(func() {
			for _, table := range []string{"hosts", "services", "hostgroups", "servicegroups", "contacts", "contactgroups", "comments", "downtimes", "commands", "timeperiods"} {
				n, err := read(net.JoinHostPort(os.Args[1], strconv.Itoa(first+i)), table)
				if err != nil {
					fail(err.Error())
				}
				total.Add(n)
			}
		})
	}
	group.Wait()
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail
	fmt.Printf("%d MB in %.2f s, CPU %.2f s\n", total.Load()>>20, time.Since(start).Seconds(), float64(u.Utime.Nano()+u.Stime.Nano())/1e9)
}

func read(address, table string) (int64, error) {
	c, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Minute))
	if _, err := fmt.Fprintf(c, "GET %s\nOutputFormat: json\n\n", table); err != nil {
		return 0, err
	}
	return io.Copy(io.Discard, struct{ io.Reader }{c})
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, "bare:", why)
	os.Exit(1)
}
