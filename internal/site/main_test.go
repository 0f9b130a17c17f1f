package site

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails if any goroutine outlives the tests: every site ends what it
// began.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
