package action

import (
	"context"
	"strings"

	"belvedere/internal/command"
	"belvedere/internal/web/ui"
)

// Noun names what a command does, as in a list of orders; commands that have no
// word of their own are named as the core does.
func Noun(ctx context.Context, name string) string {
	switch {
	case strings.HasPrefix(name, "ACKNOWLEDGE_"):
		return ui.T(ctx, "Acknowledgement")
	case strings.HasPrefix(name, "REMOVE_"):
		return ui.T(ctx, "Removal of the acknowledgement")
	case strings.HasPrefix(name, "SCHEDULE_") && strings.HasSuffix(name, "DOWNTIME"):
		return ui.T(ctx, "Downtime")
	case strings.HasPrefix(name, "SCHEDULE_"):
		return ui.T(ctx, "Recheck")
	case strings.HasPrefix(name, "ADD_") && strings.HasSuffix(name, "_COMMENT"):
		return ui.T(ctx, "Comment")
	case strings.HasPrefix(name, "DEL_") && strings.Contains(name, "COMMENT"):
		return ui.T(ctx, "Deletion of comments")
	case strings.HasPrefix(name, "DEL_"):
		return ui.T(ctx, "Cancelling of downtimes")
	}
	return name
}

// StateWords says how far an object of an order got.
func StateWords(ctx context.Context, s command.State) string {
	switch s {
	case command.Accepted:
		return ui.T(ctx, "not sent yet")
	case command.Sending, command.Sent:
		return ui.T(ctx, "sent")
	case command.Seen:
		return ui.T(ctx, "confirmed")
	case command.Done:
		return ui.T(ctx, "sent, nothing shows it")
	case command.Unseen:
		return ui.T(ctx, "not confirmed")
	case command.Failed:
		return ui.T(ctx, "failed")
	case command.Unknown:
		return ui.T(ctx, "unknown")
	case command.Cancelled:
		return ui.T(ctx, "taken back")
	}
	return ui.T(ctx, "left out")
}

// States are the states of an object of an order that can be chosen from, the
// final ones first.
func States() []command.State {
	return []command.State{command.Seen, command.Done, command.Unseen, command.Failed, command.Refused, command.Unknown, command.Cancelled, command.Sent, command.Accepted}
}
