package house

import "go/ast"

// exits lists the calls in f that end the process.
func exits(f *ast.File) []string {
	var found []string
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		selector, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := selector.X.(*ast.Ident); ok {
			switch name := pkg.Name + "." + selector.Sel.Name; name {
			case "os.Exit", "log.Fatal", "log.Fatalf", "log.Fatalln":
				found = append(found, name)
			}
		}
		return true
	})
	return found
}
