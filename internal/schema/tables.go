package schema

// tables are all tables in the order they are documented.
var tables = []*Table{
	{
		Name: "hosts", Own: "host_", Keys: []string{"name"},
		Columns: hostColumns,
		Doc:     "What is watched: machines, devices and whatever else has an address",
	}, {
		Name: "services", Own: "service_", Keys: []string{"host_name", "description"},
		Columns: serviceColumns,
		Joins:   []Join{{"host_", "hosts"}},
		Doc:     "What is watched about a host",
	}, {
		Name: "hostgroups", Own: "hostgroup_", Keys: []string{"name"},
		Columns: hostgroupColumns,
		Doc:     "Groups of hosts",
	}, {
		Name: "servicegroups", Own: "servicegroup_", Keys: []string{"name"},
		Columns: servicegroupColumns,
		Doc:     "Groups of services",
	}, {
		Name: "hostsbygroup", Own: "host_", Keys: []string{"hostgroup_name", "name"},
		Columns: hostColumns,
		Joins:   []Join{{"hostgroup_", "hostgroups"}},
		Source:  Expanded, Base: "hosts", Group: "hostgroups",
		Doc: "Hosts, once for each host group they are in; hosts in no group are missing",
	}, {
		Name: "servicesbygroup", Own: "service_", Keys: []string{"servicegroup_name", "host_name", "description"},
		Columns: serviceColumns,
		Joins:   []Join{{"host_", "hosts"}, {"servicegroup_", "servicegroups"}},
		Source:  Expanded, Base: "services", Group: "servicegroups",
		Doc: "Services, once for each service group they are in; services in no group are missing",
	}, {
		Name: "servicesbyhostgroup", Own: "service_", Keys: []string{"hostgroup_name", "host_name", "description"},
		Columns: serviceColumns,
		Joins:   []Join{{"host_", "hosts"}, {"hostgroup_", "hostgroups"}},
		Source:  Expanded, Base: "services", Group: "hostgroups",
		Doc: "Services, once for each host group their host is in; services of hosts in no group are missing",
	}, {
		Name: "comments", Own: "comment_", Keys: []string{"id"},
		Columns: commentColumns,
		Joins:   []Join{{"host_", "hosts"}, {"service_", "services"}},
		Doc:     "Comments on hosts and services; service columns are empty for comments on hosts",
	}, {
		Name: "downtimes", Own: "downtime_", Keys: []string{"id"},
		Columns: downtimeColumns,
		Joins:   []Join{{"host_", "hosts"}, {"service_", "services"}},
		Doc:     "Scheduled downtimes of hosts and services; service columns are empty for downtimes of hosts",
	}, {
		Name: "contacts", Own: "contact_", Keys: []string{"name"},
		Columns: contactColumns,
		Doc:     "People and machines that notifications go to",
	}, {
		Name: "contactgroups", Own: "contactgroup_", Keys: []string{"name"},
		Columns: contactgroupColumns,
		Doc:     "Groups of contacts",
	}, {
		Name: "commands", Own: "command_", Keys: []string{"name"},
		Columns: commandColumns,
		Doc:     "Command lines of checks, notifications and event handlers",
	}, {
		Name: "timeperiods", Own: "timeperiod_", Keys: []string{"name"},
		Columns: timeperiodColumns,
		Doc:     "Periods of time",
	}, {
		Name: "status", Own: "status_",
		Columns: statusColumns,
		Doc:     "The core itself; one row for each site",
	}, {
		Name: "log", Own: "log_",
		Columns: logColumns,
		Joins: []Join{
			{"current_host_", "hosts"}, {"current_service_", "services"},
			{"current_contact_", "contacts"}, {"current_command_", "commands"},
		},
		Source: Passed,
		Doc:    "Lines of the core's log; ask for a span of time, newest first",
	}, {
		Name: "statehist", Own: "statehist_",
		Columns: statehistColumns,
		Joins:   []Join{{"current_host_", "hosts"}, {"current_service_", "services"}},
		Source:  Passed,
		Doc:     "Intervals in which a host or service was in one state; needs a lower bound of time",
	}, {
		Name: "sites", Own: "site_", Keys: []string{"key"},
		Columns: siteColumns,
		Source:  Virtual,
		Doc:     "The sites, their health and how they are reached",
	}, {
		Name: "backends", Own: "backend_", Keys: []string{"key"},
		Columns: siteColumns,
		Source:  Virtual,
		Doc:     "Another name of sites",
	}, {
		Name: "columns", Own: "column_", Keys: []string{"table", "name"},
		Columns: columnColumns,
		Source:  Virtual,
		Doc:     "All columns of all tables",
	}, {
		Name: "tables", Own: "table_", Keys: []string{"table", "name"},
		Columns: columnColumns,
		Source:  Virtual,
		Doc:     "Another name of columns",
	}, {
		Name: "endpoints", Own: "endpoint_", Keys: []string{"name"},
		Columns: endpointColumns,
		Doc:     "Endpoints of an Icinga 2 cluster",
	}, {
		Name: "zones", Own: "zone_", Keys: []string{"name"},
		Columns: zoneColumns,
		Doc:     "Zones of an Icinga 2 cluster",
	},
}
