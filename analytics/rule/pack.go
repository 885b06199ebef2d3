package rule

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Pack is a valid text of the rules. It is immutable and shared.
type Pack struct {
	File   string    // where it was read; "": the defaults
	Text   string    // as it stands in the file
	Hash   string    // SHA-256 of Text, hexadecimal; of the defaults' own text for the defaults
	Number int       // of the version in the log; 0: it is in none
	Since  time.Time // when it came into force; zero: with the program
	// Problem says why the file's present text is not this one: this is the last good one. nil: it is.
	Problem error
	Wrong   string // the hash of the text that Problem is about; "" when there is no such text, or no problem
	// Broken is when the file was written that cannot be used, or was first seen to be gone; it stays while one wrong text follows another. Zero: no problem.
	Broken time.Time

	values map[string]any // section → *T
	schema *Schema
}

// Version names the rules on a result: "3 (1f3a9c0d)", the number in the version log and the beginning of the hash; "default (1f3a9c0d)" without a file.
func (p *Pack) Version() string {
	if p == nil {
		return "default"
	}
	if p.Number == 0 {
		if p.File == "" {
			return fmt.Sprintf("default (%.8s)", p.Hash)
		}
		return fmt.Sprintf("unversioned (%.8s)", p.Hash)
	}
	return fmt.Sprintf("%d (%.8s)", p.Number, p.Hash)
}

// YAML returns the rules in force as a file that says all of them, defaults included.
func (p *Pack) YAML() string {
	all := yaml.MapSlice{{Key: "version", Value: formatVersion}}
	for _, part := range p.schema.parts {
		all = append(all, yaml.MapItem{Key: part.Name(), Value: p.values[part.Name()]})
	}
	b, err := yaml.MarshalWithOptions(all, yaml.Indent(2), yaml.CustomMarshaler(func(f float64) ([]byte, error) { return []byte(decimal(f)), nil }))
	if err != nil {
		panic("rule: " + err.Error()) // what was read can be written
	}
	return string(b)
}

// decimal writes a number without an exponent: the library takes 1e+06, which it writes itself, for a text.
func decimal(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// MarshalJSON writes the rules in force, their version and what is wrong with the file.
func (p *Pack) MarshalJSON() ([]byte, error) {
	sections, err := yaml.YAMLToJSON([]byte(p.YAML()))
	if err != nil {
		return nil, err
	}
	problem := ""
	if p.Problem != nil {
		problem = p.Problem.Error()
	}
	return json.Marshal(struct {
		Version string          `json:"version"`
		Number  int             `json:"number"`
		Hash    string          `json:"hash"`
		File    string          `json:"file,omitempty"`
		Since   time.Time       `json:"since,omitzero"`
		Problem string          `json:"problem,omitempty"`
		Rules   json.RawMessage `json:"rules"`
	}{p.Version(), p.Number, p.Hash, p.File, p.Since, problem, sections})
}

func hashOf(text []byte) string {
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:])
}
