package main

import (
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"
)

// newLog returns a logger of warnings for people: without the time.
func newLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
}

// isTerminal says whether w is a screen that a line can be drawn again on.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb"
}

// paint colours a word where w is a terminal, unless NO_COLOR asks for none.
func paint(w io.Writer, code, word string) string {
	if !isTerminal(w) || os.Getenv("NO_COLOR") != "" {
		return word
	}
	return "\x1b[" + code + "m" + word + "\x1b[0m"
}

const (
	green  = "32"
	red    = "1;31"
	yellow = "33"
)
