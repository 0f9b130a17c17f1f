package lql

import "strconv"

// Column returns the first column of that name. For a name the result does not
// have it returns an empty vector, whose values are all zero: a view then shows
// nothing instead of failing. Ask [Result.Has] to tell the two apart.
func (r *Result) Column(name string) *Vector {
	if i := r.index(name); i >= 0 {
		return &r.Vectors[i]
	}
	return new(Vector)
}

// Has reports whether the result has a column of that name.
func (r *Result) Has(name string) bool { return r.index(name) >= 0 }

func (r *Result) index(name string) int {
	for i := range r.Vectors {
		if r.Vectors[i].Name == name {
			return i
		}
	}
	return -1
}

// Int returns the value of the named column in a row; see [Vector.Int].
func (r *Result) Int(row int, column string) int64 { return r.Column(column).Int(row) }

// Float returns the value of the named column in a row; see [Vector.Float].
func (r *Result) Float(row int, column string) float64 { return r.Column(column).Float(row) }

// Text returns the value of the named column in a row; see [Vector.Text].
func (r *Result) Text(row int, column string) string { return r.Column(column).Text(row) }

// Strings returns the value of the named column in a row; see [Vector.List].
func (r *Result) Strings(row int, column string) []string { return r.Column(column).List(row) }

// Int returns value i as a number: texts are read as decimal numbers (0 if
// they are none), fractions are cut off, objects are 0, and so is everything
// beyond the last row.
func (v *Vector) Int(i int) int64 {
	switch v.Kind {
	case Ints, Times:
		if i < len(v.Ints) {
			return v.Ints[i]
		}
	case Floats:
		if i < len(v.Floats) {
			return int64(v.Floats[i])
		}
	case Texts:
		if i < len(v.Texts) {
			n, _ := strconv.ParseInt(v.Texts[i], 10, 64)
			return n
		}
	}
	return 0
}

// Float returns value i as a number, by the rules of [Vector.Int].
func (v *Vector) Float(i int) float64 {
	switch v.Kind {
	case Floats:
		if i < len(v.Floats) {
			return v.Floats[i]
		}
	case Texts:
		if i < len(v.Texts) {
			f, err := strconv.ParseFloat(v.Texts[i], 64)
			if err != nil {
				return 0
			}
			return f
		}
	default:
		return float64(v.Int(i))
	}
	return 0
}

// Bool reports whether value i is a number other than 0.
func (v *Vector) Bool(i int) bool { return v.Int(i) != 0 }

// Text returns value i as text: numbers in decimal, the elements of lists
// separated by commas as in CSV, "" beyond the last row.
func (v *Vector) Text(i int) string {
	switch v.Kind {
	case Texts:
		if i < len(v.Texts) {
			return v.Texts[i]
		}
	case Ints, Times:
		if i < len(v.Ints) {
			return strconv.FormatInt(v.Ints[i], 10)
		}
	case Floats:
		if i < len(v.Floats) {
			return strconv.FormatFloat(v.Floats[i], 'f', -1, 64)
		}
	case Objects:
		return string(appendCSVObject(nil, v.object(i), Separators{}.orDefault()))
	}
	return ""
}

func (v *Vector) object(i int) any {
	if v.Kind == Objects && i < len(v.Objects) {
		return v.Objects[i]
	}
	return nil
}

// List returns value i as names, nil if it is no list of names. Numbers are
// written in decimal.
func (v *Vector) List(i int) []string {
	switch o := v.object(i).(type) {
	case []string:
		return o
	case []int64:
		out := make([]string, len(o))
		for k, n := range o {
			out[k] = strconv.FormatInt(n, 10)
		}
		return out
	}
	return nil
}

// Numbers returns value i as numbers, nil if it is no list of numbers.
func (v *Vector) Numbers(i int) []int64 {
	o, _ := v.object(i).([]int64)
	return o
}

// Pairs returns value i as pairs: names and values of a dictionary, or hosts
// and services of a list of members. It is nil if value i is neither.
func (v *Vector) Pairs(i int) [][2]string {
	o, _ := v.object(i).([][2]string)
	return o
}

// Tuples returns value i as tuples, nil if it holds none.
func (v *Vector) Tuples(i int) [][]any {
	o, _ := v.object(i).([][]any)
	return o
}
