package config

import (
	"errors"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

var errSyntax = errors.New("not understood")

// parseDuration is [time.ParseDuration] with days.
func parseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil || math.IsNaN(n) || n < 0 || n > 36500 {
			return 0, errSyntax
		}
		return time.Duration(n * float64(24*time.Hour)), nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, errSyntax
	}
	return d, nil
}

// parsePrefix takes a network, or one address.
func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

// parseSize takes bytes, or a number with KiB, MiB, GiB or TiB; "K" to "T" and
// "KB" to "TB" mean the same.
func parseSize(s string) (int64, error) {
	number := strings.TrimRight(s, " KMGTiB")
	unit := strings.TrimSpace(s[len(number):])
	shift, ok := map[string]int{
		"": 0, "B": 0,
		"K": 10, "KB": 10, "KiB": 10, "M": 20, "MB": 20, "MiB": 20,
		"G": 30, "GB": 30, "GiB": 30, "T": 40, "TB": 40, "TiB": 40,
	}[unit]
	n, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || math.IsNaN(n) || n < 0 || n*float64(int64(1)<<shift) > 1<<60 {
		return 0, errSyntax
	}
	return int64(n * float64(int64(1)<<shift)), nil
}

// suggestion names the closest known key, or all where none is close.
func suggestion[V any](name string, known map[string]V) string {
	if best := closest(name, known); best != "" {
		return `did you mean "` + best + `"?`
	}
	return "known here: " + strings.Join(slices.Sorted(maps.Keys(known)), ", ")
}

// closest returns the known key that was probably meant, "" if there is none.
func closest[V any](name string, known map[string]V) string {
	typed, best, distance := strings.ToLower(name), "", min(3, max(1, len(name)/2))+1
	for _, k := range slices.Sorted(maps.Keys(known)) {
		if d := editDistance(typed, strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	for _, k := range slices.Sorted(maps.Keys(known)) {
		if best == "" && len(typed) >= 3 && strings.HasPrefix(k, typed) {
			best = k
		}
	}
	return best
}

// editDistance counts the letters to insert, delete, replace or swap that turn
// a into b.
func editDistance(a, b string) int {
	if len(a) > 50 || len(b) > 50 {
		return max(len(a), len(b))
	}
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			same := 1
			if x[i-1] == y[j-1] {
				same = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+same)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
