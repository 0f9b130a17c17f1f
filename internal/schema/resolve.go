package schema

// A Ref is a column as a name in a table's context means it: one of the
// table's own columns, or one of a joined table.
type Ref struct {
	Join   int // index into Table.Joins, -1: own column
	Column *Column
}

// A NoColumnError says that a table has no column of that name.
type NoColumnError struct {
	Table, Name string
	Near        string // the name that was probably meant, or ""
}

func (e *NoColumnError) Error() string {
	return "table " + e.Table + " has no column " + e.Name
}

// Resolve finds the column that name means in table t. Errors are
// [*NoColumnError].
func (t *Table) Resolve(name string) (Ref, error) {
	if c, ok := t.Column(name); ok {
		return Ref{Join: -1, Column: c}, nil
	}
	return Ref{}, &NoColumnError{Table: t.Name, Name: name}
}
