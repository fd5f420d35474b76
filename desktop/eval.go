package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"

	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/dataset"
	"github.com/flawscope/flawscope/sdk/metric"
	"github.com/flawscope/flawscope/sdk/picture"
	"github.com/spf13/cobra"
)

func newEval(c *console) *cobra.Command {
	var data string
	var where deviceFlags
	var asJSON bool
	command := &cobra.Command{
		Use:   "eval DETECTOR --data DIR",
		Short: "Measure a detector on labelled pictures",
		Long: `Eval judges the test pictures of a data set (MVTec AD layout, or folders good and
bad) and prints the metrics, at the detector's picture size, padding left out, a
mask's pixel a defect from one half on. Nothing of the detector is changed.`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			m, err := eval(command.Context(), c, args[0], data, where)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(c.out).Encode(m)
			}
			return m.print(c)
		},
	}
	command.Flags().StringVar(&data, "data", "", "folder of the data set")
	where.add(command)
	command.Flags().BoolVar(&asJSON, "json", false, "write one JSON object")
	if err := command.MarkFlagRequired("data"); err != nil {
		panic(err)
	}
	return command
}

// measures are a detector's metrics on a test set. Pixel metrics are nil without
// masks.
type measures struct {
	Good        int      `json:"good"`
	Bad         int      `json:"bad"`
	Failed      int      `json:"not_judged"`
	ImageAUROC  float64  `json:"image_auroc"`
	ImageAP     float64  `json:"image_ap"`
	ImageF1Max  float64  `json:"image_f1_max"`
	PixelAUROC  *float64 `json:"pixel_auroc"`
	PixelAP     *float64 `json:"pixel_ap"`
	AUPRO30     *float64 `json:"aupro_0.3"`
	AUPRO05     *float64 `json:"aupro_0.05"`
	EmptyMasks  int      `json:"bad_without_mask"` // left out of the pixel metrics
	FalseReject float64  `json:"stated_false_reject"`
	Rejected    float64  `json:"good_rejected"` // share
	Recall      float64  `json:"bad_rejected"`  // share
}

func eval(ctx context.Context, c *console, detector, data string, where deviceFlags) (*measures, error) {
	dev, err := where.open(ctx, c)
	if err != nil {
		return nil, err
	}
	defer dev.Close()
	d, err := sdk.Open(detector)
	if err != nil {
		return nil, err
	}
	inspector, err := d.OnContext(ctx, dev, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", detector, err)
	}
	defer inspector.Close()
	root, err := os.OpenRoot(data)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	set, err := dataset.Load(root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", data, err)
	}
	for _, p := range set.Problems {
		c.log.Warn("passed over", "file", p.Path, "reason", p.Err)
	}
	jobs := make([]job, len(set.Test))
	for i, p := range set.Test {
		jobs[i] = job{name: p.Path, short: p.Path, read: func() ([]byte, error) { return fs.ReadFile(set.FS, p.Path) }}
	}
	e := evaluation{set: set}
	if e.preparer, err = picture.NewPreparer(d.Preparation); err != nil {
		return nil, err
	}
	show := newProgress(c.err, "inspecting", "pictures", 0, len(jobs))
	done := 0
	err = judge(ctx, inspector, jobs, func(o outcome) error {
		p := set.Test[done]
		done++
		show.set(done)
		if o.err != nil {
			show.clear()
			c.log.Warn("not judged", "file", o.name, "reason", o.err)
			e.failed++
			return nil
		}
		return e.add(p, o.result)
	})
	show.clear()
	if err != nil {
		return nil, err
	}
	return e.measure(inspector.Decision())
}

// evaluation gathers scores and pixels.
type evaluation struct {
	set      *dataset.Set
	preparer *picture.Preparer
	scores   []float64
	bad      []bool
	rejected []bool
	pixels   metric.Pixels
	failed   int
}

