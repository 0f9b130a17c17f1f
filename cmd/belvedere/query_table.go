package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"belvedere/internal/lql"
)

// appendTable appends rows for reading: control characters never reach the
// terminal.
func appendTable(dst []byte, res *lql.Result) []byte {
	b := bytes.NewBuffer(dst)
	tw := tabwriter.NewWriter(b, 0, 8, 2, ' ', 0)
	for i := range res.Vectors {
		if i > 0 {
			fmt.Fprint(tw, "\t")
		}
		fmt.Fprint(tw, strings.ToUpper(printable(res.Vectors[i].Name)))
	}
	fmt.Fprintln(tw)
	for row := range res.Rows {
		for i := range res.Vectors {
			if i > 0 {
				fmt.Fprint(tw, "\t")
			}
			fmt.Fprint(tw, printable(cell(&res.Vectors[i], row)))
		}
		fmt.Fprintln(tw)
	}
	_ = tw.Flush() // into memory
	return b.Bytes()
}

func cell(v *lql.Vector, row int) string {
	switch v.Kind {
	case lql.Ints, lql.Times:
		return strconv.FormatInt(v.Ints[row], 10)
	case lql.Floats:
		return strconv.FormatFloat(v.Floats[row], 'f', -1, 64)
	case lql.Texts:
		return v.Texts[row]
	}
	switch o := v.Objects[row].(type) {
	case []string:
		return strings.Join(o, ",")
	case [][2]string:
		var b strings.Builder
		for i, p := range o {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(p[0] + "|" + p[1])
		}
		return b.String()
	case nil:
		return ""
	default:
		return fmt.Sprint(o)
	}
}

// printable shows control characters as symbols.
func printable(s string) string {
	if !strings.ContainsFunc(s, isControl) {
		return s
	}
	var b bytes.Buffer
	for _, r := range s {
		if isControl(r) {
			fmt.Fprintf(&b, "\\x%02x", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isControl(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
