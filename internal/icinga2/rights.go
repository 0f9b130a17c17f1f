package icinga2

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"belvedere/internal/livestatus"
)

// rights are what the API says about our user.
type rights struct {
	User        string   `json:"user"`
	Version     string   `json:"version"`
	Permissions []string `json:"permissions"`
}

// rights asks who we are.
func (c *client) rights(ctx context.Context) (rights, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	var r rights
	body, err := c.do(ctx, "GET", "/v1/", nil)
	if err != nil {
		return r, err
	}
	defer body.Close()
	err = c.results(ctx, body, func(d *json.Decoder) error { return d.Decode(&r) })
	if err != nil || r.Version == "" {
		return r, &livestatus.Error{Kind: livestatus.KindHTTP, Err: err, Cause: "What answers there is not the API of an Icinga 2.",
			Fix: "The API listens on port 5665; Icinga Web and Icinga DB are something else."}
	}
	r.User = clip(r.User, wordMost)
	return r, nil
}

// may reports whether the user has a permission; one with a filter counts.
func (r *rights) may(permission string) bool {
	for _, p := range r.Permissions {
		p, _, _ = strings.Cut(p, " ")
		if ok, _ := path.Match(strings.ToLower(strings.ReplaceAll(p, "/", "\x00")), strings.ToLower(strings.ReplaceAll(permission, "/", "\x00"))); ok {
			return true
		}
	}
	return false
}

// enough returns why the user may not do what is always needed.
func (r *rights) enough() error {
	for _, need := range []struct{ permission, cause string }{
		{"objects/query/Host", "This user may not query hosts."}, {"objects/query/Service", "This user may not query services."},
		{"status/query", "This user may not query the status of the core."}, {"events/CheckResult", "This user may not listen to events."},
	} {
		if !r.may(need.permission) {
			return &livestatus.Error{Kind: livestatus.KindRights, Cause: need.cause,
				Fix: fmt.Sprintf("Add %q to permissions of the object ApiUser %q in api-users.conf, and reload Icinga 2.", need.permission, r.User)}
		}
	}
	return nil
}

// lacks names what of the rest the user may not do, for people.
func (r *rights) lacks() []string {
	var out []string
	for _, t := range types {
		if p := "objects/query/" + t.name; !r.may(p) {
			out = append(out, p)
		}
	}
	for _, p := range []string{"actions/acknowledge-problem", "actions/schedule-downtime", "actions/reschedule-check", "objects/modify/Host", "objects/modify/Service"} {
		if !r.may(p) {
			out = append(out, p)
		}
	}
	return out
}
