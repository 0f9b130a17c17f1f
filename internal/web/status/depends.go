package status

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"belvedere/internal/lql"
	"belvedere/internal/web/ui"
)

// AppendDepends appends to b all that a drawing of r by itself may depend on,
// for [ui.Keep]: the cells of its row, and what was made of them at this time.
// The names of the columns are for the caller to tell.
func (r *Row) AppendDepends(b []byte) []byte {
	b = ui.AppendText(b, r.ID)
	b = ui.AppendText(ui.AppendText(b, r.State.Class), r.HostState.Class)
	b = appendBools(b, r.State.Done, r.HostState.Done, r.Acked, r.Downtime, r.HostProblem, r.New, r.Stale)
	o := &r.Owner
	for _, s := range []string{o.Kind, o.Who, o.Text} {
		b = ui.AppendText(b, s)
	}
	b = binary.AppendVarint(binary.AppendVarint(b, o.At.Unix()), o.Until.Unix())
	return r.Cells.append(b, r.Index)
}

func appendBools(b []byte, values ...bool) []byte {
	for _, v := range values {
		b = strconv.AppendBool(b, v)
	}
	return b
}

// append appends the values of a row, each in a form that tells where it ends.
func (c Cells) append(b []byte, row int) []byte {
	if c.res == nil {
		return b
	}
	for i := range c.res.Vectors {
		v := &c.res.Vectors[i]
		switch {
		case v.Kind == lql.Texts && row < len(v.Texts):
			b = ui.AppendText(b, v.Texts[row])
		case v.Kind == lql.Floats && row < len(v.Floats):
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v.Floats[row]))
		case v.Kind == lql.Objects && row < len(v.Objects):
			b = appendObject(b, v.Objects[row])
		default:
			b = binary.AppendVarint(b, v.Int(row))
		}
	}
	return b
}

// AppendColumns appends the names and kinds of the columns to b.
func (c Cells) AppendColumns(b []byte) []byte {
	if c.res == nil {
		return b
	}
	for i := range c.res.Vectors {
		b = append(ui.AppendText(b, c.res.Vectors[i].Name), byte(c.res.Vectors[i].Kind))
	}
	return b
}

// appendObject appends a list or dictionary.
func appendObject(b []byte, x any) []byte {
	switch x := x.(type) {
	case nil:
		return append(b, '-')
	case []string:
		b = binary.AppendUvarint(append(b, 's'), uint64(len(x)))
		for _, s := range x {
			b = ui.AppendText(b, s)
		}
	case []int64:
		b = binary.AppendUvarint(append(b, 'i'), uint64(len(x)))
		for _, n := range x {
			b = binary.AppendVarint(b, n)
		}
	case [][2]string:
		b = binary.AppendUvarint(append(b, 'p'), uint64(len(x)))
		for _, p := range x {
			b = ui.AppendText(ui.AppendText(b, p[0]), p[1])
		}
	case [][]any:
		b = binary.AppendUvarint(append(b, 't'), uint64(len(x)))
		for _, t := range x {
			b = binary.AppendUvarint(b, uint64(len(t)))
			for _, e := range t {
				b = ui.AppendText(b, fmt.Sprintf("%T %v", e, e))
			}
		}
	default:
		b = ui.AppendText(b, fmt.Sprintf("%T %v", x, x))
	}
	return b
}
