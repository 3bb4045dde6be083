package script

// A Part is a stretch of a Template: a text that stands for itself, or a single expression.
type Part struct {
	Text string
	Expr *Template // nil: Text. Of Append and Value, Value keeps the type
}

// Parts returns what the template is made of, in order, for those to whom it matters where a value comes to stand. No two
// texts follow each other.
func (t *Template) Parts() []Part {
	if text, static := t.Static(); static {
		if text == "" {
			return nil
		}
		return []Part{{Text: text}}
	}
	list := make([]Part, len(t.parts))
	for i, p := range t.parts {
		if p.plain == nil && p.program == nil {
			list[i].Text = p.text
		} else {
			list[i].Expr = &Template{parts: t.parts[i : i+1]}
		}
	}
	return list
}
