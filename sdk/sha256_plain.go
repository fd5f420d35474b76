package sdk

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// plainSHA256 is SHA-256 (FIPS 180-4) as it stands there.
type plainSHA256 struct {
	state  [8]uint32
	rounds [64]uint32
	block  []byte // not yet taken in
	length uint64
}

const sha256Block = 64

func newPlainSHA256() *plainSHA256 {
	h := &plainSHA256{}
	n := 0
	for candidate := uint64(2); n < len(h.rounds); candidate++ {
		if !prime(candidate) {
			continue
		}
		// The constants are the first 32 bits of the fractions of roots of primes.
		if n < len(h.state) {
			h.state[n] = fraction(math.Sqrt(float64(candidate)))
		}
		h.rounds[n] = fraction(math.Cbrt(float64(candidate)))
		n++
	}
	return h
}

func fraction(v float64) uint32 { return uint32(uint64(v * (1 << 32))) }

func prime(n uint64) bool {
	for d := uint64(2); d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return true
}

// Write takes in b.
func (h *plainSHA256) Write(b []byte) (int, error) {
	n := len(b)
	h.length += uint64(n)
	if len(h.block) > 0 {
		most := min(sha256Block-len(h.block), len(b))
		h.block = append(h.block, b[:most]...)
		b = b[most:]
		if len(h.block) < sha256Block {
			return n, nil
		}
		h.take(h.block)
		h.block = h.block[:0]
	}
	for ; len(b) >= sha256Block; b = b[sha256Block:] {
		h.take(b)
	}
	h.block = append(h.block, b...)
	return n, nil
}

// Sum appends the hash of all that was written to b. Nothing may be written after.
func (h *plainSHA256) Sum(b []byte) []byte {
	length := h.length * 8
	padding := make([]byte, 1+(2*sha256Block-9-int(h.length%sha256Block))%sha256Block)
	padding[0] = 0x80
	h.Write(binary.BigEndian.AppendUint64(padding, length))
	for _, v := range h.state {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// take works one block in.
func (h *plainSHA256) take(block []byte) {
	var w [64]uint32
	for i := range 16 {
		w[i] = binary.BigEndian.Uint32(block[4*i:])
	}
	for i := 16; i < 64; i++ {
		a, b := w[i-15], w[i-2]
		w[i] = w[i-16] + w[i-7] +
			(bits.RotateLeft32(a, -7) ^ bits.RotateLeft32(a, -18) ^ a>>3) +
			(bits.RotateLeft32(b, -17) ^ bits.RotateLeft32(b, -19) ^ b>>10)
	}
	s := h.state
	for i := range w {
		a, e := s[0], s[4]
		t := s[7] + (bits.RotateLeft32(e, -6) ^ bits.RotateLeft32(e, -11) ^ bits.RotateLeft32(e, -25)) +
			(e&s[5] ^ ^e&s[6]) + h.rounds[i] + w[i]
		u := (bits.RotateLeft32(a, -2) ^ bits.RotateLeft32(a, -13) ^ bits.RotateLeft32(a, -22)) +
			(a&s[1] ^ a&s[2] ^ s[1]&s[2])
		s = [8]uint32{t + u, a, s[1], s[2], s[3] + t, e, s[5], s[6]}
	}
	for i := range s {
		h.state[i] += s[i]
	}
}
