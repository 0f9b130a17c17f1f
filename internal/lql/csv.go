package lql

import (
	"strconv"
	"strings"
)

// orDefault returns s, or the default separators for the zero value.
func (s Separators) orDefault() Separators {
	if s == (Separators{}) {
		return Separators{Row: '\n', Field: ';', List: ',', Pair: '|'}
	}
	return s
}

func (e Encoder) appendCSVRows(dst []byte, r *Result, from, to int) []byte {
	s := e.Separators.orDefault()
	for row := from; row < to; row++ {
		for i := range r.Vectors {
			if i > 0 {
				dst = e.appendFieldEnd(dst, s)
			}
			dst = e.appendCSVValue(dst, &r.Vectors[i], row, s)
		}
		dst = e.appendRowEnd(dst, s)
	}
	return dst
}

func (e Encoder) appendFieldEnd(dst []byte, s Separators) []byte {
	if e.Format == QuotedCSV {
		return append(dst, ',')
	}
	return append(dst, s.Field)
}

func (e Encoder) appendRowEnd(dst []byte, s Separators) []byte {
	if e.Format == QuotedCSV {
		return append(dst, "\r\n"...)
	}
	return append(dst, s.Row)
}

// appendField appends a text. Format csv knows no quoting at all: who has
// separators in texts chooses others, or another format.
func (e Encoder) appendField(dst []byte, text string) []byte {
	if e.Format != QuotedCSV {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	for {
		i := strings.IndexByte(text, '"')
		if i < 0 {
			break
		}
		dst = append(dst, text[:i]...)
		dst = append(dst, `""`...)
		text = text[i+1:]
	}
	dst = append(dst, text...)
	return append(dst, '"')
}

func (e Encoder) appendCSVValue(dst []byte, v *Vector, row int, s Separators) []byte {
	if v.Kind == Texts && row < len(v.Texts) {
		return e.appendField(dst, v.Texts[row])
	}
	quoted := e.Format == QuotedCSV
	start := len(dst)
	if quoted {
		dst = append(dst, '"')
		s = Separators{List: ',', Pair: '|'}
	}
	switch {
	case (v.Kind == Ints || v.Kind == Times) && row < len(v.Ints):
		dst = strconv.AppendInt(dst, v.Ints[row], 10)
	case v.Kind == Floats && row < len(v.Floats):
		dst = appendFloat(dst, v.Floats[row])
	case v.Kind == Objects && row < len(v.Objects):
		dst = appendCSVObject(dst, v.Objects[row], s)
	}
	if !quoted {
		return dst
	}
	if inner := dst[start+1:]; strings.IndexByte(string(inner), '"') >= 0 {
		doubled := strings.ReplaceAll(string(inner), `"`, `""`)
		dst = append(dst[:start+1], doubled...)
	}
	return append(dst, '"')
}

func appendCSVObject(dst []byte, object any, s Separators) []byte {
	switch o := object.(type) {
	case []string:
		for i, text := range o {
			if i > 0 {
				dst = append(dst, s.List)
			}
			dst = append(dst, text...)
		}
	case []int64:
		for i, n := range o {
			if i > 0 {
				dst = append(dst, s.List)
			}
			dst = strconv.AppendInt(dst, n, 10)
		}
	case [][2]string:
		for i, p := range o {
			if i > 0 {
				dst = append(dst, s.List)
			}
			dst = append(dst, p[0]...)
			dst = append(dst, s.Pair)
			dst = append(dst, p[1]...)
		}
	case [][]any:
		for i, t := range o {
			if i > 0 {
				dst = append(dst, s.List)
			}
			dst = appendCSVTuple(dst, t, s)
		}
	}
	return dst
}

func appendCSVTuple(dst []byte, tuple []any, s Separators) []byte {
	for i, item := range tuple {
		if i > 0 {
			dst = append(dst, s.Pair)
		}
		switch x := item.(type) {
		case int64:
			dst = strconv.AppendInt(dst, x, 10)
		case float64:
			dst = appendFloat(dst, x)
		case string:
			dst = append(dst, x...)
		}
	}
	return dst
}
