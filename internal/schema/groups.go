package schema

// hostgroupColumns are the columns of hostgroups.
//
// The numbers, the worst states and members_with_state are derived, in both
// tables of groups, because they count and list only what the viewer may see.
var hostgroupColumns = []Column{
	{Name: "action_url", Kind: Text, Class: Static, Cores: AllCores, Doc: "Link to a page with actions for this group"},
	{Name: "alias", Kind: Text, Class: Static, Cores: AllCores, Doc: "Longer name of the group"},
	{Name: "id", Kind: Int, Class: Static, Cores: Naemon, Doc: "Number of the group in its core's memory, other after every reload"},
	{Name: "members", Kind: TextList, Class: Static, Cores: AllCores, Refers: "hosts", Doc: "Hosts in this group"},
	{Name: "members_with_state", Kind: Tuples, Class: Derived, Cores: AllCores, Normal: "host, state, has_been_checked", Doc: "Hosts in this group with state"},
	{Name: "name", Kind: Text, Class: Key, Cores: AllCores, Doc: "Name of the group"},
	{Name: "notes", Kind: Text, Class: Static, Cores: AllCores, Doc: "Notes on this group"},
	{Name: "notes_url", Kind: Text, Class: Static, Cores: AllCores, Doc: "Link to a page with notes on this group"},
	{Name: "num_hosts", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Hosts in this group"},
	{Name: "num_hosts_down", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Hosts in this group that are down"},
	{Name: "num_hosts_pending", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Hosts in this group without a check result"},
	{Name: "num_hosts_unreach", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Hosts in this group that are unreachable"},
	{Name: "num_hosts_up", Kind: Int, Class: Derived, Cores: AllCores, Normal: "checked hosts only", Doc: "Hosts in this group that are up"},
	{Name: "num_services", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services of hosts in this group"},
	{Name: "num_services_crit", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services of hosts in this group that are critical"},
	{Name: "num_services_hard_crit", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services of hosts in this group whose confirmed state is critical"},
	{Name: "num_services_hard_ok", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services of hosts in this group whose confirmed state is ok"},
	{Name: "num_services_hard_unknown", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services of hosts in this group whose confirmed state is unknown"},
	{Name: "num_services_hard_warn", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services of hosts in this group whose confirmed state is warning"},
	{Name: "num_services_ok", Kind: Int, Class: Derived, Cores: AllCores, Normal: "checked services only", Doc: "Services of hosts in this group that are ok"},
	{Name: "num_services_pending", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services of hosts in this group without a check result"},
	{Name: "num_services_unknown", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services of hosts in this group that are unknown"},
	{Name: "num_services_warn", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services of hosts in this group in warning"},
	{Name: "peer_key", Kind: Text, Class: Derived, Cores: LMD, Doc: "Key of the site"},
	{Name: "peer_name", Kind: Text, Class: Derived, Cores: LMD, Doc: "Name of the site"},
	{Name: "peer_section", Kind: Text, Class: Derived, Doc: "Section of the site, its parts separated by slashes"},
	{Name: "worst_host_state", Kind: Int, Class: Derived, Cores: AllCores, Normal: "0, 2, 1 from best to worst", Doc: "Worst state of the hosts in this group"},
	{Name: "worst_service_hard_state", Kind: Int, Class: Derived, Cores: AllCores, Normal: "0, 1, 3, 2 from best to worst", Doc: "Worst confirmed state of the services of hosts in this group"},
	{Name: "worst_service_state", Kind: Int, Class: Derived, Cores: AllCores, Normal: "0, 1, 3, 2 from best to worst", Doc: "Worst state of the services of hosts in this group"},
}

// servicegroupColumns are the columns of servicegroups.
var servicegroupColumns = []Column{
	{Name: "action_url", Kind: Text, Class: Static, Cores: AllCores, Doc: "Link to a page with actions for this group"},
	{Name: "alias", Kind: Text, Class: Static, Cores: AllCores, Doc: "Longer name of the group"},
	{Name: "id", Kind: Int, Class: Static, Cores: Naemon, Doc: "Number of the group in its core's memory, other after every reload"},
	{Name: "members", Kind: Members, Class: Static, Cores: AllCores, Refers: "services", Doc: "Services in this group"},
	{Name: "members_with_state", Kind: Tuples, Class: Derived, Cores: AllCores, Normal: "host, description, state, has_been_checked", Doc: "Services in this group with state"},
	{Name: "name", Kind: Text, Class: Key, Cores: AllCores, Doc: "Name of the group"},
	{Name: "notes", Kind: Text, Class: Static, Cores: AllCores, Doc: "Notes on this group"},
	{Name: "notes_url", Kind: Text, Class: Static, Cores: AllCores, Doc: "Link to a page with notes on this group"},
	{Name: "num_services", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services in this group"},
	{Name: "num_services_crit", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services in this group that are critical"},
	{Name: "num_services_hard_crit", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services in this group whose confirmed state is critical"},
	{Name: "num_services_hard_ok", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services in this group whose confirmed state is ok"},
	{Name: "num_services_hard_unknown", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services in this group whose confirmed state is unknown"},
	{Name: "num_services_hard_warn", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services in this group whose confirmed state is warning"},
	{Name: "num_services_ok", Kind: Int, Class: Derived, Cores: AllCores, Normal: "checked services only", Doc: "Services in this group that are ok"},
	{Name: "num_services_pending", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services in this group without a check result"},
	{Name: "num_services_unknown", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services in this group that are unknown"},
	{Name: "num_services_warn", Kind: Int, Class: Derived, Cores: AllCores, Doc: "Services in this group in warning"},
	{Name: "peer_key", Kind: Text, Class: Derived, Cores: LMD, Doc: "Key of the site"},
	{Name: "peer_name", Kind: Text, Class: Derived, Cores: LMD, Doc: "Name of the site"},
	{Name: "peer_section", Kind: Text, Class: Derived, Doc: "Section of the site, its parts separated by slashes"},
	{Name: "worst_service_state", Kind: Int, Class: Derived, Cores: AllCores, Normal: "0, 1, 3, 2 from best to worst", Doc: "Worst state of the services in this group"},
}
