package config

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/routor/routor/engine/label"
)

var (
	durationType = reflect.TypeFor[time.Duration]()
	sizeType     = reflect.TypeFor[Size]()
	tierType     = reflect.TypeFor[label.Tier]()
	pathType     = reflect.TypeFor[Path]()
)

// describe says what a scalar of type t looks like, with an example.
func describe(t reflect.Type, tag reflect.StructTag) (expected, example string) {
	example = tag.Get("example")
	if example == "" {
		example = tag.Get("default")
	}
	or := func(s string) string {
		if example == "" {
			return s
		}
		return example
	}
	switch {
	case t == durationType:
		return "a duration", or("5s")
	case t == sizeType:
		return "a size", or("10MB")
	case t == tierType:
		return "a tier", or("LIGHT")
	case t == pathType:
		return "the name of a file", example
	case t.Kind() == reflect.Bool:
		return "true or false", or("true")
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return "a whole number", or("10")
	case t.Kind() == reflect.Float64:
		return "a number", or("0.5")
	}
	return "a text", example
}

type boundError struct{ message string }

func (e *boundError) Error() string { return e.message }

type closedError struct{ words []string }

func (e *closedError) Error() string { return "not one of " + strings.Join(e.words, ", ") }

var errType = errors.New("wrong type")

// set parses text, of the given YAML tag ("" = from a flag, any will do), into target.
func set(target reflect.Value, text, yamlTag string, tag reflect.StructTag) error {
	if n, ok := numeric(target.Type(), text); ok {
		return setNumber(target, n, tag)
	}
	t := target.Type()
	switch {
	case t == tierType:
		tier, ok := label.ParseTier(text)
		if !ok {
			return &closedError{label.Tiers[:]}
		}
		target.SetUint(uint64(tier))
	case t.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil || (yamlTag != "" && yamlTag != "!!bool") {
			return errType
		}
		target.SetBool(b)
	case t.Kind() == reflect.String:
		if yamlTag == "!!bool" {
			return errType
		}
		if words := tag.Get("oneof"); words != "" && !slices.Contains(strings.Split(words, ","), text) {
			return &closedError{strings.Split(words, ",")}
		}
		target.SetString(text)
	default:
		return errType
	}
	return nil
}

// numeric reads text as the number that a field of type t holds: a duration in nanoseconds, a size in bytes.
func numeric(t reflect.Type, text string) (n float64, ok bool) {
	switch {
	case t == durationType:
		v, err := time.ParseDuration(text)
		return float64(v), err == nil
	case t == sizeType:
		v, err := ParseSize(text)
		return float64(v), err == nil
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		v, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 53)
		return float64(v), err == nil
	case t.Kind() == reflect.Float64:
		v, err := strconv.ParseFloat(text, 64)
		return v, err == nil && v == v && v < 1e300 && v > -1e300
	}
	return 0, false
}

func setNumber(target reflect.Value, n float64, tag reflect.StructTag) error {
	if least, ok := numeric(target.Type(), tag.Get("min")); ok && n < least {
		return &boundError{"is too small: at least " + tag.Get("min")}
	}
	if most, ok := numeric(target.Type(), tag.Get("max")); ok && n > most {
		return &boundError{"is too large: at most " + tag.Get("max")}
	}
	if target.Kind() == reflect.Float64 {
		target.SetFloat(n)
	} else {
		target.SetInt(int64(n))
	}
	return nil
}

// setDefaults fills a struct with the defaults that stand in its tags.
func setDefaults(target reflect.Value) {
	if target.Kind() != reflect.Struct {
		return
	}
	for i := range target.NumField() {
		f := target.Type().Field(i)
		if !f.IsExported() || f.Tag.Get("inherit") != "" {
			continue
		}
		if text := f.Tag.Get("default"); text != "" {
			if err := set(target.Field(i), text, "", ""); err != nil {
				panic("BUG: default of " + f.Name + ": " + err.Error())
			}
		} else {
			setDefaults(target.Field(i))
		}
	}
}
