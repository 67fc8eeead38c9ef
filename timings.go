package mtlshttp

import (
	"encoding/json"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// Timings are what the parts of a hop, or of a whole request, took. A zero one
// did not happen: a connection that is used again has no lookup. In JSON they
// are milliseconds, named as in the comments. Transfer, Decode and Parse are of
// the last hop alone, whose body is the bundle's.
type Timings struct {
	DNS       time.Duration // dns: the look-up of the name
	Connect   time.Duration // connect: name, TCP and proxy
	Handshake time.Duration // tls
	Wait      time.Duration // wait: from the last byte sent to the first received
	FirstByte time.Duration // firstByte: from the start to the first byte received
	Transfer  time.Duration // transfer: reading the body from the connection
	Decode    time.Duration // decode: undoing its content codings and charset
	Parse     time.Duration // parse: JSON or XML
	Total     time.Duration // total
}

// MarshalJSON writes milliseconds.
func (t Timings) MarshalJSON() ([]byte, error) {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return json.Marshal(struct {
		DNS       float64 `json:"dns"`
		Connect   float64 `json:"connect"`
		Handshake float64 `json:"tls"`
		Wait      float64 `json:"wait"`
		FirstByte float64 `json:"firstByte"`
		Transfer  float64 `json:"transfer"`
		Decode    float64 `json:"decode"`
		Parse     float64 `json:"parse"`
		Total     float64 `json:"total"`
	}{ms(t.DNS), ms(t.Connect), ms(t.Handshake), ms(t.Wait), ms(t.FirstByte), ms(t.Transfer), ms(t.Decode), ms(t.Parse), ms(t.Total)})
}

// timingsOf are those of a hop whose header section has just been read.
func timingsOf(p wire.Progress, f wire.Facts) Timings {
	t := Timings{Total: time.Since(p.Times.Start)}
	if !p.Reused {
		t.DNS, t.Connect, t.Handshake = f.Lookup, f.Connect, f.Handshake
	}
	if first := p.Times.FirstByte; !first.IsZero() {
		t.FirstByte = first.Sub(p.Times.Start)
		if sent := p.Times.WroteRequest; !sent.IsZero() && first.After(sent) {
			t.Wait = first.Sub(sent)
		}
	}
	return t
}

// sumOf adds up the hops of a request that began at a moment.
func sumOf(hops []Hop, begun time.Time) Timings {
	sum := Timings{Total: time.Since(begun)}
	for i, h := range hops {
		t := h.Timings
		sum.DNS += t.DNS
		sum.Connect += t.Connect
		sum.Handshake += t.Handshake
		sum.Wait += t.Wait
		sum.Transfer += t.Transfer
		sum.Decode += t.Decode
		sum.Parse += t.Parse
		switch { // of the last hop
		case i < len(hops)-1:
			sum.FirstByte += t.Total
		case t.FirstByte > 0:
			sum.FirstByte += t.FirstByte
		default:
			sum.FirstByte = 0
		}
	}
	return sum
}
