package sites

import (
	"context"
	"slices"
	"strconv"
	"time"

	"belvedere/internal/store"
	"belvedere/internal/web/ui"
)

// The size of a line of latencies, in units of its view box, and what stays free
// around it.
const (
	sparkWide, sparkHigh = 84, 20
	sparkEdge            = 2
)

// A spark is the line of what a core took to answer in the last hour. The zero
// spark is none.
type spark struct {
	Path        string // of SVG; a minute without answers breaks it
	X, Y        string // where it ends
	least, most time.Duration
}

// sparkOf draws the minutes, the oldest first, from nothing at the bottom to the
// longest at the top; 0 is no answer.
func sparkOf(minutes [store.TraceMinutes]time.Duration) spark {
	s := spark{most: slices.Max(minutes[:])}
	if s.most == 0 {
		return spark{}
	}
	var b []byte
	pen := false
	for i, d := range minutes {
		if d == 0 {
			pen = false
			continue
		}
		if s.least == 0 || d < s.least {
			s.least = d
		}
		x := sparkEdge + float64(i)*(sparkWide-2*sparkEdge)/float64(len(minutes)-1)
		y := sparkHigh - sparkEdge - float64(d)/float64(s.most)*(sparkHigh-2*sparkEdge)
		s.X, s.Y = strconv.FormatFloat(x, 'f', 1, 64), strconv.FormatFloat(y, 'f', 1, 64)
		switch {
		case !pen && len(b) > 0:
			b = append(b, " M"...)
		case !pen:
			b = append(b, 'M')
		default:
			b = append(b, ' ')
		}
		b = append(append(append(b, s.X...), ','), s.Y...)
		pen = true
	}
	s.Path = string(b)
	return s
}

// words say between what the latencies of the hour lie.
func (s spark) words(ctx context.Context) string {
	return ui.T(ctx, "%[1]s to %[2]s in the last hour", ui.Duration(ctx, s.least), ui.Duration(ctx, s.most))
}
