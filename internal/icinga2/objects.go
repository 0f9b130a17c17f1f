package icinga2

import (
	"encoding/json"
	"slices"
	"strings"
)

// An objectType is a type of objects with what is asked of each.
type objectType struct {
	name  string // as in permissions
	path  string // in addresses, and the name of a list of names
	attrs []string
}

// What the API calls the types, and the attributes that are needed of each.
var (
	hostType    = &objectType{"Host", "hosts", slices.Concat(checkableAttrs, liveAttrs, hostLive, []string{"address", "address6"})}
	serviceType = &objectType{"Service", "services", slices.Concat(checkableAttrs, liveAttrs, serviceLive)}

	commentType  = &objectType{"Comment", "comments", []string{"author", "text", "entry_time", "entry_type", "expire_time", "host_name", "service_name", "persistent"}}
	downtimeType = &objectType{"Downtime", "downtimes", []string{"author", "comment", "start_time", "end_time", "entry_time", "duration", "fixed", "triggered_by", "host_name", "service_name"}}

	notificationType = &objectType{"Notification", "notifications", slices.Concat([]string{"host_name", "service_name", "users", "user_groups", "period", "interval"}, notificationLive)}
	dependencyType   = &objectType{"Dependency", "dependencies", []string{"parent_host_name", "parent_service_name", "child_host_name", "child_service_name", "states", "ignore_soft_states", "period"}}
	userType         = &objectType{"User", "users", []string{"display_name", "email", "pager", "period", "enable_notifications", "groups", "vars", "original_attributes"}}
	userGroupType    = &objectType{"UserGroup", "usergroups", []string{"display_name", "groups"}}
	hostGroupType    = &objectType{"HostGroup", "hostgroups", groupAttrs}
	serviceGroupType = &objectType{"ServiceGroup", "servicegroups", groupAttrs}
	periodType       = &objectType{"TimePeriod", "timeperiods", []string{"display_name", "is_inside"}}
	checkCommand     = &objectType{"CheckCommand", "checkcommands", commandAttrs}
	eventCommand     = &objectType{"EventCommand", "eventcommands", commandAttrs}
	noteCommand      = &objectType{"NotificationCommand", "notificationcommands", commandAttrs}
	zoneType         = &objectType{"Zone", "zones", []string{"parent", "endpoints", "global"}}
	endpointType     = &objectType{"Endpoint", "endpoints", []string{"connected"}}

	types = []*objectType{hostType, serviceType, commentType, downtimeType, notificationType, dependencyType, userType, userGroupType,
		hostGroupType, serviceGroupType, periodType, checkCommand, eventCommand, noteCommand, zoneType, endpointType}
)

var (
	// checkableAttrs are those that change only together with version, the others
	// by checks and by what people do.
	checkableAttrs = []string{"action_url", "check_command", "check_interval", "check_period", "display_name", "event_command",
		"flapping_threshold_high", "flapping_threshold_low", "groups", "icon_image", "icon_image_alt", "max_check_attempts", "notes", "notes_url",
		"original_attributes", "retry_interval", "vars"}
	liveAttrs = []string{"name", "acknowledgement", "check_attempt", "downtime_depth", "enable_active_checks", "enable_event_handler", "enable_flapping",
		"enable_notifications", "enable_passive_checks", "enable_perfdata", "flapping", "flapping_current", "last_check", "last_check_result",
		"last_hard_state", "last_hard_state_change", "last_reachable", "last_state", "last_state_change", "next_check", "state", "state_type", "version", "volatile"}
	hostLive         = []string{"last_state_up", "last_state_down", "last_state_unreachable"}
	serviceLive      = []string{"host_name", "last_state_ok", "last_state_warning", "last_state_critical", "last_state_unknown"}
	notificationLive = []string{"last_notification", "next_notification", "notification_number"}
	groupAttrs       = []string{"display_name", "groups", "notes", "notes_url", "action_url"}
	commandAttrs     = []string{"command", "vars"}
	// sweepAttrs tell whether a host or service changed of which no event came.
	sweepAttrs = []string{"version", "last_check", "last_reachable", "acknowledgement", "downtime_depth", "enable_active_checks",
		"enable_event_handler", "enable_flapping", "enable_notifications", "enable_passive_checks", "next_check"}
)

// live are the attributes of hosts or services that change at any time.
func (t *objectType) live() []string {
	if t == hostType {
		return slices.Concat(liveAttrs, hostLive)
	}
	return slices.Concat(liveAttrs, serviceLive)
}

