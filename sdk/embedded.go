//go:build !js

package sdk

import (
	"bytes"
	"fmt"

	"github.com/flawscope/flawscope/assets"
	"github.com/flawscope/flawscope/sdk/backbone"
)

// EmbeddedWeights returns the weights that are built into the program, those of
// compact. A program for the browser has none.
func EmbeddedWeights(name string) (backbone.Weights, error) {
	if name != embedded {
		return nil, fmt.Errorf("sdk: %w: the weights of %s are not built in; give a file of them", ErrNoWeights, name)
	}
	return LoadWeights(bytes.NewReader(assets.Compact()))
}
