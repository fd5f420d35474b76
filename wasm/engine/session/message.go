package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/flawscope/flawscope/kernels/device"
	"github.com/flawscope/flawscope/sdk"
	"github.com/flawscope/flawscope/sdk/picture"
)

// Protocol is the version of the messages; it grows when a message changes so
// that an older page would misunderstand it.
const Protocol = 1

// Request is a message to the engine. Which fields count depends on Kind.
type Request struct {
	ID   int
	Kind Kind
	// Device of Open is "auto", "webgl" or "cpu"; Canvas, where not nil, is drawn on.
	// NoTune takes default kernels instead of measuring which are fastest.
	Device string
	Canvas any
	NoTune bool
	// Name and Bytes are of Weights a backbone and its file, of Add a picture; Bytes
	// of Load a detector, of Inspect a picture.
	Name  string
	Bytes []byte
	// NoMap of Inspect leaves the map out of the answer.
	NoMap bool
	// Policy is of SetPolicy, and of Learn what the detector is then used with.
	Policy sdk.Policy
	// Learn and Pictures are of Learn; Pictures come after those of Add.
	Learn    LearnOptions
	Pictures []Picture
	// Target of Cancel is the request to give up.
	Target int
}

// Kind is what a request asks for.
type Kind string

// The kinds of requests.
const (
	Open      Kind = "open"     // a device; answered by Opened
	Weights   Kind = "weights"  // gives a backbone's; answered by nothing
	Load      Kind = "load"     // a detector; answered by Summary
	Compile   Kind = "compile"  // makes the detector ready, with Progress; answered by Summary
	Inspect   Kind = "inspect"  // answered by Inspection
	SetPolicy Kind = "policy"   // answered by sdk.Decision
	Add       Kind = "add"      // a picture to learn from; answered by Count
	Forget    Kind = "forget"   // the pictures of Add; answered by Count
	Learn     Kind = "learn"    // with Progress; answered by Learned
	Save      Kind = "save"     // answered by Saved
	Variants  Kind = "variants" // answered by Table
	Cancel    Kind = "cancel"   // at once; answered by Found
	Close     Kind = "close"    // frees everything; answered by nothing
)

// LearnOptions say how to learn. Zero is the default of each.
type LearnOptions struct {
	Backbone      string // "compact", or one whose weights were given
	Width, Height int    // of the prepared picture, multiples of 16
	Epochs        int
	Seed          uint32
}

// Picture is a picture file.
type Picture struct {
	Name  string
	Bytes []byte
}

// Reply is a message from the engine.
type Reply struct {
	ID    int // of the request, 0 for an event
	Kind  ReplyKind
	Value any // see Kind and ReplyKind
}

// ReplyKind says what a reply is. A request gets any number of ReplyProgress, then
// one ReplyDone or ReplyError.
type ReplyKind string

// The kinds of replies. Those from Ready on are events.
const (
	ReplyProgress ReplyKind = "progress" // Progress
	ReplyDone     ReplyKind = "done"
	ReplyError    ReplyKind = "error" // *Error
	EventReady    ReplyKind = "ready" // Started; the engine takes requests
	EventLost     ReplyKind = "lost"  // *Error; the device is gone, another is being opened
	EventRestored ReplyKind = "restored"
)

// Started introduces the engine.
type Started struct {
	Protocol int
	Learns   bool // built with learning
}

// Opened describes the device, as does EventRestored.
type Opened struct{ Device device.Info }

// Summary describes the detector in use.
type Summary struct {
	Backbone      string
	Width, Height int
	Training      sdk.Training
	Calibration   int // pictures
	Folds         int
	Decision      sdk.Decision
}

// Progress tells how far a request has come.
type Progress struct {
	// Phase is "compiling", "reading", "learning" or "calibrating"; Done and Total
	// count programs, pictures, steps, pictures. In any of them kernels may be measured
	// for the first time: "measuring", operations done, the total unknown and 0.
	Phase       string
	Done, Total int
	Fraction    float64
	Loss        float64
	Skipped     string // why a picture could not be used, with its name
}

// Inspection is what an inspection found. Regions are in pixels of the picture
// as it lies upright; the map lies on the prepared picture, of which Valid is the
// part that shows the picture.
type Inspection struct {
	sdk.Result
	Regions []picture.Region
	NoMap   bool
}

// Learned is a new detector, which is in use from now on, and its file.
type Learned struct {
	Summary Summary
	Bytes   []byte
}

// Saved is the file of the detector in use.
type Saved struct{ Bytes []byte }

// Table is what is known of the device's ways to run operations; see tune.Device.Text.
// It is empty where there is no choice, or NoTune.
type Table struct {
	Text     string
	Measured int // operations, since the device was opened; the others were remembered
}

// Count is the number of pictures that wait to be learned from.
type Count struct{ Pictures int }

// Found says whether there was a request to cancel.
type Found struct{ Found bool }

// Code names an error for programs. Codes are never renamed.
type Code string

// The codes.
const (
	CodeBadRequest   Code = "badRequest"   // the message makes no sense
	CodeNotOpen      Code = "notOpen"      // no device was opened
	CodeNoDetector   Code = "noDetector"   // none was loaded or learned
	CodeBadPicture   Code = "badPicture"   // no picture, or a damaged one
	CodeBadDetector  Code = "badDetector"  // no detector, or a damaged one
	CodeNewerVersion Code = "newerVersion" // a detector of a newer format
	CodeBadWeights   Code = "badWeights"   // no weights, or damaged ones
	CodeNeedWeights  Code = "needWeights"  // give them by Weights and ask again
	CodeTooFew       Code = "tooFew"       // good pictures
	CodeCancelled    Code = "cancelled"
	CodeLost         Code = "lost"        // the device is gone and none could be opened in its place; ask again
	CodeOutOfMemory  Code = "outOfMemory" // the device's memory does not suffice
	CodeUnsupported  Code = "unsupported" // not in this build, or not by this browser
	CodeInternal     Code = "internal"    // a fault of the engine's
)

// Error is an error with its code.
type Error struct {
	Code Code
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the error without its code.
func (e *Error) Unwrap() error { return e.Err }

func errorf(c Code, format string, a ...any) error { return &Error{c, fmt.Errorf(format, a...)} }

// coded gives an error the code that says what it is.
func coded(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	for _, known := range []struct {
		is   error
		code Code
	}{
		{context.Canceled, CodeCancelled},
		{device.ErrLost, CodeLost},
		{device.ErrOutOfMemory, CodeOutOfMemory},
		{sdk.ErrNewer, CodeNewerVersion},
		{sdk.ErrNoWeights, CodeNeedWeights},
		{sdk.ErrFormat, CodeBadDetector},
		{picture.ErrEmpty, CodeBadPicture},
		{picture.ErrFormat, CodeBadPicture},
		{picture.ErrTooLarge, CodeBadPicture},
		{picture.ErrTruncated, CodeBadPicture},
		{picture.ErrCorrupt, CodeBadPicture},
	} {
		if errors.Is(err, known.is) {
			return &Error{known.code, err}
		}
	}
	return &Error{CodeInternal, err}
}
