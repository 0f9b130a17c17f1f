package web

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// packFrom is the size in bytes from which an answer is compressed.
const packFrom = 600

// codings are the ways to compress, the best first.
func codings() []string { return []string{"zstd", "gzip"} }

// A packer compresses answers that are kept. Safe for concurrent use.
type packer struct {
	zstd *zstd.Encoder
	gzip sync.Pool
}

func newPacker() (*packer, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithWindowSize(128<<10))
	if err != nil {
		return nil, fmt.Errorf("web: compression: %w", err)
	}
	return &packer{zstd: z}, nil
}

// codingOf returns the index in codings of the best that an Accept-Encoding
// header allows, -1 for none.
func codingOf(accept string) int {
	best := -1
	for part := range strings.SplitSeq(accept, ",") {
		name, q, _ := strings.Cut(part, ";")
		if q = strings.ReplaceAll(q, " ", ""); q == "q=0" || strings.HasPrefix(q, "q=0.0") {
			continue
		}
		for i, c := range codings() {
			if strings.TrimSpace(name) == c && (best < 0 || i < best) {
				best = i
			}
		}
	}
	return best
}

// pack compresses b.
func (p *packer) pack(coding int, b []byte) []byte {
	if coding == 0 {
		return p.zstd.EncodeAll(b, make([]byte, 0, len(b)/4))
	}
	var buf bytes.Buffer
	w, ok := p.gzip.Get().(*gzip.Writer)
	if !ok {
		w, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is a good one
	}
	w.Reset(&buf)
	_, _ = w.Write(b) // memory takes all
	_ = w.Close()
	p.gzip.Put(w)
	return buf.Bytes()
}
