package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/kernels/device/tune"
)

// variantTable is what is remembered of a device.
type variantTable struct {
	Device     string             `json:"device"`
	Renderer   string             `json:"renderer"`
	Detail     string             `json:"detail"`
	Operations []variantOperation `json:"operations"`
}

type variantOperation struct {
	Operation string    `json:"operation"`
	Chosen    string    `json:"chosen"`
	Variants  []variant `json:"variants"` // the default first
}

type variant struct {
	Name string   `json:"name"`
	MS   *float64 `json:"ms"` // null when it does not run here
}

// showVariants prints what is remembered of every device.
func showVariants(ctx context.Context, c *console, asJSON bool) error {
	tables := []variantTable{}
	for _, name := range deviceNames {
		dev, err := openDevice(ctx, name)
		if err != nil {
			if !asJSON {
				fmt.Fprintf(c.out, "%-9s not available: %v\n", name, err)
			}
			continue
		}
		t := newVariantTable(dev)
		if err := dev.Close(); err != nil {
			return err
		}
		tables = append(tables, t)
		if !asJSON {
			t.print(c)
		}
	}
	if !asJSON {
		return nil
	}
	return json.NewEncoder(c.out).Encode(tables)
}

func newVariantTable(dev device.Device) variantTable {
	i := dev.Info()
	t := variantTable{Device: i.Name, Renderer: i.Renderer, Detail: i.Detail, Operations: []variantOperation{}}
	varied, ok := dev.(device.Varied)
	if !ok {
		return t
	}
	for _, e := range tune.New(varied, tune.Options{Store: tune.UserCache()}).Entries() {
		o := variantOperation{Operation: e.Operation, Chosen: e.Chosen()}
		for _, timing := range e.Timings {
			v := variant{Name: timing.Variant}
			if timing.Time > 0 {
				ms := float64(timing.Time) / 1e6
				v.MS = &ms
			}
			o.Variants = append(o.Variants, v)
		}
		t.Operations = append(t.Operations, o)
	}
	return t
}

func (t variantTable) print(c *console) {
	fmt.Fprintf(c.out, "%-9s %s\n          %s\n", t.Device, t.Renderer, t.Detail)
	if len(t.Operations) == 0 {
		fmt.Fprintln(c.out, "          nothing was measured yet")
	}
	for _, o := range t.Operations {
		fmt.Fprintf(c.out, "  %s\n", o.Operation)
		for i, v := range o.Variants {
			ms, note := "does not run", ""
			if v.MS != nil {
				ms = fmt.Sprintf("%9.3f ms", *v.MS)
			}
			if i == 0 {
				note = "  default"
			}
			if v.Name == o.Chosen {
				note += "  taken"
			}
			fmt.Fprintf(c.out, "    %12s  %s%s\n", ms, v.Name, note)
		}
	}
}
