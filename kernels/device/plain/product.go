package plain

import (
	"github.com/flawscope/flawscope/kernels"
	"github.com/flawscope/flawscope/kernels/tensor"
)

// The block of sums that are kept in registers, and the columns gathered at a time.
const (
	blockRows    = 4
	blockColumns = 2
	tileColumns  = 32
)

// product is an operation as products of matrices, one per picture and group:
// sums[row][column] = Σ_k left[row][k]·right[k][column].
type product struct {
	yield func()
	// many products of these sizes
	many, rows, columns, depth int
	left, right                matrix
	// finish stores a sum.
	finish func(out, in []*tensor.Tensor, one, row, column int, sum float32)

	panel, tile []float32 // all of left, a tile of right, in blocks
}

// matrix gathers one row of a product's left side or one column of its right:
// element k goes to to[k·step].
type matrix func(in []*tensor.Tensor, one, at int, to []float32, step int)

// newProduct returns nil for an operation that is none.
func newProduct(op kernels.Op, in []tensor.Shape, yield func()) *product {
	p := &product{yield: yield}
	switch o := op.(type) {
	case kernels.Conv2D:
		p.conv(o, in)
	case kernels.Linear:
		p.linear(o, in)
	case kernels.LinearWeightGradient:
		p.weightGradient(in)
	default:
		return nil
	}
	p.panel = make([]float32, (p.rows+blockRows-1)/blockRows*blockRows*p.depth)
	p.tile = make([]float32, tileColumns*p.depth)
	return p
}

func (p *product) conv(o kernels.Conv2D, in []tensor.Shape) {
	x, w := in[0], in[1]
	width := (x[3]+o.PadLeft+o.PadRight-o.Dilation*(o.Kernel-1)-1)/o.Stride + 1
	height := (x[2]+o.PadTop+o.PadBottom-o.Dilation*(o.Kernel-1)-1)/o.Stride + 1
	p.many, p.rows, p.columns, p.depth = x[0]*o.Groups, w[0]/o.Groups, height*width, w[1]*o.Kernel*o.Kernel
	p.left = func(in []*tensor.Tensor, one, row int, to []float32, step int) {
		from := (one%o.Groups*p.rows + row) * p.depth
		for k, v := range in[1].Data[from : from+p.depth] {
			to[k*step] = v
		}
	}
	p.right = func(in []*tensor.Tensor, one, column int, to []float32, step int) {
		plane := x[2] * x[3]
		from := one * w[1] * plane // groups follow each other as pictures do
		top, left := column/width*o.Stride-o.PadTop, column%width*o.Stride-o.PadLeft
		at := 0
		for c := range w[1] {
			data := in[0].Data[from+c*plane : from+(c+1)*plane]
			for u := range o.Kernel {
				y := top + u*o.Dilation
				for v := range o.Kernel {
					to[at] = 0
					if xx := left + v*o.Dilation; uint(y) < uint(x[2]) && uint(xx) < uint(x[3]) {
						to[at] = data[y*x[3]+xx]
					}
					at += step
				}
			}
		}
	}
	p.finish = func(out, in []*tensor.Tensor, one, row, column int, sum float32) {
		at := (one*p.rows+row)*p.columns + column
		if o.Bias {
			sum += in[2].Data[one%o.Groups*p.rows+row]
		}
		if o.Residual {
			sum += in[len(in)-1].Data[at]
		}
		out[0].Data[at] = activate(o.Activation, sum, o.Slope)
	}
}

func (p *product) linear(o kernels.Linear, in []tensor.Shape) {
	x, w := in[0], in[1]
	p.many, p.rows, p.columns, p.depth = x[0], w[0], x[2]*x[3], x[1]
	if o.Transposed {
		p.rows = w[1]
	}
	p.left = func(in []*tensor.Tensor, _, row int, to []float32, step int) {
		for k := range p.depth {
			if o.Transposed {
				to[k*step] = in[1].Data[k*p.rows+row]
			} else {
				to[k*step] = in[1].Data[row*p.depth+k]
			}
		}
	}
	p.right = func(in []*tensor.Tensor, one, column int, to []float32, step int) {
		data := in[0].Data[one*p.depth*p.columns+column:]
		for k := range p.depth {
			to[k*step] = data[k*p.columns]
		}
	}
	p.finish = func(out, in []*tensor.Tensor, one, row, column int, sum float32) {
		if o.Bias {
			sum += in[2].Data[row]
		}
		out[0].Data[(one*p.rows+row)*p.columns+column] = activate(o.Activation, sum, o.Slope)
	}
}

func (p *product) weightGradient(in []tensor.Shape) {
	x, dy := in[0], in[1]
	plane := x[2] * x[3]
	p.many, p.rows, p.columns, p.depth = 1, dy[1], x[1], x[0]*plane
	channel := func(input, channels int) matrix {
		return func(in []*tensor.Tensor, _, at int, to []float32, step int) {
			for n := range x[0] {
				from := (n*channels + at) * plane
				for k, v := range in[input].Data[from : from+plane] {
					to[(n*plane+k)*step] = v
				}
			}
		}
	}
	p.left, p.right = channel(1, dy[1]), channel(0, x[1])
	p.finish = func(out, _ []*tensor.Tensor, _, row, column int, sum float32) {
		out[0].Data[row*p.columns+column] = sum
	}
}

// activate is a.Of for the two that networks have most.
func activate(a kernels.Activation, v, slope float32) float32 {
	switch a {
	case kernels.Identity:
		return v
	case kernels.ReLU:
		return max(v, 0)
	}
	return float32(a.Of(float64(v), float64(slope)))
}

func (p *product) run(out, in []*tensor.Tensor) {
	clear(p.panel)
	for one := range p.many {
		for row := range p.rows {
			p.left(in, one, row, p.panel[row/blockRows*blockRows*p.depth+row%blockRows:], blockRows)
		}
		for from := 0; from < p.columns; from += tileColumns {
			columns := min(tileColumns, p.columns-from)
			for c := range columns {
				p.right(in, one, from+c, p.tile[c/blockColumns*blockColumns*p.depth+c%blockColumns:], blockColumns)
			}
			for row := 0; row < p.rows; row += blockRows {
				left := p.panel[row*p.depth : (row+blockRows)*p.depth]
				for c := 0; c < columns; c += blockColumns {
					sums := block(left, p.tile[c*p.depth:(c+blockColumns)*p.depth])
					for i := range min(blockRows, p.rows-row) {
						for j := range min(blockColumns, columns-c) {
							p.finish(out, in, one, row+i, from+c+j, sums[i*blockColumns+j])
						}
					}
				}
			}
			p.yield()
		}
	}
}

// block returns the sums of four rows and two columns.
func block(left, right []float32) [blockRows * blockColumns]float32 {
	var a, b, c, d, e, f, g, h float32
	for len(left) >= blockRows && len(right) >= blockColumns {
		l, r := left[:blockRows], right[:blockColumns]
		x, y := r[0], r[1]
		a, b = a+l[0]*x, b+l[0]*y
		c, d = c+l[1]*x, d+l[1]*y
		e, f = e+l[2]*x, f+l[2]*y
		g, h = g+l[3]*x, h+l[3]*y
		left, right = left[blockRows:], right[blockColumns:]
	}
	return [blockRows * blockColumns]float32{a, b, c, d, e, f, g, h}
}
