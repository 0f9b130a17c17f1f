package access

import "strings"

// Secret reports whether a custom variable may hold a secret. Only those who may
// see command lines have its value, and pages show it to them when they ask for
// it; no file, copied text or completion holds it.
func Secret(name, value string) bool { return SecretName(name) || SecretValue(value) }

// SecretName reports whether a custom variable of that name may hold a secret,
// which only those see who may see command lines.
func SecretName(name string) bool {
	name = strings.ToUpper(name)
	for _, w := range []string{"PASS", "PWD", "SECRET", "TOKEN", "COMMUNITY", "APIKEY", "API_KEY", "PRIVATE", "CREDENTIAL", "AUTH"} {
		if strings.Contains(name, w) {
			return true
		}
	}
	return strings.HasSuffix(name, "KEY") || strings.Contains("_"+name+"_", "_KEY_")
}

// SecretValue reports whether the value of a custom variable is JSON with a
// name in it that [SecretName] means: Icinga 2 writes dictionaries so.
func SecretValue(value string) bool {
	value = strings.TrimSpace(value)
	if !strings.HasPrefix(value, "{") && !strings.HasPrefix(value, "[") {
		return false
	}
	return SecretName(value) || strings.Contains(strings.ToUpper(value), `KEY"`)
}
