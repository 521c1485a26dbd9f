package config

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Path is the name of a file or folder. In the file it is relative to the file's own folder, in a flag to the working folder.
type Path string

// Size is a number of bytes, written "10MB", "64KB" or as a bare number. K, M and G are powers of 1024.
type Size int64

// ParseSize reads a size.
func ParseSize(s string) (Size, error) {
	digits, unit := s, int64(1)
	for _, u := range []struct {
		suffix string
		factor int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}, {"B", 1}} {
		if len(s) > len(u.suffix) && strings.EqualFold(s[len(s)-len(u.suffix):], u.suffix) {
			digits, unit = strings.TrimSpace(s[:len(s)-len(u.suffix)]), u.factor
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/unit {
		return 0, fmt.Errorf("%q is not a size", s)
	}
	return Size(n * unit), nil
}

func (s Size) String() string {
	for _, u := range []struct {
		suffix string
		factor Size
	}{{"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}} {
		if s >= u.factor && s%u.factor == 0 {
			return strconv.FormatInt(int64(s/u.factor), 10) + u.suffix
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// Secret is a credential. However it is printed, only its last 4 characters show; Reveal is the one way to the rest.
type Secret string

// Reveal is the secret itself, to be sent where it belongs.
func (s Secret) Reveal() string { return string(s) }

// Last4 is what of a secret may be shown; "" of one that is too short for that.
func (s Secret) Last4() string {
	if len(s) < 12 {
		return ""
	}
	return string(s[len(s)-4:])
}

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "…" + s.Last4()
}

// Format prints String for every verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalJSON writes String.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalYAML writes String.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// Section is a part of the file that another room reads: inline (Node) or in a file of its own (File).
type Section struct {
	File Path
	Node *yaml.Node
	In   string // the file that Node is of
}
