package corefiles

import (
	"io"
	"strings"

	"belvedere/internal/schema"
)

// An Info is what status.dat says about itself.
type Info struct {
	Report
	Created int64 // when it was written, unix seconds by the core's clock
	Version string
	// Start is when the core read its configuration, 0 if the file does not
	// say: objects.cache belongs to it if it was written about then.
	Start int64
	// Hosts and Services are the sections there are of them. A core writes one of
	// each: if there are fewer a part of the file is missing.
	Hosts, Services int
}

func (i *Info) count(section string) {
	switch section {
	case "hoststatus", "host":
		i.Hosts++
	case "servicestatus", "service":
		i.Services++
	}
}

// ReadStatus hands the rows of a status.dat to each, which must not keep them:
// of the tables status, hosts, services, contacts, comments and downtimes, with
// the columns that can change at run time. The file is replaced as a whole each
// time, so it must be opened anew by its name. Errors are those of [ReadBlocks].
func ReadStatus(r io.Reader, each func(*Row) error) (Info, error) {
	s := statusReader{each: each}
	report, err := ReadBlocks(r, func(b *Block) error {
		s.info.count(b.Name)
		return s.block(b)
	})
	s.info.Report = report
	return s.info, err
}

// A statusReader makes rows of the sections of a status.dat.
type statusReader struct {
	info Info
	row  Row
	each func(*Row) error
}

func (s *statusReader) block(b *Block) error {
	switch b.Name {
	case "info":
		s.info.Created, s.info.Version = whole(b.Get("created")), clean(b.Get("version"))
		return nil
	case "programstatus", "program":
		s.info.Start = whole(b.Get("program_start"))
		s.row.program(b, s.info.Version)
	case "hoststatus", "host":
		s.row.object(b, "hosts")
	case "servicestatus", "service":
		s.row.object(b, "services")
	case "contactstatus", "contact":
		s.row.contact(b)
	case "hostcomment", "servicecomment":
		s.row.remark(b, "comments", commentKeys)
	case "hostdowntime", "servicedowntime":
		s.row.remark(b, "downtimes", downtimeKeys)
	default:
		return nil
	}
	return s.each(&s.row)
}

// programKeys are the keys of programstatus with their columns; those that
// have the column's own name stand for themselves.
var programKeys = map[string]string{
	"active_service_checks_enabled": "execute_service_checks", "passive_service_checks_enabled": "accept_passive_service_checks",
	"active_host_checks_enabled": "execute_host_checks", "passive_host_checks_enabled": "accept_passive_host_checks",
	"total_external_command_buffer_slots": "external_command_buffer_slots", "used_external_command_buffer_slots": "external_command_buffer_usage",
	"high_external_command_buffer_slots": "external_command_buffer_max", "obsess_over_hosts": "obsess_over_hosts", "obsess_over_services": "obsess_over_services",
}

func (r *Row) program(b *Block, version string) {
	r.begin("status")
	for i, k := range b.Keys {
		if c, ok := programKeys[k]; ok {
			k = c
		}
		r.put(k, b.Values[i])
	}
	r.set("program_version", version)
}

// objectKeys are the keys of hosts and services whose columns have another
// name.
var objectKeys = map[string][]string{
	"check_execution_time": {"execution_time"}, "check_latency": {"latency"}, "current_state": {"state"}, "performance_data": {"perf_data"},
	"max_attempts": {"max_check_attempts"}, "active_checks_enabled": {"active_checks_enabled", "checks_enabled"},
	"passive_checks_enabled": {"accept_passive_checks"}, "problem_has_been_acknowledged": {"acknowledged"},
	"obsess": {"obsess", "obsess_over_host", "obsess_over_service"}, "obsess_over_host": {"obsess", "obsess_over_host"}, "obsess_over_service": {"obsess", "obsess_over_service"},
	"service_description": {"description"},
}

func (r *Row) object(b *Block, table string) {
	r.begin(table)
	var vars []schema.Pair
	for i, k := range b.Keys {
		v := b.Values[i]
		switch {
		case k == "host_name" && table == "hosts":
			r.put("name", v)
		case k == "modified_attributes":
			r.modified(v)
		case k == "last_update" && !strings.Contains(v, "."):
			// Nagios writes the time of the file here, for every object.
		case strings.HasPrefix(k, "_"):
			vars = append(vars, variable(k, v))
		default:
			columns, ok := objectKeys[k]
			if !ok {
				columns = []string{k}
			}
			for _, c := range columns {
				r.put(c, v)
			}
		}
	}
	r.variables(vars)
	if r.Int("has_been_checked") == 0 {
		r.set("state", int64(0))
		r.set("last_check", int64(0))
	}
	if r.Int("acknowledged") == 0 {
		r.set("acknowledgement_type", int64(0))
	}
}

// variable reads a custom variable: whether it was changed at run time, a
// semicolon, the value.
func variable(key, value string) schema.Pair {
	if _, v, ok := strings.Cut(value, ";"); ok {
		value = v
	}
	return schema.Pair{Name: strings.ToUpper(clean(key[1:])), Value: clean(value)}
}

func (r *Row) contact(b *Block) {
	r.begin("contacts")
	var vars []schema.Pair
	for i, k := range b.Keys {
		v := b.Values[i]
		switch {
		case k == "contact_name":
			r.put("name", v)
		case k == "modified_attributes":
			r.modified(v)
		case strings.HasPrefix(k, "_"):
			vars = append(vars, variable(k, v))
		default:
			r.put(k, v)
		}
	}
	r.variables(vars)
}

var (
	commentKeys  = map[string]string{"comment_id": "id", "comment_data": "comment", "expires": "expires", "expire_time": "expire_time"}
	downtimeKeys = map[string]string{"downtime_id": "id", "comment_id": ""}
)

// remark reads a comment or a downtime.
func (r *Row) remark(b *Block, table string, keys map[string]string) {
	r.begin(table)
	r.set("service_description", "")
	for i, k := range b.Keys {
		if c, ok := keys[k]; ok {
			k = c
		}
		r.put(k, b.Values[i])
	}
	service := int64(0)
	if strings.HasPrefix(b.Name, "service") {
		service = 1
	}
	r.set("is_service", service)
	if table == "comments" {
		r.set("type", 1+service)
	} else {
		r.set("type", 2-service)
	}
}
