package method

// multiplyPlainly returns the product of a (rows, inner) and b (inner, columns),
// both row by row, in float64.
func multiplyPlainly(a, b []float32, rows, inner, columns int) []float64 {
	product := make([]float64, rows*columns)
	for i := range rows {
		sum := product[i*columns : (i+1)*columns]
		for k := range inner {
			factor := float64(a[i*inner+k])
			for j, v := range b[k*columns : (k+1)*columns] {
				sum[j] += factor * float64(v)
			}
		}
	}
	return product
}
