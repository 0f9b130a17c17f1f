package tunnel

import (
	"fmt"
	"strings"
)

// The command that stands in for forwarding. It is one word for every login
// shell (sh, csh, fish): single quotes around text without single quotes,
// newlines and exclamation marks. The path is in it as letters, digits and
// octal numbers only, so no shell sees anything of it to interpret. SOCKET, BEFORE
// and SOCAT are replaced.
const command = `PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/local/nagios/bin; s=$(printf %b "SOCKET"); ` +
	`say() { echo "belvedere: $1" >&2; exit 65; }; ` +
	// The nearest folder above that there is: each turn takes a part away, so it ends.
	`d=$s; while test "${d#*/}" != "$d"; do d=${d%/*}; if test -d "${d:-/}"; then test -x "${d:-/}" || say denied; break; fi; done; ` +
	`test -e "$s" || say nosocket; test -S "$s" || say notsocket; test -w "$s" || say denied; ` +
	`has() { command -v "$1" >/dev/null 2>&1; }; can() { has "$1" && "$1" -h 2>&1 | grep -q -e "-[0-9A-Za-z]*$2"; }; ` +
	// The unixcat of Debian's ucspi-unix, a script, only listens.
	`if has unixcat; then if grep -q unixclient "$(command -v unixcat)"; then :; else BEFOREexec unixcat "$s"; fi; fi; ` +
	`SOCAT` +
	`if has ncat; then BEFOREexec ncat -U "$s"; fi; ` +
	`if can nc U && can nc N; then BEFOREexec nc -N -U "$s"; fi; ` +
	`if can nc U; then BEFOREexec nc -U "$s"; fi; ` +
	`say nohelper`

// socat reads its address in a language of its own.
const socat = `if has socat; then BEFOREexec socat - "UNIX-CONNECT:$s"; fi; `

// script returns the command for a path. before runs in the place of the
// program found, if it ends in exit.
func script(path, before string) string {
	octal, plain := spell(path)
	use := socat
	if !plain {
		use = ""
	}
	if before != "" {
		before += "; "
	}
	text := strings.NewReplacer("SOCKET", octal, "SOCAT", strings.ReplaceAll(use, "BEFORE", before), "BEFORE", before).Replace(command)
	return "exec sh -c '" + text + "'"
}

// spell writes a path for printf %b. plain: it has letters, digits and . _ / +
// @ - only.
func spell(path string) (octal string, plain bool) {
	var b strings.Builder
	plain = true
	for _, c := range []byte(path) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("._/+@-", c) >= 0:
			b.WriteByte(c)
		default:
			plain = false
			fmt.Fprintf(&b, `\0%03o`, c)
		}
	}
	return b.String(), plain
}
