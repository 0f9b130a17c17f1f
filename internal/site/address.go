package site

import "belvedere/internal/livestatus"

// displayAddress is an address as pages show it: canonical, without options.
func displayAddress(s string) string {
	a, err := livestatus.ParseAddress(s)
	if err != nil {
		return s
	}
	return a.String()
}
