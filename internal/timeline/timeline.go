// Package timeline draws what the parts of a request took, as bars for a
// terminal.
package timeline

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Part is a stretch of time, counted from the beginning of everything.
type Part struct {
	Name          string
	Start, Length time.Duration
}

// Group is what belongs together, a hop or an attempt, under a line of text.
type Group struct {
	Title string
	Parts []Part
}

const (
	margin    = 24 // columns before the bars: the names and the times
	leastBars = 16
	// DefaultWidth is the columns of a line where nothing is said.
	DefaultWidth = 80
)

// Lines draws the groups below each other, all on one scale from zero to the
// last end. Width is in columns; 0: DefaultWidth; less than can be drawn: that.
// A part that was too short for the scale has one cell.
func Lines(groups []Group, width int) []string {
	if width <= 0 {
		width = DefaultWidth
	}
	cells := max(width-margin-2, leastBars)
	var end time.Duration
	for _, g := range groups {
		for _, p := range g.Parts {
			end = max(end, p.Start+p.Length)
		}
	}
	var lines []string
	for _, g := range groups {
		lines = append(lines, g.Title)
		for _, p := range g.Parts {
			lines = append(lines, fmt.Sprintf("  %-9s %10s  |%s|", p.Name, Text(p.Length), bar(p, end, cells)))
		}
	}
	if end > 0 {
		last := Text(end)
		gap := strings.Repeat(" ", max(cells-len("0")-utf8.RuneCountInString(last)+2, 1))
		lines = append(lines, strings.Repeat(" ", margin)+"0"+gap+last)
	}
	return lines
}

func bar(p Part, end time.Duration, cells int) string {
	from, to := 0, 0
	if end > 0 {
		from = int(int64(p.Start) * int64(cells) / int64(end))
		to = int((int64(p.Start+p.Length)*int64(cells) + int64(end) - 1) / int64(end))
	}
	from = min(from, cells-1)
	to = min(max(to, from+1), cells)
	return strings.Repeat(" ", from) + strings.Repeat("█", to-from) + strings.Repeat(" ", cells-to)
}

// Text is a time with as many digits as one can take in.
func Text(d time.Duration) string {
	switch {
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	case d < 10*time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
