package schema

// tables and commands are the declarations; byName is the index over them.
var (
	tables   []*Table
	byName   = map[string]*Table{}
	commands []Command
)
