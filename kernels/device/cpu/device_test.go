package cpu

import (
	"fmt"
	"testing"

	"github.com/flawscope/flawscope/kernels/device/devicetest"
)

func TestDevice(t *testing.T) {
	for level := Plain; level <= bestLevel(); level++ {
		for _, workers := range []int{1, 3} {
			if workers == 1 && level != bestLevel() {
				continue
			}
			t.Run(fmt.Sprintf("%v %d", level, workers), func(t *testing.T) {
				d, err := Open(Options{Level: level, Workers: workers})
				if err != nil {
					t.Fatal(err)
				}
				defer d.Close()
				devicetest.Run(t, d)
			})
		}
	}
}
