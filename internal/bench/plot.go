package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
)

const (
	panelWidth, panelHeight = 360.0, 240.0
	margin                  = 56.0
)

// plot draws each series in a panel of its own, both axes logarithmic, so that
// linear growth is a line of slope one and what does not grow is flat. The
// dashed line is linear growth from the last point back.
func plot(all []series, lines [][]point) []byte {
	var b bytes.Buffer
	rows := (len(all) + 1) / 2
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="system-ui, sans-serif" font-size="12">`+"\n",
		2*panelWidth, float64(rows)*panelHeight)
	b.WriteString(`<rect width="100%" height="100%" fill="#fff"/>` + "\n")
	for i, s := range all {
		fmt.Fprintf(&b, `<g transform="translate(%.0f %.0f)">`+"\n", float64(i%2)*panelWidth, float64(i/2)*panelHeight)
		panel(&b, s, lines[i])
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func panel(b *bytes.Buffer, s series, line []point) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range line {
		low, high = min(low, p.cost), max(high, p.cost)
	}
	bottom, top := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high)+0.01)
	first, last := math.Log10(float64(line[0].size)), math.Log10(float64(line[len(line)-1].size))
	x := func(size float64) float64 {
		return margin + (math.Log10(size)-first)/(last-first)*(panelWidth-margin-20)
	}
	y := func(cost float64) float64 {
		return panelHeight - 40 - (math.Log10(cost)-bottom)/(top-bottom)*(panelHeight-76)
	}
	fmt.Fprintf(b, `<text x="%.0f" y="22" font-weight="600">%s</text>`+"\n", margin, html.EscapeString(s.name))
	for power := bottom; power <= top; power++ {
		at := y(math.Pow(10, power))
		fmt.Fprintf(b, `<line x1="%.0f" x2="%.0f" y1="%.1f" y2="%.1f" stroke="#ddd"/><text x="%.0f" y="%.1f" text-anchor="end" fill="#555">%s</text>`+"\n",
			margin, panelWidth-20, at, at, margin-6, at+4, duration(math.Pow(10, power)))
	}
	path, end := "", line[len(line)-1]
	for _, p := range line {
		at := x(float64(p.size))
		path += fmt.Sprintf("%.1f,%.1f ", at, y(p.cost))
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" fill="#1f6feb"/><text x="%.1f" y="%.0f" text-anchor="middle" fill="#555">%s</text>`+"\n",
			at, y(p.cost), at, panelHeight-22, number(p.size))
	}
	// Linear growth, as far down as the panel goes.
	from := max(float64(line[0].size), float64(end.size)*math.Pow(10, bottom)/end.cost)
	fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#999" stroke-dasharray="4 4"/>`+"\n",
		x(from), y(end.cost*from/float64(end.size)), x(float64(end.size)), y(end.cost))
	fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="#1f6feb" stroke-width="2"/>`+"\n", path)
	fmt.Fprintf(b, `<text x="%.0f" y="%.0f" text-anchor="end" fill="#555">%s</text>`+"\n", panelWidth-20, panelHeight-6, html.EscapeString(s.unit))
}

// duration says microseconds shortly.
func duration(us float64) string {
	switch {
	case us >= 1e6:
		return fmt.Sprintf("%g s", us/1e6)
	case us >= 1e3:
		return fmt.Sprintf("%g ms", us/1e3)
	}
	return fmt.Sprintf("%g µs", us)
}

func number(n int) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%dM", n/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%dk", n/1e3)
	}
	return fmt.Sprint(n)
}
