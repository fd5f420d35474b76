package json

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// AppendString appends s as a JSON string that is also safe inside HTML.
func AppendString(to []byte, s string) []byte {
	const hex = "0123456789abcdef"
	to = append(to, '"')
	for _, c := range s { // what is no UTF-8 comes as utf8.RuneError
		switch c {
		case '"', '\\':
			to = append(to, '\\', byte(c))
		case '\b':
			to = append(to, `\b`...)
		case '\f':
			to = append(to, `\f`...)
		case '\n':
			to = append(to, `\n`...)
		case '\r':
			to = append(to, `\r`...)
		case '\t':
			to = append(to, `\t`...)
		case '<', '>', '&', '\u2028', '\u2029':
			to = append(to, '\\', 'u', hex[c>>12], hex[c>>8&15], hex[c>>4&15], hex[c&15])
		default:
			if c < ' ' {
				to = append(to, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			} else {
				to = utf8.AppendRune(to, c)
			}
		}
	}
	return append(to, '"')
}

// AppendFloat appends a finite number, in the fewest digits that read back as
// the same, with an exponent where ECMAScript has one.
func AppendFloat(to []byte, v float64) []byte {
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	from := len(to)
	to = strconv.AppendFloat(to, v, format, -1, 64)
	// ECMAScript writes 1e-9, strconv 1e-09.
	if n := len(to); format == 'e' && n-from >= 4 && to[n-4] == 'e' && to[n-3] == '-' && to[n-2] == '0' {
		to[n-2] = to[n-1]
		to = to[:n-1]
	}
	return to
}
