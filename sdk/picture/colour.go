package picture

import "image/color"

// ColourMap names a scale of colours.
type ColourMap int

const (
	// Turbo goes from dark blue through green and yellow to dark red; small
	// differences stand out.
	Turbo ColourMap = iota
	// Viridis goes from dark violet through green to yellow, evenly to the eye
	// and in grayscale too.
	Viridis
)

// anchors are samples of the published tables at even distances, between which
// colours are interpolated, within 7 levels of 255 of the tables: viridis by
// van der Walt and Smith (CC0), turbo by Mikhailov (2019).
func (c ColourMap) anchors() [17][3]uint8 {
	if c == Viridis {
		return [17][3]uint8{
			{68, 1, 84}, {72, 24, 106}, {71, 45, 123}, {66, 64, 134}, {59, 82, 139}, {51, 99, 141},
			{44, 114, 142}, {38, 129, 142}, {33, 144, 140}, {31, 159, 136}, {40, 174, 128}, {62, 188, 116},
			{93, 201, 99}, {130, 211, 76}, {171, 220, 50}, {213, 226, 26}, {253, 231, 37},
		}
	}
	return [17][3]uint8{
		{48, 18, 59}, {64, 64, 161}, {70, 107, 227}, {66, 147, 255}, {41, 187, 236}, {24, 220, 195},
		{49, 242, 153}, {107, 253, 100}, {163, 253, 60}, {204, 237, 52}, {237, 208, 58}, {253, 174, 53},
		{251, 128, 34}, {236, 82, 15}, {210, 49, 5}, {172, 23, 1}, {122, 4, 3},
	}
}

// At returns the opaque colour at t, which is clamped to 0..1.
func (c ColourMap) At(t float32) color.RGBA {
	table := c.anchors()
	position := min(max(t, 0), 1) * float32(len(table)-1)
	i := min(int(position), len(table)-2)
	f := position - float32(i)
	mix := func(channel int) uint8 {
		a, b := float32(table[i][channel]), float32(table[i+1][channel])
		return uint8(a + f*(b-a) + 0.5)
	}
	return color.RGBA{R: mix(0), G: mix(1), B: mix(2), A: 255}
}
