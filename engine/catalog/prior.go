package catalog

import (
	"fmt"
	"math"
)

// pricePrior fits overall rank by price and age over the models that have figures: rank = a + b·log10(output price in USD
// per million) + c·years. A model without a date is taken to be of average age, one without a price to be cheap.
func (d *deriver) pricePrior() func(*Model) float64 {
	var x [][2]float64
	var y []float64
	for _, m := range d.c.Models {
		p, year := d.price(m), years(m.Released)
		if rows := d.rows[m]; len(rows) > 0 && !math.IsNaN(p) && !math.IsNaN(year) {
			x, y = append(x, [2]float64{p, year}), append(y, d.model(m).overall)
		}
	}
	if len(y) < 8 { // a catalog of a user's own: too few to fit anything
		mean, _ := moments(append(y, 0))
		return func(*Model) float64 { return mean }
	}
	var mean [2]float64
	my := 0.0
	for i := range y {
		mean[0], mean[1], my = mean[0]+x[i][0], mean[1]+x[i][1], my+y[i]
	}
	n := float64(len(y))
	mean[0], mean[1], my = mean[0]/n, mean[1]/n, my/n
	var s00, s01, s11, s0y, s1y float64
	for i := range y {
		u, v, w := x[i][0]-mean[0], x[i][1]-mean[1], y[i]-my
		s00, s01, s11, s0y, s1y = s00+u*u, s01+u*v, s11+v*v, s0y+u*w, s1y+v*w
	}
	det, cheap := s00*s11-s01*s01, mean[0]-math.Sqrt(s00/n)
	b, c := (s0y*s11-s1y*s01)/det, (s1y*s00-s0y*s01)/det
	if !(det > 1e-9) {
		b, c = 0, 0
	}
	return func(m *Model) float64 {
		p, year := d.price(m), years(m.Released)
		if math.IsNaN(p) {
			p = cheap
		}
		if math.IsNaN(year) {
			year = mean[1]
		}
		return my + b*(p-mean[0]) + c*(year-mean[1])
	}
}

// price is log10 of the least output price in USD per million; NaN if there is none above 0.
func (d *deriver) price(m *Model) float64 {
	least := math.NaN()
	for _, dep := range d.c.homes[m] {
		if p := dep.Prices.Output; p > 0 && !(least <= p.USD()) {
			least = p.USD()
		}
	}
	return math.Log10(least)
}

// years is a release date YYYY-MM[-DD] as years since 2000; NaN if unknown.
func years(released string) float64 {
	var y, m int
	if n, _ := fmt.Sscanf(released, "%d-%d", &y, &m); n < 2 {
		return math.NaN()
	}
	return float64(y-2000) + float64(m-1)/12
}
