package livestatus

import (
	"context"
	"errors"
)

// ErrKind sorts errors by what is wrong.
type ErrKind string

// The kinds of errors. KindStatus carries the core's code in [Error.Code].
const (
	KindAddress     ErrKind = "address"     // not an address we can use
	KindDNS         ErrKind = "dns"         // the name is not known
	KindRefused     ErrKind = "refused"     // nothing listens
	KindUnreachable ErrKind = "unreachable" // no route
	KindTimeout     ErrKind = "timeout"     // connecting took too long
	KindNoSocket    ErrKind = "no_socket"   // the socket file is not there, or is no socket
	KindPermission  ErrKind = "permission"  // the socket file may not be used
	KindSilent      ErrKind = "silent"      // connected, but no answer
	KindSlow        ErrKind = "slow"        // an answer began and stalled
	KindHangup      ErrKind = "hangup"      // closed without a byte
	KindXinetd      ErrKind = "xinetd"      // the helper in front of the core says the core is away
	KindHTTP        ErrKind = "http"        // a web server
	KindSSH         ErrKind = "ssh"         // an SSH server
	KindBanner      ErrKind = "banner"      // some other service
	KindTLS         ErrKind = "tls"         // TLS where none was expected, or none where it was, or it failed
	KindCertificate ErrKind = "certificate" // the certificate is not trusted
	KindHostKey     ErrKind = "hostkey"     // the SSH server's host key is not trusted
	KindLogin       ErrKind = "login"       // the SSH server or the API does not let us in
	KindProtocol    ErrKind = "protocol"    // an answer that is not well formed, or cut short
	KindStatus      ErrKind = "status"      // the core refused the request
	KindTooLarge    ErrKind = "toolarge"    // more than the bounds allow
	KindRequest     ErrKind = "request"     // must not be sent, or means nothing to this core
	KindCanceled    ErrKind = "canceled"    // the caller ended it
	KindClosed      ErrKind = "closed"      // the client was closed
	KindRights      ErrKind = "rights"      // the user may not do this
)

// An Error says why a core could not be asked. Cause and Fix are one or two
// sentences for people and hold no secrets.
type Error struct {
	Kind  ErrKind
	Cause string
	Fix   string
	Code  int // status of the core with KindStatus
	Err   error
	// Uncertain: a command had left when this happened, and may or may not have
	// been taken.
	Uncertain bool

	icinga      bool   // it is the API of an Icinga 2, with KindHTTP
	fingerprint string // of the certificate or host key seen, with KindCertificate and KindHostKey
}

func (e *Error) Error() string {
	if e.Err != nil {
		return "livestatus: " + string(e.Kind) + ": " + e.Err.Error()
	}
	return "livestatus: " + string(e.Kind) + ": " + e.Cause
}

// Unwrap returns the error below, which may be nil.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the [*Error] in err, "" if there is none.
func KindOf(err error) ErrKind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// canceled is the error for a request whose context ended.
func canceled(ctx context.Context) *Error {
	err := context.Cause(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{Kind: KindTimeout, Cause: "The time set for the whole request was over before the core had answered.", Fix: "Ask for less, or allow more time.", Err: err}
	}
	return &Error{Kind: KindCanceled, Cause: "The request was ended from our side.", Err: err}
}

// closedError is what a closed client answers.
func closedError() *Error {
	return &Error{Kind: KindClosed, Cause: "The connection to this core was closed from our side."}
}
