package auth

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrBadCredentials: user name or password is wrong, the account is
	// disabled or has no password; deliberately the same for all of these.
	ErrBadCredentials = errors.New("user name or password is wrong")
	// ErrRateLimited is the kind of every [RateLimitedError].
	ErrRateLimited = errors.New("too many failed attempts")
	// ErrNoSession: the token is unknown or expired, or its person may not
	// sign in any more.
	ErrNoSession = errors.New("not signed in")
	// ErrSetupDone: there is somebody already, so there is nothing to set up.
	ErrSetupDone = errors.New("the first admin is there already")
	// ErrBadCode: the one-time code of the setup is wrong.
	ErrBadCode = errors.New("the setup code is wrong")
	// ErrBusy: more passwords wait to be checked than can be in time.
	ErrBusy = errors.New("too many sign-ins at once")
	// ErrNotFound: there is no such person or session.
	ErrNotFound = errors.New("not found")
)

// A RateLimitedError says that this account or address has to wait. Trying
// earlier is refused without looking at the password.
type RateLimitedError struct {
	Retry time.Duration // from now, above 0
}

func (e *RateLimitedError) Error() string {
	return fmt.Sprintf("too many failed attempts: try again in %s", e.Retry.Round(time.Second))
}

// Is makes errors.Is(err, ErrRateLimited) true.
func (e *RateLimitedError) Is(target error) bool { return target == ErrRateLimited }

// An InputError says which field of a form is wrong and how to mend it. Both
// texts may be shown to people.
type InputError struct {
	Field string // "username", "display_name", "password", "old_password", "role", "contact", "site_contacts", or ""
	Msg   string // what is wrong: no full stop
	Hint  string // what would be right; may be empty
}

func (e *InputError) Error() string { return "auth: " + e.Msg }

// HintText returns what would be right.
func (e *InputError) HintText() string { return e.Hint }
