package web

import (
	"syscall"
	"time"
)

// threadTime returns what the calling thread has used of processors; 0: not
// known.
func threadTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
