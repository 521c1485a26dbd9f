package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Option is a field of Config that has a flag, and by the one rule also an environment variable.
type Option struct {
	Flag    string // "drain-delay"
	Env     string // "ROUTOR_DRAIN_DELAY"
	Key     string // "drain_delay", "limits.body"
	Doc     string
	Default string
	Kind    string // what the value looks like: "duration", "size", "file", "bool" …
	List    bool
	Secret  bool
}

// Env is the environment variable of a flag.
func Env(flag string) string {
	return "ROUTOR_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Options are all fields with a flag, in the file's order.
func Options() []Option {
	var options []Option
	eachOption(reflect.ValueOf(new(Config)).Elem(), "", func(key string, f reflect.StructField, _ reflect.Value) {
		t, flag := f.Type, f.Tag.Get("flag")
		list := t.Kind() == reflect.Slice
		if list || t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		options = append(options, Option{
			Flag: flag, Env: Env(flag), Key: key, Doc: f.Tag.Get("doc"), Default: f.Tag.Get("default"),
			Kind: kindName(t), List: list, Secret: t == reflect.TypeFor[Secret](),
		})
	})
	return options
}

func eachOption(target reflect.Value, path string, f func(key string, field reflect.StructField, value reflect.Value)) {
	for i := range target.NumField() {
		field := target.Type().Field(i)
		key := join(path, field.Tag.Get("yaml"))
		switch {
		case field.Tag.Get("flag") != "":
			f(key, field, target.Field(i))
		case field.IsExported() && field.Type.Kind() == reflect.Struct:
			eachOption(target.Field(i), key, f)
		}
	}
}

// Set gives the field of a flag its value, as a flag or environment variable spells it; a list takes further values. source
// is what the error names: "--drain-delay", "ROUTOR_DRAIN_DELAY".
func (c *Config) Set(flag, source string, values ...string) error {
	err := fmt.Errorf("BUG: no option %q", flag)
	eachOption(reflect.ValueOf(c).Elem(), "", func(_ string, f reflect.StructField, target reflect.Value) {
		if f.Tag.Get("flag") == flag {
			err = setOption(target, f.Tag, source, values)
		}
	})
	return err
}

func setOption(target reflect.Value, tag reflect.StructTag, source string, values []string) error {
	if section, ok := target.Addr().Interface().(*Section); ok {
		*section = Section{File: Path(values[len(values)-1])}
		return nil
	}
	if target.Kind() == reflect.Slice {
		fresh := reflect.MakeSlice(target.Type(), len(values), len(values))
		for i, v := range values {
			if err := setOption(fresh.Index(i), tag, source, []string{v}); err != nil {
				return err
			}
		}
		target.Set(fresh)
		return nil
	}
	if target.Kind() == reflect.Pointer {
		fresh := reflect.New(target.Type().Elem())
		if err := setOption(fresh.Elem(), tag, source, values); err != nil {
			return err
		}
		target.Set(fresh)
		return nil
	}
	text := values[len(values)-1]
	err := set(target, text, "", tag)
	if err == nil {
		return nil
	}
	if target.Type() == reflect.TypeFor[Secret]() {
		text = "it"
	}
	var bound *boundError
	if errors.As(err, &bound) {
		return fmt.Errorf("%s: %q %s", source, text, bound.message)
	}
	expected, example := describe(target.Type(), tag)
	return fmt.Errorf("%s: expected %s, found %q; write for instance %s", source, expected, text, example)
}

func kindName(t reflect.Type) string {
	switch {
	case t == durationType:
		return "duration"
	case t == sizeType:
		return "size"
	case t == pathType, t == reflect.TypeFor[Section]():
		return "file"
	case t == tierType:
		return "tier"
	case t.Kind() == reflect.Bool:
		return "bool"
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64, t.Kind() == reflect.Float64:
		return "number"
	}
	return "text"
}
