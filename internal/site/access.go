package site

import (
	"io/fs"
	"os/user"
	"slices"
	"strconv"
	"syscall"
)

// mayWrite reports whether a user, with a group of its own configuration, may
// make files in a folder; true where that cannot be told.
func mayWrite(name, group string, mode fs.FileMode, st *syscall.Stat_t) bool {
	u, err := user.Lookup(name)
	if err != nil {
		return true
	}
	uid, err := strconv.Atoi(u.Uid)
	switch {
	case err != nil, uid == 0:
		return true
	case uint32(uid) == st.Uid:
		return mode.Perm()&0o300 == 0o300
	}
	groups, err := u.GroupIds()
	if err != nil {
		return true
	}
	if g, err := user.LookupGroup(group); err == nil {
		groups = append(groups, g.Gid)
	}
	if slices.Contains(groups, strconv.Itoa(int(st.Gid))) {
		return mode.Perm()&0o030 == 0o030
	}
	return mode.Perm()&0o003 == 0o003
}
