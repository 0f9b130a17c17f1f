package act

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"belvedere/internal/web/ui"
)

// A verb is how a command is called while it is under way, and after.
type verb string

// verbOf returns the verb of a command.
func verbOf(name string) verb {
	switch {
	case strings.HasPrefix(name, "ACKNOWLEDGE_"):
		return "ack"
	case strings.HasPrefix(name, "REMOVE_"):
		return "unack"
	case strings.HasPrefix(name, "SCHEDULE_") && strings.HasSuffix(name, "DOWNTIME"):
		return "downtime"
	case strings.HasPrefix(name, "SCHEDULE_"):
		return "check"
	case strings.HasPrefix(name, "ADD_") && strings.HasSuffix(name, "_COMMENT"):
		return "comment"
	case strings.HasPrefix(name, "DEL_") && strings.Contains(name, "COMMENT"):
		return "uncomment"
	case strings.HasPrefix(name, "DEL_"):
		return "cancel"
	}
	return verb(name)
}

// busy says that n objects are being worked on.
func (v verb) busy(ctx context.Context, n int) string {
	s := ui.Number(n)
	switch v {
	case "ack":
		return ui.N(ctx, n, "Acknowledging %s problem", "Acknowledging %s problems", s)
	case "unack":
		return ui.N(ctx, n, "Removing %s acknowledgement", "Removing %s acknowledgements", s)
	case "downtime":
		return ui.N(ctx, n, "Scheduling %s downtime", "Scheduling %s downtimes", s)
	case "check":
		return ui.N(ctx, n, "Rechecking %s object", "Rechecking %s objects", s)
	case "comment":
		return ui.N(ctx, n, "Adding %s comment", "Adding %s comments", s)
	case "uncomment":
		return ui.N(ctx, n, "Deleting %s comment", "Deleting %s comments", s)
	case "edit":
		return ui.N(ctx, n, "Changing %s downtime", "Changing %s downtimes", s)
	case "cancel":
		return ui.N(ctx, n, "Cancelling %s downtime", "Cancelling %s downtimes", s)
	}
	return ui.N(ctx, n, "%[1]s for %[2]s object", "%[1]s for %[2]s objects", string(v), s)
}

// done says that it was done for n objects.
func (v verb) done(ctx context.Context, n int) string {
	s := ui.Number(n)
	switch v {
	case "ack":
		return ui.N(ctx, n, "Acknowledged %s problem", "Acknowledged %s problems", s)
	case "unack":
		return ui.N(ctx, n, "Removed %s acknowledgement", "Removed %s acknowledgements", s)
	case "downtime":
		return ui.N(ctx, n, "Scheduled %s downtime", "Scheduled %s downtimes", s)
	case "check":
		return ui.N(ctx, n, "Rechecked %s object", "Rechecked %s objects", s)
	case "comment":
		return ui.N(ctx, n, "Added %s comment", "Added %s comments", s)
	case "uncomment":
		return ui.N(ctx, n, "Deleted %s comment", "Deleted %s comments", s)
	case "edit":
		return ui.N(ctx, n, "Changed %s downtime", "Changed %s downtimes", s)
	case "cancel":
		return ui.N(ctx, n, "Cancelled %s downtime", "Cancelled %s downtimes", s)
	}
	return ui.N(ctx, n, "%[1]s done for %[2]s object", "%[1]s done for %[2]s objects", string(v), s)
}

// noun names it.
func (v verb) noun(ctx context.Context) string {
	switch v {
	case "ack":
		return ui.T(ctx, "Acknowledgement")
	case "unack":
		return ui.T(ctx, "Removal of the acknowledgement")
	case "downtime":
		return ui.T(ctx, "Downtime")
	case "check":
		return ui.T(ctx, "Recheck")
	case "comment":
		return ui.T(ctx, "Comment")
	case "uncomment":
		return ui.T(ctx, "Deletion of comments")
	case "edit":
		return ui.T(ctx, "Change of downtimes")
	case "cancel":
		return ui.T(ctx, "Cancelling of downtimes")
	}
	return string(v)
}

// row is what the row of an object says while it is worked on.
func (v verb) row(ctx context.Context) string {
	switch v {
	case "ack":
		return ui.T(ctx, "acknowledging …")
	case "unack":
		return ui.T(ctx, "removing acknowledgement …")
	case "downtime":
		return ui.T(ctx, "scheduling downtime …")
	case "check":
		return ui.T(ctx, "rechecking …")
	case "comment":
		return ui.T(ctx, "adding comment …")
	case "uncomment":
		return ui.T(ctx, "deleting comment …")
	case "cancel":
		return ui.T(ctx, "cancelling downtime …")
	case "edit":
		return ui.T(ctx, "changing downtime …")
	}
	return ui.T(ctx, "under way …")
}

// undoable reports whether there is a command that takes this one back.
func undoable(name string) bool {
	switch verbOf(name) {
	case "ack", "downtime", "comment":
		return true
	}
	_, ok := opposite(name)
	return ok
}

// opposite returns the command that switches the other way.
func opposite(name string) (string, bool) {
	for _, p := range [][2]string{{"ENABLE_", "DISABLE_"}, {"DISABLE_", "ENABLE_"}, {"START_", "STOP_"}, {"STOP_", "START_"}} {
		if rest, ok := strings.CutPrefix(name, p[0]); ok {
			return p[1] + rest, true
		}
	}
	return "", false
}

// untilWords writes a time to come and how far away it is: "Fri 20 Nov
// 18:00:00, in 1 d 8 h".
func untilWords(ctx context.Context, t, now time.Time) string {
	return ui.T(ctx, "%[1]s, in %[2]s", ui.Exact(ctx, t.Unix()), ui.Ago(int64(t.Sub(now).Seconds()+0.5)))
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
