package icinga2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// Send has the core carry out an external command, and returns when it has. An
// error of [livestatus.KindStatus] is the API's own refusal, one of
// [livestatus.KindRequest] says that there is no such thing in the API; after
// others nothing has been sent, unless Uncertain is set.
func (s *Source) Send(ctx context.Context, c lql.Command) error {
	def, ok := schema.LookupCommand(c.Name)
	if !ok {
		return cannot("There is no command %.60q.", c.Name)
	}
	o := order{s: s, def: def, time: c.Time, args: map[string]string{}}
	args := c.Args
	if n := len(def.Params); n > 0 && len(args) > n {
		args = append(slices.Clone(args[:n-1]), strings.Join(args[n-1:], ";"))
	}
	for i, p := range def.Params {
		if i < len(args) {
			o.args[p.Name] = args[i]
		} else if !p.Optional {
			return cannot("%s needs a value for %s.", def.Name, p.Name)
		}
	}
	call, err := o.call()
	if err != nil {
		return err
	}
	if err := s.c.order(ctx, s.may, call); err != nil {
		return err
	}
	s.affected(call)
	return nil
}

// cannot is the error for what the API does not offer.
func cannot(format string, a ...any) error {
	return &livestatus.Error{Kind: livestatus.KindRequest, Cause: fmt.Sprintf(format, a...), Fix: "Nothing was sent."}
}

// A call is one request that changes something.
type call struct {
	action string         // of /v1/actions; "": change attributes
	t      *objectType    // whose objects it is about; nil: the core itself
	names  []string       // of these objects; nil with a filter
	filter string         // in the language of Icinga 2, with vars
	vars   map[string]any // for filter
	attrs  map[string]any // new values
	with   map[string]any // parameters of the action
	target string         // path of an object of another type, below /v1/objects/
}