// A checkable is a host or a service as the API shows it. Times are seconds
// since 1970 with a fraction.
type checkable struct {
	Name                 string          `json:"name"`
	HostName             string          `json:"host_name"`
	Acknowledgement      int64           `json:"acknowledgement"`
	ActionURL            string          `json:"action_url"`
	Address              string          `json:"address"`
	Address6             string          `json:"address6"`
	CheckAttempt         int64           `json:"check_attempt"`
	CheckCommand         string          `json:"check_command"`
	CheckInterval        float64         `json:"check_interval"`
	CheckPeriod          string          `json:"check_period"`
	DisplayName          string          `json:"display_name"`
	DowntimeDepth        int64           `json:"downtime_depth"`
	EnableActiveChecks   bool            `json:"enable_active_checks"`
	EnableEventHandler   bool            `json:"enable_event_handler"`
	EnableFlapping       bool            `json:"enable_flapping"`
	EnableNotifications  bool            `json:"enable_notifications"`
	EnablePassiveChecks  bool            `json:"enable_passive_checks"`
	EnablePerfdata       bool            `json:"enable_perfdata"`
	EventCommand         string          `json:"event_command"`
	Flapping             bool            `json:"flapping"`
	FlappingCurrent      float64         `json:"flapping_current"`
	FlappingHigh         float64         `json:"flapping_threshold_high"`
	FlappingLow          float64         `json:"flapping_threshold_low"`
	Groups               []string        `json:"groups"`
	IconImage            string          `json:"icon_image"`
	IconImageAlt         string          `json:"icon_image_alt"`
	LastCheck            float64         `json:"last_check"`
	Result               *checkResult    `json:"last_check_result"`
	LastHardState        int64           `json:"last_hard_state"`
	LastHardStateChange  float64         `json:"last_hard_state_change"`
	LastReachable        bool            `json:"last_reachable"`
	LastState            int64           `json:"last_state"`
	LastStateChange      float64         `json:"last_state_change"`
	LastStateUp          float64         `json:"last_state_up"`
	LastStateDown        float64         `json:"last_state_down"`
	LastStateUnreachable float64         `json:"last_state_unreachable"`
	LastStateOK          float64         `json:"last_state_ok"`
	LastStateWarning     float64         `json:"last_state_warning"`
	LastStateCritical    float64         `json:"last_state_critical"`
	LastStateUnknown     float64         `json:"last_state_unknown"`
	MaxCheckAttempts     int64           `json:"max_check_attempts"`
	NextCheck            float64         `json:"next_check"`
	Notes                string          `json:"notes"`
	NotesURL             string          `json:"notes_url"`
	Original             json.RawMessage `json:"original_attributes"`
	RetryInterval        float64         `json:"retry_interval"`
	State                int64           `json:"state"`
	StateType            int64           `json:"state_type"`
	Vars                 json.RawMessage `json:"vars"`
	Volatile             bool            `json:"volatile"`
	Version              float64         `json:"version"`
}

// host is the name of the host of a checkable.
func (c *checkable) host() string {
	if c.HostName != "" {
		return c.HostName
	}
	return c.Name
}

// service is the name of a service on its host, "" of a host.
func (c *checkable) service() string {
	if c.HostName == "" {
		return ""
	}
	return c.Name
}

// A checkResult is what a check told.
type checkResult struct {
	Output         string            `json:"output"`
	Performance    []json.RawMessage `json:"performance_data"`
	CheckSource    string            `json:"check_source"`
	ExecutionStart float64           `json:"execution_start"`
	ExecutionEnd   float64           `json:"execution_end"`
	ScheduleStart  float64           `json:"schedule_start"`
	ScheduleEnd    float64           `json:"schedule_end"`
	Active         bool              `json:"active"`
	After          struct {
		Attempt int64 `json:"attempt"`
	} `json:"vars_after"`
}

// swept is what a sweep looks at.
type swept struct {
	Version             float64 `json:"version"`
	LastCheck           float64 `json:"last_check"`
	NextCheck           float64 `json:"next_check"`
	LastReachable       bool    `json:"last_reachable"`
	Acknowledgement     int64   `json:"acknowledgement"`
	DowntimeDepth       int64   `json:"downtime_depth"`
	EnableActiveChecks  bool    `json:"enable_active_checks"`
	EnableEventHandler  bool    `json:"enable_event_handler"`
	EnableFlapping      bool    `json:"enable_flapping"`
	EnableNotifications bool    `json:"enable_notifications"`
	EnablePassiveChecks bool    `json:"enable_passive_checks"`
}

