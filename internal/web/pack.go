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
	open *zstd.Decoder
	gzip sync.Pool
}

// A content is the body of an answer that is kept: compressed, when it is
// large, as most who ask take it. Safe for concurrent use.
type content struct {
	plain  []byte // of a small one
	zstd   []byte // of a large one
	length int    // of a large one, as it is
	once   sync.Once
	gzip   []byte // of a large one, once somebody took it so
}

func newPacker() (*packer, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithWindowSize(128<<10))
	if err != nil {
		return nil, fmt.Errorf("web: compression: %w", err)
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		return nil, fmt.Errorf("web: compression: %w", err)
	}
	return &packer{zstd: z, open: d}, nil
}

// hold makes the content that b is; it keeps b only when it is small.
func (p *packer) hold(b []byte) *content {
	if len(b) <= packFrom {
		return &content{plain: bytes.Clone(b)}
	}
	return &content{zstd: p.pack(0, b), length: len(b)}
}

// size returns the bytes of c, as good as all of them.
func (c *content) size() int { return len(c.plain) + len(c.zstd) }

// as returns c as it is sent with a coding of codings, and which that is; -1:
// as it is.
func (p *packer) as(c *content, coding int) ([]byte, int) {
	switch {
	case c.zstd == nil:
		return c.plain, -1
	case coding == 0:
		return c.zstd, 0
	case coding > 0:
		c.once.Do(func() { c.gzip = p.pack(coding, p.unpack(c)) })
		return c.gzip, coding
	}
	return p.unpack(c), -1
}

// unpack returns a large content as it is.
func (p *packer) unpack(c *content) []byte {
	b, err := p.open.DecodeAll(c.zstd, make([]byte, 0, c.length))
	if err != nil { // it is our own
		panic(err)
	}
	return b
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
