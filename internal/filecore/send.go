package filecore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"belvedere/internal/corefiles"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// Send writes a command into the command pipe. It implements [lql.Sender];
// errors are [*livestatus.Error], after which nothing has been written.
func (c *Core) Send(ctx context.Context, cmd lql.Command) error {
	config := c.configuration()
	e := &livestatus.Error{Kind: livestatus.KindRequest}
	if !config.Commands || config.Pipe == "" {
		e.Cause, e.Fix = "The core takes no external commands.", "Set check_external_commands=1 and command_file, and restart the core."
		return e
	}
	if cmd.Time == 0 {
		cmd.Time = c.o.Now().Unix()
	}
	err := corefiles.Pipe(config.Pipe).Send(ctx, cmd)
	if err == nil {
		return nil
	}
	e.Err = err
	e.Cause, e.Fix = fmt.Sprintf("The command could not be written into %s.", config.Pipe), "See the log of the agent, and whether the core runs."
	switch {
	case errors.Is(err, corefiles.ErrUnsafe):
		e.Cause, e.Fix = "The command cannot be written as one line that the core reads as just that.", "Leave out line ends, semicolons in names, blanks at the end, and very long texts."
	case errors.Is(err, corefiles.ErrNoReader), errors.Is(err, fs.ErrNotExist):
		e.Cause, e.Fix = fmt.Sprintf("Nobody reads the command pipe %s: the core does not run.", config.Pipe), "Start the core."
	case errors.Is(err, corefiles.ErrFull):
		e.Cause, e.Fix = fmt.Sprintf("The command pipe %s is full: the core does not read it.", config.Pipe), "The core is busy or hangs; see its log."
	case errors.Is(err, fs.ErrPermission):
		e.Kind = livestatus.KindPermission
		e.Cause, e.Fix = fmt.Sprintf("The agent may not use the file %s: it runs as the user %s.", config.Pipe, whoami()), fmt.Sprintf("Run it as the core's user, or add its user to the group %s and restart it.", groupOf(config.Pipe))
	case errors.Is(err, corefiles.ErrNoPipe):
		e.Cause, e.Fix = fmt.Sprintf("%s is a file, not a command pipe.", config.Pipe), "Remove it and restart the core, which makes it."
	}
	return e
}