func (e *evaluation) add(p dataset.Picture, r sdk.Result) error {
	e.scores = append(e.scores, r.Score)
	e.bad = append(e.bad, p.Bad)
	e.rejected = append(e.rejected, r.Verdict == picture.Reject)
	canvas := r.Map.Fit.Canvas
	m := metric.Map{Width: canvas.X, Height: canvas.Y, Scores: r.Map.Values, Bad: p.Bad, Valid: make([]bool, canvas.X*canvas.Y)}
	valid := r.Map.Fit.Valid()
	for y := valid.Min.Y; y < valid.Max.Y; y++ {
		for x := valid.Min.X; x < valid.Max.X; x++ {
			m.Valid[y*canvas.X+x] = true
		}
	}
	if p.Mask != "" {
		var err error
		if m.Defect, err = e.mask(p, r.Map.Fit); err != nil {
			return fmt.Errorf("%s: %w", p.Mask, err)
		}
	}
	return e.pixels.Add(m)
}

func (e *evaluation) mask(p dataset.Picture, fit picture.Fit) ([]bool, error) {
	b, err := fs.ReadFile(e.set.FS, p.Mask)
	if err != nil {
		return nil, err
	}
	img, err := picture.Decode(b, picture.Limits{})
	if err != nil {
		return nil, err
	}
	defect := make([]bool, fit.Canvas.X*fit.Canvas.Y)
	of, err := e.preparer.Mask(defect, img)
	if err == nil && of != fit {
		err = fmt.Errorf("a mask of %v pixels for a picture of %v", of.Picture, fit.Picture)
	}
	return defect, err
}

func (e *evaluation) measure(d sdk.Decision) (*measures, error) {
	m := &measures{Failed: e.failed, FalseReject: d.FalseReject}
	for _, bad := range e.bad {
		if bad {
			m.Bad++
		} else {
			m.Good++
		}
	}
	var f1 metric.F1
	for _, step := range []func() error{
		func() (err error) { m.ImageAUROC, err = metric.AUROC(e.scores, e.bad); return },
		func() (err error) { m.ImageAP, err = metric.AveragePrecision(e.scores, e.bad); return },
		func() (err error) { f1, err = metric.F1Max(e.scores, e.bad); return },
		func() (err error) { m.Rejected, err = metric.FalseRejectRate(e.rejected, e.bad); return },
		func() (err error) { m.Recall, err = metric.Recall(e.rejected, e.bad); return },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	m.ImageF1Max, m.EmptyMasks = f1.Value, e.pixels.LeftOut
	if _, defective := e.pixels.Len(); defective == 0 {
		return m, nil
	}
	for _, of := range []struct {
		to      **float64
		measure func() (float64, error)
	}{
		{&m.PixelAUROC, e.pixels.AUROC},
		{&m.PixelAP, e.pixels.AveragePrecision},
		{&m.AUPRO30, func() (float64, error) { return e.pixels.AUPRO(0.3) }},
		{&m.AUPRO05, func() (float64, error) { return e.pixels.AUPRO(0.05) }},
	} {
		value, err := of.measure()
		if err != nil {
			return nil, err
		}
		*of.to = &value
	}
	return m, nil
}

func (m *measures) print(c *console) error {
	pixel := func(v *float64) string {
		if v == nil {
			return "no masks"
		}
		return fmt.Sprintf("%.4f", *v)
	}
	_, err := fmt.Fprintf(c.out, `test pictures         %d good, %d defective, %d not judged
image AUROC           %.4f
image AP              %.4f
image F1-max          %.4f
pixel AUROC           %s
pixel AP              %s
AUPRO@0.3             %s
AUPRO@0.05            %s
left out of pixels    %d defective pictures without a mask
good ones rejected    %.4f at a stated rate of %.4f
defects rejected      %.4f
`, m.Good, m.Bad, m.Failed, m.ImageAUROC, m.ImageAP, m.ImageF1Max,
		pixel(m.PixelAUROC), pixel(m.PixelAP), pixel(m.AUPRO30), pixel(m.AUPRO05),
		m.EmptyMasks, m.Rejected, m.FalseReject, m.Recall)
	return err
}