// order calls the API and returns what it has against that.
func (c *client) order(ctx context.Context, may rights, k *call) error {
	body := map[string]any{}
	for name, v := range k.with {
		body[name] = v
	}
	path, right := "/v1/actions/"+k.action, "actions/"+k.action
	if k.action == "" {
		body["attrs"] = k.attrs
		if k.target == "" {
			path, right = "/v1/objects/"+k.t.path, "objects/modify/"+k.t.name
		} else {
			path, right = "/v1/objects/"+k.target, "objects/modify/"+modifies(k.target)
		}
	}
	if !may.may(right) {
		return cannot("The API user %s may not do this: it lacks the permission %s.", may.User, right)
	}
	if k.t != nil && k.target == "" {
		if len(k.names) == 0 && k.filter == "" { // Icinga 2 would take all objects there are
			return cannot("There is nothing that this is for: the group has no members.")
		}
		body["type"] = k.t.name
	}
	if k.names != nil {
		body[k.t.path] = k.names
	}
	if k.filter != "" {
		body["filter"], body["filter_vars"] = k.filter, k.vars
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	answer, err := c.do(ctx, http.MethodPost, path, body)
	if err != nil {
		return refusal(err)
	}
	defer answer.Close()
	cause, refused, all := "", 0, 0 // what is said against the first of them
	err = c.results(ctx, answer, func(d *json.Decoder) error {
		var r struct {
			Code   float64  `json:"code"`
			Status string   `json:"status"`
			Errors []string `json:"errors"`
		}
		if err := d.Decode(&r); err != nil {
			return err
		}
		if all++; r.Code >= 300 {
			if refused++; refused == 1 {
				cause, _, _ = strings.Cut(strings.Join(append([]string{r.Status}, r.Errors...), " "), "\n")
				cause = clip(cause, saidMost)
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return uncertain(err)
	case refused > 0:
		if all > 1 {
			cause = fmt.Sprintf("%d of %d were refused: %s", refused, all, cause)
		}
		return &livestatus.Error{Kind: livestatus.KindStatus, Code: http.StatusConflict, Cause: cause}
	}
	return nil
}

// refusal sorts the errors of a request that changes something.
func refusal(err error) error {
	if a, ok := errors.AsType[*answerError](err); ok {
		switch a.code {
		case http.StatusUnauthorized, http.StatusServiceUnavailable:
			return err // has not been looked at
		}
		return &livestatus.Error{Kind: livestatus.KindStatus, Code: a.code, Err: err, Cause: a.text}
	}
	switch livestatus.KindOf(err) {
	case livestatus.KindHangup, livestatus.KindSilent, livestatus.KindCanceled:
		return uncertain(err)
	}
	return err
}

// uncertain marks an error after which nobody knows whether it was done.
func uncertain(err error) error {
	u := livestatus.Error{Kind: livestatus.KindProtocol, Err: err}
	if e, ok := errors.AsType[*livestatus.Error](err); ok {
		u = *e
	}
	u.Uncertain = true
	u.Cause += " The command may or may not have been taken."
	u.Fix = "Look whether it had its effect before sending it again."
	return &u
}

// modifies is the type of a path of an object, as permissions name it.
func modifies(target string) string {
	of, _, _ := strings.Cut(target, "/")
	if of == "icingaapplications" {
		return "IcingaApplication"
	}
	for _, t := range types {
		if t.path == of {
			return t.name
		}
	}
	return of
}

// affected has read anew what a call changed: not all of it has events.
func (s *Source) affected(k *call) {
	switch {
	case k.target != "":
		s.touchAll(true, true)
	case k.t == hostType || k.t == serviceType:
		for _, name := range k.names {
			s.touch(k.t, name, true)
		}
		if k.filter != "" {
			for _, name := range s.servicesOf(k.vars["hosts"]) {
				s.touch(serviceType, name, true)
			}
		}
	}
}

// servicesOf lists the services of hosts.
func (s *Source) servicesOf(hosts any) []string {
	list, _ := hosts.([]string)
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for full := range s.names {
		if host, service := split(full); service != "" && slices.Contains(list, host) {
			out = append(out, full)
		}
	}
	return out
}

// An order is a command that is being made a call of.
type order struct {
	s    *Source
	def  *schema.Command
	time int64
	args map[string]string
}

func (o *order) whole(name string) float64 {
	n, _ := strconv.ParseFloat(o.args[name], 64)
	return n
}

func (o *order) truth(name string) bool { return o.whole(name) != 0 }

// call makes the call for a command.
func (o *order) call() (*call, error) {
	name := o.def.Name
	if o.def.Cores&schema.Icinga2 == 0 {
		return nil, cannot("Icinga 2 has nothing like %s.", name)
	}
	k, err := o.targets()
	if err != nil {
		return nil, err
	}
	switch {
	case strings.HasPrefix(name, "ENABLE_"), strings.HasPrefix(name, "DISABLE_"), strings.HasPrefix(name, "START_"), strings.HasPrefix(name, "STOP_"):
		return o.toggle(k)
	case strings.HasPrefix(name, "CHANGE_"):
		return o.change(k)
	case strings.HasPrefix(name, "SCHEDULE_") && strings.HasSuffix(name, "_DOWNTIME"):
		return o.downtime(k)
	case strings.HasPrefix(name, "SCHEDULE_"):
		k.action = "reschedule-check"
		k.with = map[string]any{"next_check": o.whole("check_time"), "force": strings.Contains(name, "_FORCED_")}
		return k, nil
	case strings.HasPrefix(name, "ACKNOWLEDGE_"):
		k.action = "acknowledge-problem"
		k.with = map[string]any{"author": o.args["author"], "comment": o.args["comment"], "sticky": o.whole("sticky") == 2,
			"notify": o.truth("notify"), "persistent": o.truth("persistent")}
		if end := o.whole("end_time"); end > 0 {
			k.with["expiry"] = end
		}
		return k, nil
	case strings.HasPrefix(name, "PROCESS_") && strings.HasSuffix(name, "_CHECK_RESULT"):
		return o.passive(k)
	}
	return o.single(k)
}

// single makes the calls of commands that have no sisters.
func (o *order) single(k *call) (*call, error) {
	switch o.def.Name {
	case "REMOVE_HOST_ACKNOWLEDGEMENT", "REMOVE_SVC_ACKNOWLEDGEMENT":
		k.action = "remove-acknowledgement"
	case "ADD_HOST_COMMENT", "ADD_SVC_COMMENT":
		k.action = "add-comment"
		k.with = map[string]any{"author": o.args["author"], "comment": o.args["comment"]}
	case "DEL_ALL_HOST_COMMENTS", "DEL_ALL_SVC_COMMENTS":
		k.action = "remove-comment"
	case "DEL_HOST_COMMENT", "DEL_SVC_COMMENT":
		return o.remove("remove-comment", "comment", commentType, o.s.m.comments, int64(o.whole("comment_id")))
	case "DEL_HOST_DOWNTIME", "DEL_SVC_DOWNTIME":
		return o.remove("remove-downtime", "downtime", downtimeType, o.s.m.downs, int64(o.whole("downtime_id")))
	case "DEL_DOWNTIME_BY_HOST_NAME":
		return o.removeByHost(), nil
	case "DELAY_HOST_NOTIFICATION", "DELAY_SVC_NOTIFICATION":
		k.action = "delay-notification"
		k.with = map[string]any{"timestamp": o.whole("notification_time")}
	case "SEND_CUSTOM_HOST_NOTIFICATION", "SEND_CUSTOM_SVC_NOTIFICATION":
		k.action = "send-custom-notification"
		k.with = map[string]any{"author": o.args["author"], "comment": o.args["comment"], "force": int(o.whole("options"))&2 != 0}
	case "RESTART_PROCESS":
		k.action = "restart-process"
	case "SHUTDOWN_PROCESS":
		k.action = "shutdown-process"
	default:
		return nil, cannot("The API of Icinga 2 has nothing like %s.", o.def.Name)
	}
	return k, nil
}

// remove makes the call that removes what has a number.
func (o *order) remove(action, what string, t *objectType, n numbers, id int64) (*call, error) {
	o.s.order.Lock()
	name := n.name(id)
	o.s.order.Unlock()
	if name == "" {
		return nil, cannot("There is no %s with the number %d.", what, id)
	}
	return &call{action: action, t: t, names: []string{name}}, nil
}

// removeByHost makes the call that removes downtimes by what is named.
func (o *order) removeByHost() *call {
	k := &call{action: "remove-downtime", t: downtimeType, vars: map[string]any{}}
	var parts []string
	for _, f := range [][2]string{{"host_name", "host_name"}, {"service_name", "service_description"}, {"comment", "comment"}} {
		if v := o.args[f[1]]; v != "" {
			parts = append(parts, "downtime."+f[0]+" == "+f[0])
			k.vars[f[0]] = v
		}
	}
	if start := o.whole("downtime_start_time"); start > 0 {
		parts = append(parts, "downtime.start_time == start")
		k.vars["start"] = start
	}
	k.filter = strings.Join(parts, " && ")
	if k.filter == "" {
		k.filter = "true"
	}
	return k
}

// passive makes the call that hands in a check result. Of every line what
// follows a | are measured values; the two characters \n end a line.
func (o *order) passive(k *call) (*call, error) {
	var text, perf []string
	for line := range strings.SplitSeq(strings.ReplaceAll(o.args["plugin_output"], `\n`, "\n"), "\n") {
		before, after, has := strings.Cut(line, "|")
		text = append(text, before)
		if has {
			perf = append(perf, strings.TrimSpace(after))
		}
	}
	k.action = "process-check-result"
	k.with = map[string]any{"exit_status": o.whole("status_code"), "plugin_output": strings.Join(text, "\n")}
	if len(perf) > 0 {
		k.with["performance_data"] = strings.Join(perf, " ")
	}
	if o.time > 0 {
		k.with["execution_start"], k.with["execution_end"] = o.time, o.time
	}
	return k, nil
}

// downtime makes the call that schedules a downtime.
func (o *order) downtime(k *call) (*call, error) {
	k.action = "schedule-downtime"
	k.with = map[string]any{"author": o.args["author"], "comment": o.args["comment"], "start_time": o.whole("start_time"), "end_time": o.whole("end_time"),
		"fixed": o.truth("fixed"), "duration": o.whole("duration")}
	if id := int64(o.whole("trigger_id")); id != 0 {
		o.s.order.Lock()
		name := o.s.m.downs.name(id)
		o.s.order.Unlock()
		if name == "" {
			return nil, cannot("There is no downtime with the number %d that could trigger this one.", id)
		}
		k.with["trigger_name"] = name
	}
	switch o.def.Name {
	case "SCHEDULE_AND_PROPAGATE_HOST_DOWNTIME":
		k.with["child_options"] = "DowntimeNonTriggeredChildren"
	case "SCHEDULE_AND_PROPAGATE_TRIGGERED_HOST_DOWNTIME":
		k.with["child_options"] = "DowntimeTriggeredChildren"
	case "SCHEDULE_HOST_SVC_DOWNTIME": // of the host, too, as Icinga 2 takes this command
		k = &call{action: k.action, t: hostType, names: []string{o.args["host_name"]}, with: k.with}
		k.with["all_services"] = true
	}
	return k, nil
}
