package corefiles

import (
	"fmt"
	"os"
	"syscall"
)

// Open opens a file of a core to read it. What is no plain file, such as a pipe
// or a device, is an error: it could be read for ever, or never begin.
func Open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &os.PathError{Op: "open", Path: path, Err: fmt.Errorf("it is no plain file")}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
