package corefiles_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"belvedere/internal/corefiles"
)

// soon fails if f takes longer than a machine under load could need for work
// that grows with its input alone.
func soon(t *testing.T, f func()) {
	t.Helper()
	began := time.Now()
	f()
	if took := time.Since(began); took > 2*time.Minute {
		t.Errorf("it took %v", took)
	}
}

// TestManyLines: a value of millions of lines is put together once.
func TestManyLines(t *testing.T) {
	text := "servicecomment {\n\tcomment_id=1\n\tcomment_data=a" + strings.Repeat("\n", 8<<20) + "\n\thost_name=h\n\t}\n"
	for name, read := range map[string]func(each func(*corefiles.Row) error) (corefiles.Info, error){
		"whole": func(each func(*corefiles.Row) error) (corefiles.Info, error) {
			return corefiles.ReadStatus(strings.NewReader(text), each)
		},
		"changes": func(each func(*corefiles.Row) error) (corefiles.Info, error) {
			return new(corefiles.Changes).Read(strings.NewReader(text), nil, each)
		},
	} {
		t.Run(name, func(t *testing.T) {
			soon(t, func() {
				rows := 0
				if _, err := read(func(r *corefiles.Row) error {
					rows++
					if r.Text("host_name") != "h" || len(r.Text("comment")) < 1<<20 {
						t.Errorf("host %q, %d bytes", r.Text("host_name"), len(r.Text("comment")))
					}
					return nil
				}); err != nil || rows != 1 {
					t.Errorf("%d rows, %v", rows, err)
				}
			})
		})
	}
}

// TestManyContacts: a group of many people on many services costs once.
func TestManyContacts(t *testing.T) {
	var b strings.Builder
	b.WriteString("define contactgroup {\n\tcontactgroup_name\tall\n\tmembers\tc0")
	for i := 1; i < 20_000; i++ {
		fmt.Fprintf(&b, ",c%d", i)
	}
	b.WriteString("\n\t}\n")
	for i := range 5000 {
		fmt.Fprintf(&b, "define service {\n\thost_name\th\n\tservice_description\ts%d\n\tcontacts\tc7,x\n\tcontact_groups\tall\n\t}\n", i)
	}
	soon(t, func() {
		if _, err := corefiles.ReadObjects(strings.NewReader(b.String()), func(r *corefiles.Row) error {
			if l, _ := r.Get("contacts").([]string); r.Table == "services" && len(l) != 20_001 {
				t.Fatalf("%s: %d contacts", r.Text("description"), len(l))
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
}

// An endless file repeats a text, with a number in the place of %d.
type endless struct {
	text  string
	n     int
	rest  []byte
	total int64
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		e.n++
		e.rest = []byte(strings.ReplaceAll(e.text, "%d", fmt.Sprint(e.n)))
	}
	n := copy(p, e.rest)
	e.rest, e.total = e.rest[n:], e.total+int64(n)
	return n, nil
}

func (e *endless) Seek(int64, int) (int64, error) { *e = endless{text: e.text}; return 0, nil }

// TestTooMany: of files without end only so much is held, then they are
// refused.
func TestTooMany(t *testing.T) {
	objects := func(r io.ReadSeeker) error {
		_, err := corefiles.ReadObjects(r, func(*corefiles.Row) error { return nil })
		return err
	}
	status := func(r io.ReadSeeker) error {
		_, err := new(corefiles.Changes).Read(r, nil, func(*corefiles.Row) error { return nil })
		return err
	}
	many := strings.Repeat("a,", 1<<20)
	files := map[string]struct {
		text string
		read func(io.ReadSeeker) error
	}{
		"services":      {"define service {\n\thost_name\th\n\tservice_description\t%d\n\t}\n", objects},
		"host groups":   {"define hostgroup {\n\thostgroup_name\t%d\n\tmembers\t" + many + "\n\t}\n", objects},
		"contactgroups": {"define contactgroup {\n\tcontactgroup_name\t%d\n\tmembers\t" + many + "\n\t}\n", objects},
		"servicegroups": {"define servicegroup {\n\tservicegroup_name\t%d\n\tmembers\t" + many + "\n\t}\n", objects},
		"parents":       {"define host {\n\thost_name\t%d\n\tparents\t" + many + "\n\t}\n", objects},
		"sections":      {"contactstatus {\n\tx=%d\n\t}\n", status},
	}
	if testing.Short() {
		delete(files, "services")
		delete(files, "sections")
	}
	for name, tt := range files {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			e := &endless{text: tt.text}
			if err := tt.read(e); !errors.Is(err, corefiles.ErrTooMany) {
				t.Error(err)
			}
			runtime.ReadMemStats(&after)
			held := int64(after.HeapAlloc-before.HeapAlloc) >> 20
			t.Logf("refused after %d MB, %d MB on the heap", e.total>>20, held)
			if held > 1<<10 {
				t.Errorf("%d MB were held", held)
			}
		})
	}
}

// TestManyRows: rows that each repeat a long derived list end.
func TestManyRows(t *testing.T) {
	var b strings.Builder
	fmt.Fprintf(&b, "define contactgroup {\n\tcontactgroup_name\tg\n\tmembers\t%s\n\t}\n", strings.Join(numbers(1<<20), ","))
	for i := range 1000 {
		fmt.Fprintf(&b, "define host {\n\thost_name\th%d\n\tcontact_groups\tg\n\tcontacts\tx%d\n\t}\n", i, i)
	}
	rows := 0
	soon(t, func() {
		if _, err := corefiles.ReadObjects(strings.NewReader(b.String()), func(*corefiles.Row) error { rows++; return nil }); !errors.Is(err, corefiles.ErrTooMany) {
			t.Errorf("%d rows, %v", rows, err)
		}
	})
}

func numbers(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(i)
	}
	return out
}

// TestBlockMost: a section of many long lines is not held whole.
func TestBlockMost(t *testing.T) {
	long := strings.Repeat("x", 10<<20)
	var b strings.Builder
	b.WriteString("hoststatus {\n\thost_name=h\n")
	for i := range 20 {
		fmt.Fprintf(&b, "\tk%d=%s\n", i, long)
	}
	b.WriteString("\t}\nhoststatus {\n\thost_name=i\n\t}\n")
	var names []string
	report, err := corefiles.ReadBlocks(strings.NewReader(b.String()), func(b *corefiles.Block) error {
		names = append(names, b.Get("host_name"))
		if len(b.Keys) > 4 {
			t.Errorf("%d keys", len(b.Keys))
		}
		return nil
	})
	if err != nil || report.Bad != 17 || strings.Join(names, " ") != "h i" {
		t.Errorf("%+v %q %v", report, names, err)
	}
}
