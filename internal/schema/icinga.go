package schema

// endpointColumns are the columns of endpoints.
var endpointColumns = []Column{
	{Name: "identity", Kind: Text, Class: Live, Cores: Icinga2, Doc: "Identity the endpoint connects with"},
	{Name: "is_connected", Kind: Bool, Class: Live, Cores: Icinga2, Doc: "The endpoint is connected"},
	{Name: "name", Kind: Text, Class: Key, Cores: Icinga2, Doc: "Name of the endpoint"},
	{Name: "node", Kind: Text, Class: Live, Cores: Icinga2, Doc: "Node that answered"},
	{Name: "peer_key", Kind: Text, Class: Derived, Doc: "Key of the site"},
	{Name: "peer_name", Kind: Text, Class: Derived, Doc: "Name of the site"},
	{Name: "peer_section", Kind: Text, Class: Derived, Doc: "Section of the site, its parts separated by slashes"},
	{Name: "zone", Kind: Text, Class: Live, Cores: Icinga2, Refers: "zones", Doc: "Zone the endpoint belongs to"},
}

// zoneColumns are the columns of zones.
var zoneColumns = []Column{
	{Name: "endpoints", Kind: TextList, Class: Live, Cores: Icinga2, Refers: "endpoints", Doc: "Endpoints in this zone"},
	{Name: "global", Kind: Bool, Class: Live, Cores: Icinga2, Doc: "The zone is distributed to all endpoints"},
	{Name: "name", Kind: Text, Class: Key, Cores: Icinga2, Doc: "Name of the zone"},
	{Name: "parent", Kind: Text, Class: Static, Cores: Icinga2, Refers: "zones", Doc: "Zone above this one"},
	{Name: "peer_key", Kind: Text, Class: Derived, Doc: "Key of the site"},
	{Name: "peer_name", Kind: Text, Class: Derived, Doc: "Name of the site"},
	{Name: "peer_section", Kind: Text, Class: Derived, Doc: "Section of the site, its parts separated by slashes"},
}
