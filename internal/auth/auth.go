// Package auth says who asks: people, their passwords and their sessions. It
// makes the [access.Viewer] of a person.
package auth

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/db"
)

var (
	// ErrBadCredentials: user name or password is wrong, or the account is
	// disabled; deliberately the same for all.
	ErrBadCredentials = errors.New("user name or password is wrong")
	// ErrNoSession: the token is unknown or expired; sign in again.
	ErrNoSession = errors.New("not signed in")
	// ErrSetupDone: there is somebody already, or the code is spent.
	ErrSetupDone = errors.New("setup is done already")
	// ErrBadCode: the one-time code is wrong.
	ErrBadCode = errors.New("setup code is wrong")
	// ErrBusy: too many sign-ins wait to be checked.
	ErrBusy = errors.New("too many sign-ins at once")
	// ErrNotFound: there is no such person or session.
	ErrNotFound = errors.New("not found")
)

// RateLimitedError says that this account or address has to wait.
type RateLimitedError struct {
	Retry time.Duration // from now
}

func (e *RateLimitedError) Error() string { return "too many failed sign-ins" }

// Is makes errors.Is(err, ErrRateLimited) true.
func (e *RateLimitedError) Is(target error) bool { return target == ErrRateLimited }

// ErrRateLimited is the kind of every [RateLimitedError].
var ErrRateLimited = errors.New("too many failed sign-ins")

// An InputError says which field of a form is wrong and how to mend it.
type InputError struct {
	Field string // "username", "password", "role", ... or ""
	Msg   string // a sentence for people
	Hint  string
}

func (e *InputError) Error() string { return "auth: " + e.Msg }

// HintText returns how to mend it.
func (e *InputError) HintText() string { return e.Hint }

// Meta is where a request comes from.
type Meta struct{ IP, UA string }

// An Actor is who changes something, for the audit.
type Actor struct {
	ID   int64  // person, 0 on the command line
	Name string // user name, or "command line", "configuration"
	IP   string
}

// Audit makes an entry of a.
func (a Actor) Audit(action, object, detail string) db.Audit {
	return db.Audit{Person: a.ID, Who: a.Name, IP: a.IP, Action: action, Object: object, Detail: detail, Result: "ok"}
}

// A Person is somebody who may sign in. The zero Person sees nothing.
type Person struct {
	ID           int64
	Username     string
	DisplayName  string
	Role         access.Role
	SeeAll       bool
	Contact      string
	SiteContacts map[string]string // site key to contact name
	CommandLines bool
	Provisioned  bool
	Disabled     bool
	Created      time.Time
	LastSignIn   time.Time
	HasPassword  bool
}

// Viewer returns what p may see.
func (p Person) Viewer() access.Viewer { return access.Viewer{} }

// IsAdmin reports whether p manages sites and people.
func (p Person) IsAdmin() bool { return p.Role == access.RoleAdmin }

// Actor returns p as the one who changes something.
func (p Person) Actor(m Meta) Actor { return Actor{ID: p.ID, Name: p.Username, IP: m.IP} }

// A Session is one signed-in browser, for the list of one's own.
type Session struct {
	ID                         int64
	Created, LastSeen, Expires time.Time
	IP, UA                     string
	Current                    bool
}

// Options of a Service.
type Options struct {
	DB             *db.DB
	Now            func() time.Time // nil: time.Now
	Log            *slog.Logger     // nil: silent
	SessionIdle    time.Duration    // 0: 30 days
	SessionMax     time.Duration    // 0: 90 days
	ShortPasswords bool             // demo only: any password goes
}

// A Service answers who asks.
type Service struct{}

// New returns a Service; Close it.
func New(o Options) *Service { return &Service{} }

// Close writes what is pending and ends the background work.
func (s *Service) Close() error { return nil }

// SignIn checks a password and opens a session.
func (s *Service) SignIn(ctx context.Context, username, password string, m Meta) (token string, p Person, err error) {
	return "", Person{}, nil
}

// Session returns who owns the token.
func (s *Service) Session(ctx context.Context, token string, m Meta) (Person, error) {
	return Person{}, nil
}

// SignOut ends the session of token.
func (s *Service) SignOut(ctx context.Context, token string, m Meta) error { return nil }

// Basic checks credentials sent with each request.
func (s *Service) Basic(ctx context.Context, username, password string, m Meta) (Person, error) {
	return Person{}, nil
}

// Sessions lists a person's sessions, newest first.
func (s *Service) Sessions(ctx context.Context, person int64, token string) ([]Session, error) {
	return nil, nil
}

// Revoke ends one session of a person.
func (s *Service) Revoke(ctx context.Context, a Actor, person, session int64) error { return nil }

// RevokeOthers ends all sessions of a person but that of token.
func (s *Service) RevokeOthers(ctx context.Context, a Actor, person int64, token string) error {
	return nil
}

// SignIns returns a person's newest sign-ins.
func (s *Service) SignIns(ctx context.Context, person int64, limit int) ([]db.SignIn, error) {
	return nil, nil
}

// NeedsSetup reports whether there is nobody yet.
func (s *Service) NeedsSetup(ctx context.Context) bool { return false }

// SetupCode returns the one-time code.
func (s *Service) SetupCode() string { return "" }

// CompleteSetup makes the first admin and signs in.
func (s *Service) CompleteSetup(ctx context.Context, code, username, password string, m Meta) (token string, p Person, err error) {
	return "", Person{}, nil
}

// People returns everybody by user name.
func (s *Service) People(ctx context.Context) ([]Person, error) { return nil, nil }

// Person returns one person.
func (s *Service) Person(ctx context.Context, id int64) (Person, error) { return Person{}, nil }

// PersonByName returns one person by user name.
func (s *Service) PersonByName(ctx context.Context, username string) (Person, error) {
	return Person{}, nil
}

// AddPerson stores a new person; password "" makes one who cannot sign in yet.
func (s *Service) AddPerson(ctx context.Context, a Actor, p Person, password string) (Person, error) {
	return p, nil
}

// UpdatePerson stores p's changes (not user name nor password).
func (s *Service) UpdatePerson(ctx context.Context, a Actor, p Person) error { return nil }

// SetPassword gives a person a new password and ends all of their sessions.
func (s *Service) SetPassword(ctx context.Context, a Actor, person int64, password string) error {
	return nil
}

// ChangePassword is for people themselves: it wants the old password and keeps
// the session of token.
func (s *Service) ChangePassword(ctx context.Context, token, old, password string, m Meta) error {
	return nil
}

// RemovePerson removes a person.
func (s *Service) RemovePerson(ctx context.Context, a Actor, person int64) error { return nil }

// A Provisioned person comes from the configuration file.
type Provisioned struct {
	Username, DisplayName string
	Role                  access.Role
	PasswordHash          string
	SeeAll                bool
	Contact               string
	SiteContacts          map[string]string // site key to contact name
	CommandLines          bool
}

// Provision makes the stored people match those of the configuration file.
func (s *Service) Provision(ctx context.Context, people []Provisioned) error { return nil }

// HashPassword returns the PHC text of a password for the configuration file.
func HashPassword(ctx context.Context, password string) (string, error) { return "", nil }
