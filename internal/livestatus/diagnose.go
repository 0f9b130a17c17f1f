package livestatus

import (
	"context"
	"time"
)

// StepState is how a step of a diagnosis went.
type StepState string

// The states of a step.
const (
	StepRun  StepState = "run" // begun, the result follows
	StepOK   StepState = "ok"
	StepWarn StepState = "warn"
	StepFail StepState = "fail"
	StepSkip StepState = "skip" // not reached, or not for this kind of address
)

// A Step is one step of a diagnosis. Cause and Fix are set on warn and fail.
type Step struct {
	Name   string        `json:"name"`  // parse dns connect tls answers identify hosts services clock commands volume
	Title  string        `json:"title"` // for people
	State  StepState     `json:"state"`
	Detail string        `json:"detail,omitempty"`
	Cause  string        `json:"cause,omitempty"`
	Fix    string        `json:"fix,omitempty"`
	Took   time.Duration `json:"took_ns"`
}

// A Report is the outcome of a diagnosis.
type Report struct {
	Address     string   `json:"address"`
	OK          bool     `json:"ok"` // every step that must work does; warnings allowed
	Steps       []Step   `json:"steps"`
	Core        Core     `json:"core"`
	Hosts       int      `json:"hosts"`
	Services    int      `json:"services"`
	Warnings    []string `json:"warnings,omitempty"`
	Kind        ErrKind  `json:"kind,omitempty"`
	Cause       string   `json:"cause,omitempty"`
	Fix         string   `json:"fix,omitempty"`
	Fingerprint string   `json:"fingerprint,omitempty"` // SHA-256 of the certificate seen
	Duplicate   string   `json:"duplicate,omitempty"`   // name of a site that looks like the same core; set by the caller
}

// Diagnose goes through connecting to a core step by step and reports each,
// when it begins and when it ended, to step, which may be nil. It ends within
// about twenty seconds whatever the other side does.
func Diagnose(ctx context.Context, o Options, step func(Step)) Report {
	return Report{Address: o.Address.String()}
}
