package testkit

import (
	"strconv"
	"strings"

	"belvedere/internal/schema"
)

// valueKind tells which field of a value holds it.
type valueKind uint8

const (
	vNull valueKind = iota
	vInt
	vFloat
	vText
	vBool    // i; spelled true or false by Icinga 2
	vRaw     // s, written as it is
	vNames   // []string
	vNums    // []int64
	vMembers // []schema.Member
	vDict    // []schema.Pair
	vTuples  // [][]any
	vAnys    // []any, Icinga's lists of mixed values
)

// A value is one cell. Numbers and texts do not allocate.
type value struct {
	kind valueKind
	i    int64
	f    float64
	s    string
	o    any
}

func vi(i int64) value           { return value{kind: vInt, i: i} }
func vf(f float64) value         { return value{kind: vFloat, f: f} }
func vt(s string) value          { return value{kind: vText, s: s} }
func vl(l []string) value        { return value{kind: vNames, o: l} }
func vn(l []int64) value         { return value{kind: vNums, o: l} }
func vm(l []schema.Member) value { return value{kind: vMembers, o: l} }
func vd(l []schema.Pair) value   { return value{kind: vDict, o: l} }
func vx(l [][]any) value         { return value{kind: vTuples, o: l} }

func vb(b bool) value {
	if b {
		return vi(1)
	}
	return vi(0)
}

// normal returns the value as the Go type of its kind in normal form.
func (v value) normal() any {
	switch v.kind {
	case vInt, vBool:
		return v.i
	case vFloat:
		return v.f
	case vText:
		return v.s
	case vNull:
		return nil
	}
	return v.o
}

// valueOf is the inverse of normal.
func valueOf(a any) value {
	switch x := a.(type) {
	case int64:
		return vi(x)
	case int:
		return vi(int64(x))
	case bool:
		return vb(x)
	case float64:
		return vf(x)
	case string:
		return vt(x)
	case []string:
		return vl(x)
	case []int64:
		return vn(x)
	case []schema.Member:
		return vm(x)
	case []schema.Pair:
		return vd(x)
	case [][]any:
		return vx(x)
	}
	return value{}
}

// zero returns the empty value of a kind of the schema.
func zero(k schema.Kind) value {
	switch k {
	case schema.Float:
		return vf(0)
	case schema.Text:
		return vt("")
	case schema.TextList:
		return vl([]string{})
	case schema.IntList:
		return vn([]int64{})
	case schema.Members:
		return vm([]schema.Member{})
	case schema.Dict:
		return vd([]schema.Pair{})
	case schema.Tuples:
		return vx([][]any{})
	}
	return vi(0)
}

// coerce turns a value into the Go type of a kind: a number into an integer or
// a float, an empty list into the empty list of that kind.
func coerce(v value, k schema.Kind) value {
	switch k {
	case schema.Bool, schema.Int, schema.Time:
		if v.kind == vFloat {
			return vi(int64(v.f))
		}
	case schema.Float:
		if v.kind == vInt {
			return vf(float64(v.i))
		}
	case schema.Text:
		if v.kind != vText {
			return vt(v.text())
		}
	case schema.Members:
		if l, ok := v.o.([]string); ok {
			out := make([]schema.Member, len(l))
			for i, s := range l {
				out[i] = schema.Member{Host: s}
			}
			return vm(out)
		}
	}
	if v.count() == 0 && v.kind >= vNames {
		return zero(k)
	}
	return v
}

// count returns the number of elements of a list.
func (v value) count() int {
	switch x := v.o.(type) {
	case []string:
		return len(x)
	case []int64:
		return len(x)
	case []schema.Member:
		return len(x)
	case []schema.Pair:
		return len(x)
	case [][]any:
		return len(x)
	case []any:
		return len(x)
	}
	return 0
}

// num returns the value as a number; a text counts as 0.
func (v value) num() float64 {
	if v.kind == vFloat {
		return v.f
	}
	return float64(v.i)
}

// text returns the value as plain text, lists joined by commas.
func (v value) text() string {
	switch v.kind {
	case vInt, vBool:
		return strconv.FormatInt(v.i, 10)
	case vFloat:
		return strconv.FormatFloat(v.f, 'g', -1, 64)
	case vText, vRaw:
		return v.s
	}
	return strings.Join(v.elements(), ",")
}

// elements returns the elements of a list as text; pairs are joined by "|".
func (v value) elements() []string {
	var out []string
	switch x := v.o.(type) {
	case []string:
		return x
	case []int64:
		for _, n := range x {
			out = append(out, strconv.FormatInt(n, 10))
		}
	case []schema.Member:
		for _, m := range x {
			if m.Service == "" {
				out = append(out, m.Host)
			} else {
				out = append(out, m.Host+"|"+m.Service)
			}
		}
	case []schema.Pair:
		for _, p := range x {
			out = append(out, p.Name+"|"+p.Value)
		}
	case [][]any:
		for _, t := range x {
			out = append(out, joinAnys(t))
		}
	case []any:
		for _, a := range x {
			out = append(out, valueOf(a).text())
		}
	}
	return out
}

func joinAnys(t []any) string {
	parts := make([]string, len(t))
	for i, a := range t {
		parts[i] = valueOf(a).text()
	}
	return strings.Join(parts, "|")
}
