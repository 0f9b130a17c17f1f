package schema

// siteColumns are the columns of sites and backends. All but the key are
// derived: they say what this program knows about the sites.
var siteColumns = []Column{
	{Name: "addr", Kind: Text, Class: Derived, Cores: LMD, Doc: "Address the site is reached at"},
	{Name: "bytes_received", Kind: Int, Class: Derived, Unit: "byte", Cores: LMD, Doc: "Bytes received from the site"},
	{Name: "bytes_send", Kind: Int, Class: Derived, Unit: "byte", Cores: LMD, Doc: "Bytes sent to the site"},
	{Name: "cause", Kind: Text, Class: Derived, Doc: "Why the site is not fresh, in one sentence"},
	{Name: "clock_skew", Kind: Float, Class: Derived, Unit: "s", Doc: "Clock of the core minus ours"},
	{Name: "configtool", Kind: Text, Class: Derived, Cores: LMD, Doc: "Always empty, for clients that know LMD"},
	{Name: "federation_addr", Kind: TextList, Class: Derived, Cores: LMD, Doc: "Always empty, for clients that know LMD"},
	{Name: "federation_key", Kind: TextList, Class: Derived, Cores: LMD, Doc: "Always empty, for clients that know LMD"},
	{Name: "federation_name", Kind: TextList, Class: Derived, Cores: LMD, Doc: "Always empty, for clients that know LMD"},
	{Name: "federation_type", Kind: TextList, Class: Derived, Cores: LMD, Doc: "Always empty, for clients that know LMD"},
	{Name: "federation_version", Kind: TextList, Class: Derived, Cores: LMD, Doc: "Always empty, for clients that know LMD"},
	{Name: "flags", Kind: TextList, Class: Derived, Cores: LMD, Doc: "Implementation of the core, as LMD names it"},
	{Name: "hosts", Kind: Int, Class: Derived, Doc: "Hosts of the site"},
	{Name: "idling", Kind: Bool, Class: Derived, Cores: LMD, Doc: "Always 0, for clients that know LMD"},
	{Name: "implementation", Kind: Text, Class: Derived, Doc: "Which core and Livestatus module it is"},
	{Name: "interval", Kind: Float, Class: Derived, Unit: "s", Doc: "Time between two readings"},
	{Name: "key", Kind: Text, Class: Key, Cores: LMD, Doc: "Key of the site"},
	{Name: "last_error", Kind: Text, Class: Derived, Cores: LMD, Doc: "Why the site could not be read last, empty while it is well"},
	{Name: "last_online", Kind: Time, Class: Derived, Cores: LMD, Doc: "When the site was last known to be well"},
	{Name: "last_query", Kind: Time, Class: Derived, Cores: LMD, Doc: "When somebody last asked for data of the site"},
	{Name: "last_update", Kind: Float, Class: Derived, Unit: "s", Cores: LMD, Doc: "When the site's data was last confirmed, seconds since 1970"},
	{Name: "lmd_version", Kind: Text, Class: Derived, Cores: LMD, Doc: "Version of this program"},
	{Name: "localtime", Kind: Float, Class: Derived, Unit: "s", Cores: LMD, Doc: "Clock of the core, seconds since 1970"},
	{Name: "name", Kind: Text, Class: Derived, Cores: LMD, Doc: "Name of the site"},
	{Name: "parent", Kind: Text, Class: Derived, Cores: LMD, Doc: "Always empty, for clients that know LMD"},
	{Name: "path", Kind: TextList, Class: Derived, Doc: "The Belvederes that the site comes through, this one first, each by the number it drew at its start"},
	{Name: "peer_key", Kind: Text, Class: Derived, Cores: LMD, Doc: "Key of the site"},
	{Name: "peer_name", Kind: Text, Class: Derived, Cores: LMD, Doc: "Name of the site"},
	{Name: "peer_section", Kind: Text, Class: Derived, Doc: "Section of the site, its parts separated by slashes"},
	{Name: "queries", Kind: Int, Class: Derived, Cores: LMD, Doc: "Requests sent to the site"},
	{Name: "response_time", Kind: Float, Class: Derived, Unit: "s", Cores: LMD, Doc: "How long the last answer took"},
	{Name: "section", Kind: Text, Class: Derived, Cores: LMD, Doc: "Section of the site, its parts separated by slashes"},
	{Name: "services", Kind: Int, Class: Derived, Doc: "Services of the site"},
	{Name: "state", Kind: Text, Class: Derived, Normal: "fresh, late, down, pending, paused or incompatible", Doc: "Health of the site"},
	{Name: "status", Kind: Int, Class: Derived, Cores: LMD, Normal: "0 up, 1 late, 2 down, 3 incompatible, 4 pending", Doc: "Health of the site as LMD numbers it"},
	{Name: "thruk", Kind: Text, Class: Derived, Cores: LMD, Doc: "Always empty, for clients that know LMD"},
	{Name: "transport", Kind: Text, Class: Derived, Normal: "tcp, unix or tls", Doc: "How the site is reached"},
	{Name: "version", Kind: Text, Class: Derived, Doc: "Version of the core"},
}

// columnColumns are the columns of columns and tables.
var columnColumns = []Column{
	{Name: "description", Kind: Text, Class: Static, Cores: AllCores &^ Icinga2, Doc: "What the column holds"},
	{Name: "name", Kind: Text, Class: Key, Cores: AllCores &^ Icinga2, Doc: "Name of the column"},
	{Name: "table", Kind: Text, Class: Key, Cores: AllCores &^ Icinga2, Doc: "Table the column belongs to"},
	{Name: "type", Kind: Text, Class: Static, Cores: AllCores &^ Icinga2, Normal: "int, float, time, string, list or dict", Doc: "Type of the values"},
}
