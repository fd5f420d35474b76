package sdk

import (
	"fmt"

	"github.com/flawscope/flawscope/sdk/backbone"
)

// EmbeddedWeights returns ErrNoWeights: they would double what a browser downloads
// before it can show anything. Whoever builds for the browser fetches
// assets/compact/compact18.safetensors and gives it to LoadWeights.
func EmbeddedWeights(name string) (backbone.Weights, error) {
	return nil, fmt.Errorf("sdk: %w: those of %s are not built into a program for the browser", ErrNoWeights, name)
}
