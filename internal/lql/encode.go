package lql

func (s Separators) orDefault() Separators {
	if s == (Separators{}) {
		return Separators{Row: '\n', Field: ';', List: ',', Pair: '|'}
	}
	return s
}

func appendCSVObject(dst []byte, o any, s Separators) []byte { return dst }

// An Encoder writes Results as bytes. It is a plain value; AppendRows may run
// for several row ranges of one Result at once.
type Encoder struct {
	Format     Format
	Headers    bool
	Separators Separators // zero: default
}

// EncoderFor returns the encoder that q asks for.
func EncoderFor(q *Query) Encoder { return Encoder{Format: q.Format, Separators: q.Separators} }

// Append appends the whole answer: head, all rows, tail.
func (e Encoder) Append(dst []byte, r *Result) []byte {
	return e.AppendTail(e.AppendRows(e.AppendHead(dst, r), r, 0, r.Rows), r)
}

// AppendHead appends what comes before the rows.
func (e Encoder) AppendHead(dst []byte, r *Result) []byte { return dst }

// AppendRows appends rows from up to, not including, to.
func (e Encoder) AppendRows(dst []byte, r *Result, from, to int) []byte { return dst }

// AppendTail appends what comes after the rows.
func (e Encoder) AppendTail(dst []byte, r *Result) []byte { return dst }

// AppendFixed16 appends the 16 byte header of an answer: status code and
// length of the body.
func AppendFixed16(dst []byte, code, length int) []byte { return dst }
