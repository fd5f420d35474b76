//go:build !js

package method

import "gonum.org/v1/gonum/mat"

// multiply is multiplyPlainly on all cores.
func multiply(a, b []float32, rows, inner, columns int) []float64 {
	var product mat.Dense
	product.Mul(widen(rows, inner, a), widen(inner, columns, b))
	return product.RawMatrix().Data
}

func widen(rows, columns int, data []float32) *mat.Dense {
	wide := make([]float64, len(data))
	for i, v := range data {
		wide[i] = float64(v)
	}
	return mat.NewDense(rows, columns, wide)
}
