package icinga2

import (
	"encoding/json"
	"fmt"
	"strings"

	"belvedere/internal/logline"
	"belvedere/internal/replica"
)

// An event is one line of the stream. Which fields it has depends on its type.
type event struct {
	Type       string       `json:"type"`
	Time       float64      `json:"timestamp"`
	Host       string       `json:"host"`
	Service    string       `json:"service"`
	State      int64        `json:"state"`
	StateType  int64        `json:"state_type"`
	Result     *checkResult `json:"check_result"`
	Author     string       `json:"author"`
	Text       string       `json:"text"`
	Command    string       `json:"command"`
	Kind       string       `json:"notification_type"`
	Users      []string     `json:"users"`
	Flapping   bool         `json:"is_flapping"`
	Current    float64      `json:"current_value"`
	ObjectType string       `json:"object_type"`
	ObjectName string       `json:"object_name"`

	Comment  json.RawMessage `json:"comment"` // an object, or the text of an acknowledgement
	Downtime *struct {
		Name    string `json:"__name"`
		Host    string `json:"host_name"`
		Service string `json:"service_name"`
		Author  string `json:"author"`
		Comment string `json:"comment"`
	} `json:"downtime"`
}

// commented is the comment of an event.
type commented struct {
	Name    string `json:"__name"`
	Host    string `json:"host_name"`
	Service string `json:"service_name"`
}

// event takes one line of the stream: it has what it names read anew, and
// tells of it. A line that makes no sense is left to the next sweep.
func (s *Source) event(line []byte) error {
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		s.c.o.Log.Debug("icinga2: an event that cannot be read", "err", err)
		return nil
	}
	switch e.Type {
	case "CheckResult":
		s.touchObject(e.Host, e.Service, false)
	case "AcknowledgementSet", "AcknowledgementCleared", "Flapping":
		s.touchObject(e.Host, e.Service, true)
	case "StateChange", "Notification":
		s.touchObject(e.Host, e.Service, true)
		s.touch(notificationType, fullName(e.Host, e.Service), true)
	case "CommentAdded", "CommentRemoved":
		var c commented
		if json.Unmarshal(e.Comment, &c) == nil && c.Name != "" {
			s.touch(commentType, c.Name, true)
		}
	case "DowntimeAdded", "DowntimeRemoved", "DowntimeStarted", "DowntimeTriggered":
		if d := e.Downtime; d != nil {
			e.Host, e.Service = d.Host, d.Service
			s.touch(downtimeType, d.Name, true)
			s.touchObject(d.Host, d.Service, true)
		}
	case "ObjectCreated", "ObjectModified", "ObjectDeleted":
		s.objectEvent(&e)
	}
	if s.told != nil {
		for _, r := range e.history() {
			s.told(replica.Row(r))
		}
	}
	return nil
}

func (s *Source) touchObject(host, service string, urgent bool) {
	if service != "" {
		s.touch(serviceType, fullName(host, service), urgent)
	} else if host != "" {
		s.touch(hostType, host, urgent)
	}
}

// objectEvent takes that an object came, went or was changed.
func (s *Source) objectEvent(e *event) {
	for _, t := range []*objectType{hostType, serviceType, commentType, downtimeType} {
		if t.name == e.ObjectType {
			s.touch(t, e.ObjectName, true)
			return
		}
	}
	for _, t := range types {
		if t.name == e.ObjectType {
			s.touchAll(true, false)
			return
		}
	}
	if e.ObjectType == "IcingaApplication" {
		s.touchAll(false, true)
	}
}

// Bounds of what an event leaves in the log: bytes of a text and of the rest,
// and users that a notification tells.
const (
	saidMost = 8 << 10
	wordMost = 255
	toldMost = 200
)

// clip cuts a text that nobody reads to its end.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}

