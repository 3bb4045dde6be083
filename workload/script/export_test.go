package script

// FunctionNames lists the functions that are not the expression library's.
func FunctionNames() []string {
	var names []string
	for _, f := range functions() {
		if !f.hidden && !f.library {
			names = append(names, f.name)
		}
	}
	return names
}

// BuiltInNames lists the built-in values of checks.
func BuiltInNames() []string { return builtInNames(true) }

// Looked returns the response that checks and extractions see.
func (s *Scope) Looked() Response { return s.response }
