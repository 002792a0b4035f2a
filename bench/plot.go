package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// readSummary reads a summary, or a peer's bare figures ("figures": {NAME: NUMBER}).
func readSummary(path string) (*Summary, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Summary
		Figures map[string]float64 `json:"figures"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for name, value := range file.Figures {
		scenario, metric, _ := strings.Cut(name, "/")
		if file.Scenarios == nil {
			file.Scenarios = map[string]*ScenarioSummary{}
		}
		s := file.Scenarios[scenario]
		if s == nil {
			s = &ScenarioSummary{Metrics: map[string]*Spread{}}
			file.Scenarios[scenario] = s
		}
		s.Metrics[metric] = &Spread{Median: value, Min: value, Max: value}
	}
	return &file.Summary, nil
}

// runPlot draws how a figure grows with its scenario's size, a line a file.
func runPlot(args []string) error {
	fs := flag.NewFlagSet("bench plot", flag.ExitOnError)
	metric := fs.String("metric", "idle/cpu_us_per_tick", "SCENARIO/KIND of the figure")
	out := fs.String("out", "", "SVG file to write")
	_ = fs.Parse(args)
	scenario, figure, ok := strings.Cut(*metric, "/")
	if fs.NArg() == 0 || *out == "" || !ok {
		return errors.New("usage: bench plot -metric SCENARIO/KIND -out FILE.svg FILE [FILE ...]")
	}
	var curves []curve
	for _, path := range fs.Args() {
		sum, err := readSummary(path)
		if err != nil {
			return err
		}
		c := newCurve(strings.TrimPrefix(strings.TrimSuffix(filepath.Base(path), ".json"), "anchor-"), sum.Scenarios[scenario], figure)
		if len(c.points) == 0 {
			return fmt.Errorf("%s has no figures %s at several sizes", path, *metric)
		}
		curves = append(curves, c)
	}
	k, _ := kindOf(figure)
	return os.WriteFile(*out, []byte(drawPlot(scenario+": "+figure, k.Unit, curves)), 0o644)
}

// curve is one host's figure at several sizes, in order.
type curve struct {
	name   string
	points []point
}

type point struct {
	size           float64
	value, low, up float64
}

// newCurve gathers a figure over the groups of a scenario whose names end in their size,
// such as n1000.
func newCurve(name string, s *ScenarioSummary, figure string) curve {
	c := curve{name: name}
	if s == nil {
		return c
	}
	for metric, spread := range s.Metrics {
		group, kind, _ := cutLast(metric, '/')
		size, err := strconv.ParseFloat(strings.TrimLeft(group, "abcdefghijklmnopqrstuvwxyz"), 64)
		if kind == figure && err == nil {
			c.points = append(c.points, point{size, spread.Median, spread.Min, spread.Max})
		}
	}
	slices.SortFunc(c.points, func(a, b point) int { return cmp.Compare(a.size, b.size) })
	return c
}

const (
	plotWidth, plotHeight     = 640.0, 360.0
	plotLeft, plotRight       = 64.0, 120.0
	plotTop, plotBottom       = 40.0, 40.0
	plotTicks                 = 5
	plotFont                  = `font-family="sans-serif" font-size="12"`
	plotInk, plotGrid, plotBG = "#333", "#ddd", "#fff"
)

var plotColours = []string{"#1c55cf", "#c0281a", "#2f8f4e", "#8a5cc2", "#b8860b"}

// scale maps a range of values to a range of pixels.
type scale struct{ from, to, start, end float64 }

func (s scale) at(v float64) float64 {
	return s.start + (v-s.from)/(s.to-s.from)*(s.end-s.start)
}

func drawPlot(title, unit string, curves []curve) string {
	x := scale{from: math.Inf(1), start: plotLeft, end: plotWidth - plotRight}
	y := scale{start: plotHeight - plotBottom, end: plotTop}
	for _, c := range curves {
		for _, p := range c.points {
			x.from, x.to = min(x.from, p.size), max(x.to, p.size)
			y.to = max(y.to, p.up)
		}
	}
	if x.from == x.to {
		x.from = 0
	}
	y.to = niceCeiling(y.to)
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" %s>`+"\n", plotWidth, plotHeight, plotFont)
	fmt.Fprintf(&svg, `<rect width="100%%" height="100%%" fill="%s"/>`+"\n", plotBG)
	fmt.Fprintf(&svg, `<text x="%g" y="20" fill="%s">%s</text>`+"\n", plotLeft, plotInk, html.EscapeString(strings.TrimSpace(title+" ("+unit+")")))
	for i := range plotTicks + 1 {
		v := y.to * float64(i) / plotTicks
		fmt.Fprintf(&svg, `<path d="M%g %.1fH%g" stroke="%s"/><text x="%g" y="%.1f" text-anchor="end" fill="%s">%g</text>`+"\n",
			x.start, y.at(v), x.end, plotGrid, x.start-6, y.at(v)+4, plotInk, roundTo(v))
	}
	for _, size := range sizesOf(curves) {
		fmt.Fprintf(&svg, `<text x="%.1f" y="%g" text-anchor="middle" fill="%s">%g</text>`+"\n", x.at(size), plotHeight-plotBottom+18, plotInk, size)
	}
	for i, c := range curves {
		c.draw(&svg, x, y, plotColours[i%len(plotColours)], float64(i))
	}
	svg.WriteString("</svg>\n")
	return svg.String()
}

func (c curve) draw(svg *strings.Builder, x, y scale, colour string, row float64) {
	var path strings.Builder
	for i, p := range c.points {
		fmt.Fprintf(&path, "%s%.1f %.1f", map[bool]string{true: "M", false: "L"}[i == 0], x.at(p.size), y.at(p.value))
		fmt.Fprintf(svg, `<path d="M%.1f %.1fV%.1f" stroke="%s" stroke-opacity="0.5"/>`, x.at(p.size), y.at(p.low), y.at(p.up), colour)
		fmt.Fprintf(svg, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x.at(p.size), y.at(p.value), colour)
	}
	fmt.Fprintf(svg, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`, path.String(), colour)
	top := plotTop + 18*row
	fmt.Fprintf(svg, `<rect x="%g" y="%g" width="10" height="10" fill="%s"/><text x="%g" y="%g" fill="%s">%s</text>`+"\n",
		plotWidth-plotRight+14, top, colour, plotWidth-plotRight+30, top+10, plotInk, html.EscapeString(c.name))
}

func sizesOf(curves []curve) []float64 {
	var sizes []float64
	for _, c := range curves {
		for _, p := range c.points {
			sizes = append(sizes, p.size)
		}
	}
	slices.Sort(sizes)
	return slices.Compact(sizes)
}

// niceCeiling is the next of 1, 2, 2.5 and 5 times a power of ten.
func niceCeiling(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{1, 2, 2.5, 5} {
		if v <= step*power {
			return step * power
		}
	}
	return 10 * power
}

func roundTo(v float64) float64 { return math.Round(v*1000) / 1000 }
