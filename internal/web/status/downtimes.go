package status

import (
	"context"

	"belvedere/internal/web/ui"
)

// DowntimeViews are the pages about downtimes, for a switch between them;
// current is "list", "calendar" or "recurring".
func DowntimeViews(ctx context.Context, current string) []ui.Link {
	return []ui.Link{
		{Label: ui.T(ctx, "List"), Path: "/downtimes", Current: current == "list"},
		{Label: ui.T(ctx, "Calendar"), Path: "/downtimes/calendar", Current: current == "calendar"},
		{Label: ui.T(ctx, "Recurring"), Path: "/recurring", Current: current == "recurring"},
	}
}
