package importer

import (
	"errors"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// A command is one simple command of a shell script, its quotes taken away.
type command struct {
	line  int // 0: not known
	words []string
	where []syntax.Pos // of the words; nil: not known
}

// commands parses shell commands. Nothing is expanded: what a shell would is an error with its place.
func (o *Options) commands(script string) ([]command, error) {
	if isForCmd(script) {
		return nil, o.failAt(1, 0, "%s", forCmd)
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err != nil {
		return nil, o.shellError(err)
	}
	s := &shellReader{Options: o}
	for _, stmt := range file.Stmts {
		if err := s.statement(stmt); err != nil {
			return nil, err
		}
	}
	return s.list, nil
}

// isForCmd says whether a command is written for Windows' cmd: quotes behind carets, or lines that end with one.
func isForCmd(script string) bool {
	first, _, _ := strings.Cut(strings.TrimSpace(script), "\n")
	cmd, ok := strings.CutPrefix(first, "curl")
	return ok && (strings.HasPrefix(strings.TrimLeft(cmd, " .ex"), `^"`) || strings.HasSuffix(strings.TrimRight(cmd, " \r"), " ^"))
}

func (o *Options) shellError(err error) error {
	e, ok := errors.AsType[syntax.ParseError](err)
	if !ok {
		return o.failf("is no shell command: check its quotes")
	}
	line, column := int(e.Pos.Line()), int(e.Pos.Col())
	return o.failAt(line, column, "is no shell command: check the quotes and brackets from here on")
}

const forCmd = "looks like a command for Windows' cmd; let the browser copy it as cURL (bash)"

// A shellReader collects commands.
type shellReader struct {
	*Options
	list []command
}

// statement takes the command of a statement, of a pipe the first, of && and || all.
func (s *shellReader) statement(stmt *syntax.Stmt) error {
	for _, r := range stmt.Redirs {
		if r.Op == syntax.RdrIn || r.Op == syntax.Hdoc || r.Op == syntax.DashHdoc || r.Op == syntax.WordHdoc {
			return s.at(r.Pos(), "reads from a redirection, which cannot be imported; put the text or @file behind --data-binary")
		}
	}
	switch cmd := stmt.Cmd.(type) {
	case nil:
		return nil
	case *syntax.CallExpr:
		return s.call(cmd)
	case *syntax.BinaryCmd:
		if err := s.statement(cmd.X); err != nil {
			return err
		}
		if cmd.Op == syntax.Pipe || cmd.Op == syntax.PipeAll {
			return nil
		}
		return s.statement(cmd.Y)
	}
	return s.at(stmt.Pos(), "is shell that cannot be imported; write curl commands alone, one on each line")
}

func (s *shellReader) call(call *syntax.CallExpr) error {
	if len(call.Assigns) > 0 {
		return s.at(call.Pos(), "sets a shell variable, which cannot be imported; write its value where it is used")
	}
	c := command{line: int(call.Pos().Line())}
	for _, word := range call.Args {
		text, err := s.word(word)
		if err != nil {
			return err
		}
		c.words = append(c.words, text)
		c.where = append(c.where, word.Pos())
	}
	if len(c.words) > 1 && c.words[0] == "$" { // copied with the prompt
		c.words, c.where = c.words[1:], c.where[1:]
	}
	s.list = append(s.list, c)
	return nil
}

// word takes the quotes off a word.
func (s *shellReader) word(word *syntax.Word) (string, error) {
	if err := s.refuse(word.Parts); err != nil {
		return "", err
	}
	if lit, ok := word.Parts[0].(*syntax.Lit); ok && strings.HasPrefix(lit.Value, "~") {
		return "", s.at(word.Pos(), "has ~, which a shell would expand; write the path in full, or in quotes")
	}
	braces := *word
	if syntax.SplitBraces(&braces) {
		return "", s.at(word.Pos(), "has braces that a shell would expand; put them in single quotes, or write the commands one by one")
	}
	// Literal would leave backslashes outside quotes as they are.
	fields, err := expand.Fields(&expand.Config{}, word)
	if err != nil || len(fields) > 1 {
		return "", s.at(word.Pos(), "cannot be read as a word; put it in single quotes")
	}
	return strings.Join(fields, ""), nil
}

// refuse finds what would be expanded.
func (s *shellReader) refuse(parts []syntax.WordPart) error {
	for _, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit, *syntax.SglQuoted:
		case *syntax.DblQuoted:
			if err := s.refuse(part.Parts); err != nil {
				return err
			}
		case *syntax.ParamExp:
			return s.at(part.Pos(), "has a shell variable, which is not expanded; write its value, or put the dollar sign in single quotes")
		case *syntax.CmdSubst:
			return s.at(part.Pos(), "has a command substitution, which is not carried out; write what the command prints, or put it in single quotes")
		default:
			return s.at(part.Pos(), "has something that a shell would expand; write what comes of it, or put it in single quotes")
		}
	}
	return nil
}

func (s *shellReader) at(pos syntax.Pos, problem string) error {
	return s.failAt(int(pos.Line()), int(pos.Col()), "%s", problem)
}
