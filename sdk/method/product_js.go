package method

// multiply is gonum's elsewhere; a program that is downloaded does without it.
func multiply(a, b []float32, rows, inner, columns int) []float64 {
	return multiplyPlainly(a, b, rows, inner, columns)
}