// history is what an event is in the words of a core's log.
func (e *event) history() []row {
	of, object := "HOST", e.Host
	if e.Service != "" {
		of, object = "SERVICE", e.Host+";"+e.Service
	}
	if e.Downtime == nil && strings.HasPrefix(e.Type, "Downtime") || len(object) > nameMost {
		return nil
	}
	output, remarked := "", ""
	if e.Result != nil {
		output, _, _ = strings.Cut(e.Result.Output, "\n")
	}
	if e.Downtime != nil {
		remarked = clip(e.Downtime.Comment, saidMost)
	}
	output, e.Text = clip(output, saidMost), clip(e.Text, saidMost)
	e.Author, e.Command, e.Kind = clip(e.Author, wordMost), clip(e.Command, wordMost), clip(e.Kind, wordMost)
	var lines []string
	say := func(format string, a ...any) {
		lines = append(lines, fmt.Sprintf("[%d] %s %s", int64(e.Time), of, fmt.Sprintf(format, a...)))
	}
	switch e.Type {
	case "StateChange":
		kind, attempt := "SOFT", int64(1)
		if e.StateType == 1 {
			kind = "HARD"
		}
		if e.Result != nil {
			attempt = max(1, e.Result.After.Attempt)
		}
		say("ALERT: %s;%s;%s;%d;%s", object, e.word(), kind, attempt, output)
	case "Notification":
		kind := e.word()
		if e.Kind != "PROBLEM" {
			kind = fmt.Sprintf("%s (%s)", notificationKind(e.Kind), e.word())
		}
		remark := ""
		if e.Text != "" {
			remark = ";" + e.Author + ";" + e.Text
		}
		for _, user := range e.Users[:min(len(e.Users), toldMost)] {
			say("NOTIFICATION: %s;%s;%s;%s;%s%s", clip(user, wordMost), object, kind, e.Command, output, remark)
		}
	case "DowntimeStarted", "DowntimeTriggered":
		// A fixed downtime tells both; one is enough.
		if e.Type == "DowntimeStarted" {
			say("DOWNTIME ALERT: %s;STARTED; %s", object, remarked)
		}
	case "DowntimeRemoved":
		say("DOWNTIME ALERT: %s;STOPPED; %s", object, remarked)
	case "AcknowledgementSet":
		var text string
		_ = json.Unmarshal(e.Comment, &text)
		say("ACKNOWLEDGE ALERT: %s;STARTED;%s;%s", object, e.Author, clip(text, saidMost))
	case "AcknowledgementCleared":
		say("ACKNOWLEDGE ALERT: %s;CANCELLED;;", object)
	case "Flapping":
		word := "STOPPED; It is quiet again"
		if e.Flapping {
			word = "STARTED; It changes its state too often"
		}
		say("FLAPPING ALERT: %s;%s (%.1f%%)", object, word, e.Current)
	}
	rows := make([]row, 0, len(lines))
	for _, l := range lines {
		if r, ok := logRow(l); ok {
			rows = append(rows, r)
		}
	}
	return rows
}

// notificationKind is how logs name a kind of notification.
func notificationKind(kind string) string {
	switch kind {
	case "DOWNTIMEREMOVED":
		return "DOWNTIMECANCELLED"
	case "FLAPPINGEND":
		return "FLAPPINGSTOP"
	}
	return kind
}

// word is the state of an event by name.
func (e *event) word() string {
	words := []string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}
	state := e.State
	if e.Service == "" {
		words = []string{"UP", "DOWN", "UNREACHABLE"}
	}
	if state < 0 || int(state) >= len(words) {
		return "UNKNOWN"
	}
	return words[state]
}

// logRow makes a row of table log of a line.
func logRow(line string) (row, bool) {
	line = strings.NewReplacer("\n", " ", "\r", " ").Replace(line)
	e, ok := logline.Parse(line)
	if !ok {
		return row{}, false
	}
	r := row{Table: "log"}
	r.set("time", e.Time)
	r.set("lineno", int64(0))
	r.set("class", int64(e.Class))
	r.set("attempt", int64(e.Attempt))
	r.set("state", int64(e.State))
	for column, text := range map[string]string{"type": e.Type, "message": e.Message, "options": e.Options, "host_name": e.Host,
		"service_description": e.Service, "state_type": e.StateType, "plugin_output": e.Output, "comment": e.Comment,
		"contact_name": e.Contact, "command_name": e.Command} {
		r.text(column, text)
	}
	return r, true
}
