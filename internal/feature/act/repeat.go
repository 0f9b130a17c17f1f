package act

import "net/url"

// repeatPath returns where a rule is made that lets a downtime of the only
// host, service or group come again; "" for several.
func repeatPath(d *draft) string {
	if len(d.subjects.list) != 1 {
		return ""
	}
	s := d.subjects.list[0]
	v := url.Values{"site": {s.site}}
	switch {
	case s.about == "hostgroup" || s.about == "servicegroup":
		v.Set("scope", s.about)
		v.Set("group", s.named)
	case s.about != "":
		return ""
	case s.service != "":
		v.Set("scope", "service")
		v.Set("host", s.host)
		v.Set("service", s.service)
	default:
		v.Set("scope", "host")
		v.Set("host", s.host)
	}
	return "/recurring/new?" + v.Encode()
}
