// Package json reads and writes the little JSON that model files hold, as
// RFC 8259 has it. encoding/json does the same by reflection, which would make up
// a seventh of what a browser downloads; the tests hold this package to it.
package json

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Reader walks one JSON text from value to value; whoever asks says what the
// next value should be. Keys that repeat are all shown.
type Reader struct {
	text  []byte
	at    int
	depth int
}

// maxDepth is how deep objects and arrays may be nested.
const maxDepth = 100

// NewReader returns a reader of text.
func NewReader(text []byte) *Reader { return &Reader{text: text} }

// Object reads an object and calls field after every key, to read its value.
func (r *Reader) Object(field func(key string) error) error {
	return r.list('{', '}', func() error {
		key, err := r.String()
		if err == nil {
			err = r.expect(':')
		}
		if err != nil {
			return err
		}
		return field(key)
	})
}

// Array reads an array and calls element before every element, to read it.
func (r *Reader) Array(element func() error) error { return r.list('[', ']', element) }

func (r *Reader) list(open, end byte, one func() error) error {
	if err := r.expect(open); err != nil {
		return err
	}
	if r.depth++; r.depth > maxDepth {
		return fmt.Errorf("more than %d objects and arrays in each other", maxDepth)
	}
	defer func() { r.depth-- }()
	if r.next() == end {
		r.at++
		return nil
	}
	for {
		if err := one(); err != nil {
			return err
		}
		if r.next() != ',' {
			return r.expect(end)
		}
		r.at++
	}
}

// String reads a string.
func (r *Reader) String() (string, error) {
	if r.next() != '"' {
		return "", r.unexpected("a string")
	}
	r.at++
	var s []byte
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case c == '"':
			r.at++
			return string(s), nil
		case c == '\\':
			var err error
			if s, err = r.escape(s); err != nil {
				return "", err
			}
		case c < ' ':
			return "", r.unexpected("a character of a string")
		default:
			_, size := utf8.DecodeRune(r.text[r.at:])
			if size == 1 && c >= utf8.RuneSelf {
				s = utf8.AppendRune(s, utf8.RuneError)
			} else {
				s = append(s, r.text[r.at:r.at+size]...)
			}
			r.at += size
		}
	}
	return "", errors.New("a string that does not end")
}

// escape appends what the escape sequence at the reader's place stands for.
func (r *Reader) escape(s []byte) ([]byte, error) {
	const short = `"\/bfnrt`
	const meant = "\"\\/\b\f\n\r\t"
	if r.at+1 < len(r.text) {
		for i := range len(short) {
			if r.text[r.at+1] == short[i] {
				r.at += 2
				return append(s, meant[i]), nil
			}
		}
	}
	c, ok := r.unit()
	if !ok {
		return nil, r.unexpected("an escape sequence")
	}
	r.at += 6
	if utf16.IsSurrogate(c) {
		second, _ := r.unit()
		if c = utf16.DecodeRune(c, second); c != utf8.RuneError {
			r.at += 6
		}
	}
	return utf8.AppendRune(s, c), nil
}

// unit returns the UTF-16 unit of the \uXXXX at the reader's place.
func (r *Reader) unit() (rune, bool) {
	if r.at+6 > len(r.text) || r.text[r.at] != '\\' || r.text[r.at+1] != 'u' {
		return 0, false
	}
	var v rune
	for _, c := range r.text[r.at+2 : r.at+6] {
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | rune(c-'0')
		case c|' ' >= 'a' && c|' ' <= 'f':
			v = v<<4 | rune(c|' '-'a'+10)
		default:
			return 0, false
		}
	}
	return v, true
}

// Int reads a whole number.
func (r *Reader) Int() (int64, error) {
	text, err := r.number()
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%.40s where a whole number belongs", text)
	}
	return v, nil
}

// Float reads a number.
func (r *Reader) Float() (float64, error) {
	text, err := r.number()
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%.40s is no number that can be held", text)
	}
	return v, nil
}

// number returns the text of a number: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func (r *Reader) number() (string, error) {
	r.next()
	from := r.at
	r.skip("-")
	ok := r.skip("0") || r.digits()
	if r.skip(".") {
		ok = r.digits() && ok
	}
	if r.skip("eE") {
		r.skip("+-")
		ok = r.digits() && ok
	}
	if !ok {
		r.at = from
		return "", r.unexpected("a number")
	}
	return string(r.text[from:r.at]), nil
}

// skip passes over one of the characters, if it is there.
func (r *Reader) skip(any string) bool {
	for i := range len(any) {
		if r.at < len(r.text) && r.text[r.at] == any[i] {
			r.at++
			return true
		}
	}
	return false
}

func (r *Reader) digits() bool {
	from := r.at
	for r.skip("0123456789") {
	}
	return r.at > from
}

// Bool reads true or false.
func (r *Reader) Bool() (bool, error) {
	switch {
	case r.word("true"):
		return true, nil
	case r.word("false"):
		return false, nil
	}
	return false, r.unexpected("true or false")
}

// Null passes over null, if that is the next value.
func (r *Reader) Null() bool { return r.word("null") }

func (r *Reader) word(w string) bool {
	r.next()
	if len(r.text)-r.at < len(w) || string(r.text[r.at:r.at+len(w)]) != w {
		return false
	}
	r.at += len(w)
	return true
}

// Skip passes over one value of any kind.
func (r *Reader) Skip() error {
	var err error
	switch r.next() {
	case '{':
		return r.Object(func(string) error { return r.Skip() })
	case '[':
		return r.Array(r.Skip)
	case '"':
		_, err = r.String()
	case 't', 'f':
		_, err = r.Bool()
	case 'n':
		if !r.Null() {
			err = r.unexpected("a value")
		}
	default:
		_, err = r.number()
	}
	return err
}

// End makes sure that nothing follows but white space.
func (r *Reader) End() error {
	if r.next(); r.at < len(r.text) {
		return r.unexpected("the end")
	}
	return nil
}

// Rest is what has not been read.
func (r *Reader) Rest() []byte { return r.text[r.at:] }

// next passes over white space and returns the character after it, 0 at the end.
func (r *Reader) next() byte {
	for r.skip(" \t\r\n") {
	}
	if r.at == len(r.text) {
		return 0
	}
	return r.text[r.at]
}

func (r *Reader) expect(c byte) error {
	if r.next() != c || r.at == len(r.text) {
		return r.unexpected(strconv.Quote(string(rune(c))))
	}
	r.at++
	return nil
}

func (r *Reader) unexpected(want string) error {
	if r.at == len(r.text) {
		return fmt.Errorf("it ends where %s belongs", want)
	}
	return fmt.Errorf("%.40q where %s belongs", r.text[r.at:min(len(r.text), r.at+40)], want)
}
