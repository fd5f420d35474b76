package glsl

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// Define is one #define of a shader.
type Define struct{ Name, Value string }

// Int returns a define of a whole number.
func Int(name string, value int) Define { return Define{name, strconv.Itoa(value)} }

// Bool returns a define of 0 or 1.
func Bool(name string, value bool) Define {
	if value {
		return Define{name, "1"}
	}
	return Define{name, "0"}
}

// Float returns a define of exactly this float.
func Float(name string, value float64) Define { return Define{name, literal(value)} }

// Shape returns the defines NAME_N, NAME_C, NAME_H and NAME_W.
func Shape(name string, s tensor.Shape) []Define {
	var d []Define
	for i, axis := range []string{"_N", "_C", "_H", "_W"} {
		d = append(d, Int(name+axis, s[i]))
	}
	return d
}

// Attributes returns an operation's exported fields as defines: PadTop becomes
// PAD_TOP, true 1, a float32 its exact value, a shape four defines.
func Attributes(op kernels.Op) ([]Define, error) {
	var defines []Define
	v := reflect.ValueOf(op)
	for i := range v.NumField() {
		name, f := upperCase(v.Type().Field(i).Name), v.Field(i)
		if shape, ok := f.Interface().(tensor.Shape); ok {
			defines = append(defines, Shape(name, shape)...)
			continue
		}
		switch f.Kind() {
		case reflect.Int:
			defines = append(defines, Int(name, int(f.Int())))
		case reflect.Bool:
			defines = append(defines, Bool(name, f.Bool()))
		case reflect.Float32:
			defines = append(defines, Float(name, f.Float()))
		default:
			return nil, fmt.Errorf("%s: no define for the field %s of type %v", op.Name(), name, f.Type())
		}
	}
	return defines, nil
}

// literal writes a float exactly as GLSL reads it.
func literal(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return "(" + s + ")"
}

func upperCase(field string) string {
	var b strings.Builder
	for i, r := range field {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}
