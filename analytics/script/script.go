// Package script owns the plain-text tests of the analyses: files that a person who knows sales, not Go, can read and write. They load
// deals, touches and grades, ask a question and state the rows that must come back:
//
//	load
//	  stage   lead open 1 probability=10
//	  stage   won won 2
//	  person  li
//	  account acme owner=li
//	  deal    d1 account=acme owner=li stage=lead amount=100CNY created=2026-01-05 close=2026-03-31
//	  change  d1 at=2026-02-01 stage=won
//
//	eval funnel as-of=2026-01-31
//	  stage count
//	  lead  1
//
// It refuses to be a language: there are no variables and no arithmetic. Words are separated by blanks; one with a blank in it stands in double
// quotes; # starts a comment. A deal's line is its state at creation, its change lines are what happened later, so that the history
// always agrees with the present. `eval` wants exactly the rows below it in that order, `eval some` wants each of them somewhere, `eval fail` wants
// the question refused with an error that contains the line below. Only the columns that the first line names are compared; "-" is an empty cell.
package script

import (
	"fmt"
	"strings"
)

// Script is a parsed file: commands in order. A later load adds to an earlier one.
type Script struct {
	Name     string
	Commands []Command
}

// Command is one load or eval block.
type Command struct {
	Line int      // of its first line, from 1
	Verb string   // load or eval
	Mode string   // of an eval: "", some or fail
	What string   // of an eval: which analysis
	Args []string // of an eval: key=value words
	Body []Line
}

// Line is one line of a block, as words.
type Line struct {
	Line  int
	Words []string
}

// Error says what is wrong with a script and where.
type Error struct {
	Name string
	Line int
	Err  error
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %v", e.Name, e.Line, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Parse reads a script. Errors are [*Error].
func Parse(name, text string) (*Script, error) {
	s := &Script{Name: name}
	for i, raw := range strings.Split(text, "\n") {
		words, err := split(raw)
		if err != nil {
			return nil, &Error{name, i + 1, err}
		}
		if len(words) == 0 {
			continue
		}
		fail := func(format string, a ...any) (*Script, error) {
			return nil, &Error{name, i + 1, fmt.Errorf(format, a...)}
		}
		if raw[0] == ' ' || raw[0] == '\t' {
			if len(s.Commands) == 0 {
				return fail("an indented line before any load or eval")
			}
			c := &s.Commands[len(s.Commands)-1]
			c.Body = append(c.Body, Line{i + 1, words})
			continue
		}
		c := Command{Line: i + 1, Verb: words[0]}
		switch c.Verb {
		case "load":
			if len(words) > 1 {
				return fail("load takes nothing on its own line; what is loaded stands indented below")
			}
		case "eval":
			words = words[1:]
			if len(words) > 0 && (words[0] == "some" || words[0] == "fail") {
				c.Mode, words = words[0], words[1:]
			}
			if len(words) == 0 {
				return fail("eval what? want one of %s", strings.Join(questionNames(), ", "))
			}
			c.What, c.Args = words[0], words[1:]
		default:
			return fail("unknown command %q; want load or eval", c.Verb)
		}
		s.Commands = append(s.Commands, c)
	}
	return s, nil
}

// split cuts a line into words at blanks, keeping what stands in double quotes together and dropping a comment.
func split(s string) (words []string, err error) {
	var w strings.Builder
	in, quoted := false, false
	flush := func() {
		if in {
			words = append(words, w.String())
			w.Reset()
			in = false
		}
	}
	for _, r := range s {
		switch {
		case r == '"':
			quoted = !quoted
			in = true
		case quoted:
			w.WriteRune(r)
		case r == '#' && !in:
			flush()
			return words, nil
		case r == ' ' || r == '\t' || r == '\r':
			flush()
		default:
			in = true
			w.WriteRune(r)
		}
	}
	if quoted {
		return nil, fmt.Errorf("a double quote is not closed")
	}
	flush()
	return words, nil
}
