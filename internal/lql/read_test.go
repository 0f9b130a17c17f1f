package lql

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReader(t *testing.T) {
	limits := Limits{Line: 40, Request: 100, Lines: 5}
	for _, tt := range []struct {
		name, in string
		want     []string
		code     int // of the error after want; 0: io.EOF
	}{
		{name: "nothing"},
		{name: "empty lines", in: "\n\r\n\n"},
		{name: "one", in: "GET hosts\nLimit: 1\n\n", want: []string{"GET hosts\nLimit: 1\n"}},
		{name: "half close", in: "GET hosts\nLimit: 1\n", want: []string{"GET hosts\nLimit: 1\n"}},
		{name: "pipelined", in: "GET a\n\nGET b\n\n\nGET c\n", want: []string{"GET a\n", "GET b\n", "GET c\n"}},
		{name: "CR LF", in: "GET a\r\n\r\nGET b\r\n\r\n", want: []string{"GET a\r\n", "GET b\r\n"}},
		{name: "blanks do not end it", in: "GET a\n \nLimit: 1\n\n", want: []string{"GET a\n \nLimit: 1\n"}},
		{name: "cut line", in: "GET a\n\nGET hos", want: []string{"GET a\n"}, code: 451},
		{name: "cut command", in: "COMMAND [1700000000] X;ho", code: 451},
		{name: "long line", in: "GET a\nFilter: a = " + strings.Repeat("x", 50) + "\n\n", code: 413},
		{name: "endless line", in: strings.Repeat("x", 5000), code: 413},
		{name: "long request", in: "GET a\n" + strings.Repeat("Filter: name = 0123456789012345\n", 4), code: 413},
		{name: "many lines", in: "GET a\n" + strings.Repeat("And: 0\n", 9), code: 413},
	} {
		for _, slow := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				var in io.Reader = strings.NewReader(tt.in)
				if slow {
					in = iotest.OneByteReader(in)
				}
				r := NewReader(in, limits)
				for _, want := range tt.want {
					if got, err := r.Next(); err != nil || got != want {
						t.Fatalf("Next() = %q, %v, want %q", got, err, want)
					}
				}
				got, err := r.Next()
				se, ok := errors.AsType[*SyntaxError](err)
				switch {
				case tt.code == 0 && err != io.EOF:
					t.Errorf("Next() = %q, %v, want io.EOF", got, err)
				case tt.code != 0 && (!ok || se.Status() != tt.code || len(se.Text) > 250):
					t.Errorf("Next() = %q, %v, want code %d", got, err, tt.code)
				}
			})
		}
	}
}

func TestReaderError(t *testing.T) {
	broken := errors.New("broken")
	r := NewReader(iotest.ErrReader(broken), Limits{})
	if _, err := r.Next(); !errors.Is(err, broken) {
		t.Errorf("Next() error %v, want %v", err, broken)
	}
	r = NewReader(io.MultiReader(strings.NewReader("GET a\n"), iotest.ErrReader(broken)), Limits{})
	if _, err := r.Next(); !errors.Is(err, broken) {
		t.Errorf("Next() error %v, want %v", err, broken)
	}
}

func FuzzReader(f *testing.F) {
	f.Add("GET a\n\nCOMMAND [1] X\n\r\n GET b\r\n\n")
	f.Fuzz(func(t *testing.T, in string) {
		limits := Limits{Line: 50, Request: 200, Lines: 10}
		whole, slow := NewReader(strings.NewReader(in), limits), NewReader(iotest.HalfReader(strings.NewReader(in)), limits)
		for range len(in) + 2 {
			a, errA := whole.Next()
			b, errB := slow.Next()
			if a != b || (errA == nil) != (errB == nil) {
				t.Fatalf("%q: %q, %v and %q, %v", in, a, errA, b, errB)
			}
			if errA != nil {
				return
			}
			if len(a) > limits.Request || strings.Count(a, "\n") > limits.Lines {
				t.Fatalf("%q: a request of %d bytes", in, len(a))
			}
		}
		t.Fatalf("%q: the reader does not end", in)
	})
}
