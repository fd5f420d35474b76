package opengl

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// define is one #define of a shader.
type define struct{ name, value string }

func defineInt(name string, value int) define { return define{name, strconv.Itoa(value)} }

func defineShape(name string, s tensor.Shape) []define {
	var d []define
	for i, axis := range []string{"_N", "_C", "_H", "_W"} {
		d = append(d, defineInt(name+axis, s[i]))
	}
	return d
}

// attributes returns an operation's exported fields as defines: PadTop becomes
// PAD_TOP, true 1, a float32 its exact value, a shape four defines.
func attributes(op kernels.Op) ([]define, error) {
	var defines []define
	v := reflect.ValueOf(op)
	for i := range v.NumField() {
		name, f := upperCase(v.Type().Field(i).Name), v.Field(i)
		if shape, ok := f.Interface().(tensor.Shape); ok {
			defines = append(defines, defineShape(name, shape)...)
			continue
		}
		switch f.Kind() {
		case reflect.Int:
			defines = append(defines, defineInt(name, int(f.Int())))
		case reflect.Bool:
			value := 0
			if f.Bool() {
				value = 1
			}
			defines = append(defines, defineInt(name, value))
		case reflect.Float32:
			defines = append(defines, define{name, literal(f.Float())})
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
