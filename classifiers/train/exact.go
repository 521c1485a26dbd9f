package train

import "math"

// exp is e^x as the C runtime computes it, to about 1e-7 relative. The standard library's has assembly of its own on some
// CPUs, which may differ in the last bit; so may the fused multiplications that the conversions here forbid.
func exp(x float32) float32 {
	if x < -87 {
		return 0
	}
	x = min(x, 87)
	whole := float32(math.Floor(float64(float32(x*1.44269504) + 0.5)))
	r := x - float32(whole*0.693359375) + float32(whole*2.12194440e-4)
	p := float32(1.0 / 720)
	for _, c := range [...]float32{1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1, 1} {
		p = float32(p*r) + c
	}
	return p * math.Float32frombits(uint32(int32(whole)+127)<<23)
}

// ln is the natural logarithm of x > 0, by the series of 2·artanh((m−1)/(m+1)) for x = m·2^e, to about 1e-15.
func ln(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	s := (m - 1) / (m + 1)
	square, term, sum := s*s, s, 0.0
	for k := 1.0; k < 24; k += 2 {
		sum += float64(term / k)
		term = float64(term * square)
	}
	return float64(2*sum) + float64(float64(e)*math.Ln2)
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }
