package rest

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"flightdeck/store"
)

//go:embed skeleton.yaml
var skeleton string

var specName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// Skeleton returns the commented beginning of a connector, a valid one, and the section of a configuration that reads it from the file NAME.yaml beside it.
func Skeleton(name string) (spec, section string, err error) {
	if !specName.MatchString(name) {
		return "", "", fmt.Errorf("name %q: want small letters, digits and hyphens, such as acme-crm", store.Clip(name, 40))
	}
	for _, s := range Specs() {
		if s == name {
			return "", "", fmt.Errorf("name %q: there is a connector of that name: use kind: %s in the configuration, or choose another name", name, name)
		}
	}
	env := strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "_TOKEN"
	section = fmt.Sprintf(`- id: %[1]s
  kind: rest
  spec: ./%[1]s.yaml
  # url: https://crm.example.com      # where the spec's is not yours
  token: env:%[2]s            # or file:/path (mode 0600), keyring:SERVICE/USER; never the credential itself
  # user: sync                        # for ways to sign in that need a name
  # secrets: {client_secret: env:X}   # for ways to sign in that need several credentials
  # vars: {version: v2}               # settings of the spec
  # extra: {deals: [Budget__c]}       # further custom fields to keep
  # stage_values: {"17": proposal}    # further words of the system for your stages
  # every: 5m                         # pause between two readings
`, name, env)
	return strings.ReplaceAll(skeleton, "{{NAME}}", name), section, nil
}