// swept is what a sweep would have seen when c was read.
func (c *checkable) swept() swept {
	return swept{c.Version, c.LastCheck, c.NextCheck, c.LastReachable, c.Acknowledgement, c.DowntimeDepth, c.EnableActiveChecks,
		c.EnableEventHandler, c.EnableFlapping, c.EnableNotifications, c.EnablePassiveChecks}
}

type comment struct {
	Author     string  `json:"author"`
	Text       string  `json:"text"`
	EntryTime  float64 `json:"entry_time"`
	EntryType  int64   `json:"entry_type"`
	ExpireTime float64 `json:"expire_time"`
	Host       string  `json:"host_name"`
	Service    string  `json:"service_name"`
	Persistent bool    `json:"persistent"`
}

type downtime struct {
	Author      string  `json:"author"`
	Comment     string  `json:"comment"`
	StartTime   float64 `json:"start_time"`
	EndTime     float64 `json:"end_time"`
	EntryTime   float64 `json:"entry_time"`
	Duration    float64 `json:"duration"`
	Fixed       bool    `json:"fixed"`
	TriggeredBy string  `json:"triggered_by"`
	Host        string  `json:"host_name"`
	Service     string  `json:"service_name"`
}

type notification struct {
	Host       string   `json:"host_name"`
	Service    string   `json:"service_name"`
	Users      []string `json:"users"`
	UserGroups []string `json:"user_groups"`
	Period     string   `json:"period"`
	Interval   float64  `json:"interval"`
	told
}

// told is what of a notification changes with each one sent.
type told struct {
	Last   float64 `json:"last_notification"`
	Next   float64 `json:"next_notification"`
	Number int64   `json:"notification_number"`
}

type dependency struct {
	ParentHost    string `json:"parent_host_name"`
	ParentService string `json:"parent_service_name"`
	ChildHost     string `json:"child_host_name"`
	ChildService  string `json:"child_service_name"`
	States        []any  `json:"states"` // of the parent in which it holds; none: up, or ok and warning
	IgnoreSoft    bool   `json:"ignore_soft_states"`
	Period        string `json:"period"`
	Group         string `json:"redundancy_group"` // since 2.14: one that holds is enough
}

type user struct {
	DisplayName   string          `json:"display_name"`
	Email         string          `json:"email"`
	Pager         string          `json:"pager"`
	Period        string          `json:"period"`
	Notifications bool            `json:"enable_notifications"`
	Groups        []string        `json:"groups"`
	Vars          json.RawMessage `json:"vars"`
	Original      json.RawMessage `json:"original_attributes"`
}

type group struct {
	DisplayName string   `json:"display_name"`
	Groups      []string `json:"groups"` // it is a member of
	Notes       string   `json:"notes"`
	NotesURL    string   `json:"notes_url"`
	ActionURL   string   `json:"action_url"`
}

type period struct {
	DisplayName string `json:"display_name"`
	Inside      bool   `json:"is_inside"`
}

type commandObject struct {
	Command json.RawMessage `json:"command"`
	Vars    json.RawMessage `json:"vars"`
}

type zone struct {
	Parent    string   `json:"parent"`
	Endpoints []string `json:"endpoints"`
	Global    bool     `json:"global"`
}

type endpoint struct {
	Connected bool `json:"connected"`
}

// application is what /v1/status says about the core, by the name of its
// object.
type application struct {
	Icinga map[string]instance `json:"icingaapplication"`
}

// checking is what /v1/status says about the checks of the last minute.
type checking struct {
	Hosts    float64 `json:"active_host_checks_1min"`
	Services float64 `json:"active_service_checks_1min"`
}

type instance struct {
	EventHandlers bool    `json:"enable_event_handlers"`
	Flapping      bool    `json:"enable_flapping"`
	HostChecks    bool    `json:"enable_host_checks"`
	Notifications bool    `json:"enable_notifications"`
	Perfdata      bool    `json:"enable_perfdata"`
	ServiceChecks bool    `json:"enable_service_checks"`
	NodeName      string  `json:"node_name"`
	PID           int64   `json:"pid"`
	ProgramStart  float64 `json:"program_start"`
	Version       string  `json:"version"`
}

// split parts the name of a host, a service or what belongs to one of them.
func split(name string) (host, rest string) {
	host, rest, _ = strings.Cut(name, "!")
	return host, rest
}

// fullName is the name by which the API knows a host or service.
func fullName(host, service string) string {
	if service == "" {
		return host
	}
	return host + "!" + service
}
