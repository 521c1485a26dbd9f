package config

import (
	"os"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// interpolate puts the environment's variables into s; missing is the first one that is not set.
func interpolate(s string) (result, missing string) {
	result = variable.ReplaceAllStringFunc(s, func(m string) string {
		name := m[2 : len(m)-1]
		value := os.Getenv(name)
		if value == "" && missing == "" {
			missing = name
		}
		return value
	})
	return result, missing
}

// In {braces} YAML takes the braces of ${NAME} for its own, so that {api_key: ${NAME}} is no YAML. These two, which mean
// nothing to anybody, stand in for them while it is parsed; being one character each they move nothing.
const open, shut = "\ue000", "\ue001"

var unveil = strings.NewReplacer(open, "{", shut, "}")

// veil hides the braces of variables from the parser.
func veil(src []byte) []byte { return variable.ReplaceAll(src, []byte("$$"+open+"${1}"+shut)) }

// unveilNode puts the braces back.
func unveilNode(n *yaml.Node) {
	n.Value = unveil.Replace(n.Value)
	for _, c := range n.Content {
		unveilNode(c)
	}
}
