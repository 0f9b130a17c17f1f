package corefiles_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write what is read to testdata")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
