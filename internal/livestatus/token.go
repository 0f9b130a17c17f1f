package livestatus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"strings"
	"time"

	"belvedere/internal/lql"
)

// A token is sent in a line of its own before the first request of a
// connection, inside TLS. Only Belvedere speaks it, on both ends.
const (
	tokenVerb = "AUTH "
	// TokenLeast is how many characters a token has at least: as many as nobody
	// can guess however often they ask.
	TokenLeast = 32
	tokenMost  = 512
)

// TokenHash returns the SHA-256 of a token in lower case hex, which is how a
// listener knows it.
func TokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// sendToken says who we are on a connection that is encrypted, if the address
// has a token.
func (o *Options) sendToken(c net.Conn, limit time.Duration) *Error {
	if o.TLS.TokenFile == "" || o.Scheme != "tls" {
		return nil
	}
	if o.TLS.InsecureSkipVerify && o.TLS.Fingerprint == "" {
		return &Error{Kind: KindAddress, Cause: "A token is sent only to a server whose certificate is checked.", Fix: "Name its authority (ca) or its fingerprint instead of insecure."}
	}
	token, err := readTokenFile(o.TLS.TokenFile)
	if err != nil {
		return err
	}
	if err := c.SetWriteDeadline(time.Now().Add(limit)); err != nil {
		return &Error{Kind: KindHangup, Err: err, Cause: "The connection ended before the token was sent.", Fix: "See the log of the other end."}
	}
	if _, err := c.Write([]byte(tokenVerb + token + "\n")); err != nil {
		return &Error{Kind: KindHangup, Err: err, Cause: "The connection ended before the token was sent.", Fix: "See the log of the other end."}
	}
	return nil
}

// readTokenFile reads the one line of a file.
func readTokenFile(path string) (string, *Error) {
	b, err := readSmall(path, 4096)
	if err != nil {
		return "", &Error{Kind: KindAddress, Err: err, Cause: fmt.Sprintf("The file of the token %s cannot be read: %s.", path, plain(err)), Fix: "Check path and permissions."}
	}
	token := strings.TrimSpace(string(b))
	if !fitToken(token) {
		return "", &Error{Kind: KindAddress, Cause: fmt.Sprintf("The file %s does not hold a token.", path),
			Fix: fmt.Sprintf("It holds one line of %d to %d letters and digits, as openssl rand -hex 32 makes it.", TokenLeast, tokenMost)}
	}
	return token, nil
}

// fitToken reports whether a text can be a token.
func fitToken(s string) bool {
	return len(s) >= TokenLeast && len(s) <= tokenMost && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// errNoToken is what clients are told; whether there was one, and which, is
// nobody's business.
var errNoToken = &lql.QueryError{Code: 403, Msg: "this listener is for those who have a token", Hint: "give the site a token_file with a token that this listener knows"}

// Token reads the token with which a connection begins, for
// [ServerOptions.Open], and asks known for who has its [TokenHash]. The error
// is a [*lql.QueryError], which the client is told, or that of the connection.
// The deadline of reading is that of ctx.
func Token(ctx context.Context, c net.Conn, known func(hash string) bool) error {
	if end, ok := ctx.Deadline(); ok {
		if err := c.SetReadDeadline(end); err != nil {
			return fmt.Errorf("livestatus: token: %w", err)
		}
	}
	line := make([]byte, 0, 128)
	for one := make([]byte, 1); ; { // no byte of the request behind it may be taken
		if _, err := c.Read(one); err != nil {
			return fmt.Errorf("livestatus: token: %w", err)
		}
		if one[0] == '\n' {
			break
		}
		if line = append(line, one[0]); len(line) > len(tokenVerb)+tokenMost {
			return errNoToken
		}
	}
	token, ok := strings.CutPrefix(strings.TrimSuffix(string(line), "\r"), tokenVerb)
	if !ok || !fitToken(token) || !known(TokenHash(token)) {
		return errNoToken
	}
	return nil
}
