package filecore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"belvedere/internal/corefiles"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// Send gives a command to the query handler of a Naemon, which answers whether
// it takes it, and where there is none writes it into the command pipe. It
// implements [lql.Sender]; errors are [*livestatus.Error], after which the core
// does not have it unless Uncertain is set.
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
	if c.impl == schema.Naemon && config.Query != "" {
		err := corefiles.QueryHandler(config.Query).Send(ctx, cmd)
		if err == nil {
			return nil
		}
		if answer := answered(config.Query, err); answer != nil {
			return answer
		}
		c.o.Log.Debug("the query handler takes no commands, the pipe is used", "socket", config.Query, "reason", err)
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

// answered is what became of a command at the query handler, nil if that cannot
// be used.
func answered(socket string, err error) error {
	if refused, ok := errors.AsType[*corefiles.RefusedError](err); ok {
		return &livestatus.Error{Kind: livestatus.KindStatus, Code: refused.Code, Err: err,
			Cause: fmt.Sprintf("The core refused the command: %s.", strings.TrimSuffix(refused.Reason, ".")), Fix: "Nothing was changed."}
	}
	if errors.Is(err, corefiles.ErrNoAnswer) {
		return &livestatus.Error{Kind: livestatus.KindSilent, Err: err, Uncertain: true,
			Cause: fmt.Sprintf("The query handler %s did not answer. The command may or may not have been taken.", socket),
			Fix:   "Look whether it had its effect before giving it again."}
	}
	return nil
}
