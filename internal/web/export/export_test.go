package export

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

func table(rows ...Row) Table {
	zone := time.FixedZone("there", 2*3600)
	return Table{
		Title: "Hosts: [all]", Zone: zone,
		Columns: []Column{{"host_name", "Host", Text}, {"n", "Services", Number}, {"took", "Took", Number}, {"at", "Since", Time}, {"on", "On", Bool}, {"groups", "Groups", List}, {"output", "Output", Text}},
		Rows:    of(rows, nil),
	}
}

func of(rows []Row, err error) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
		if err != nil {
			yield(Row{}, err)
		}
	}
}

func rows() []Row {
	at := time.Date(2026, 11, 25, 22, 0, 0, 0, time.UTC)
	return []Row{
		{Link: "https://b.example/host/a/web%2001", Cells: []any{"web 01", int64(7), 0.25, at, true, []string{"a", "b"}, "OK - \"fine\"\nsecond, line | x"}},
		{Cells: []any{"=cmd|' /C calc'!A0", int64(-3), -1.5, time.Time{}, false, []string{"@x"}, "-1 <b>"}},
		{Cells: []any{"\tx", nil}},
	}
}

func TestCSV(t *testing.T) {
	var b bytes.Buffer
	if err := CSV(&b, table(rows()...)); err != nil {
		t.Fatal(err)
	}
	got, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"Host", "Services", "Took", "Since", "On", "Groups", "Output"},
		{"web 01", "7", "0.25", "2026-11-26 00:00:00", "true", "a, b", "OK - \"fine\"\nsecond, line | x"},
		{"'=cmd|' /C calc'!A0", "-3", "-1.5", "", "false", "'@x", "'-1 <b>"},
		{"'\tx", "", "", "", "", "", ""},
	}
	for i := range want {
		if strings.Join(got[i], "¦") != strings.Join(want[i], "¦") {
			t.Errorf("row %d: %q, want %q", i, got[i], want[i])
		}
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, table(rows()...)); err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, b.String())
	}
	if len(got) != 3 || got[0]["host_name"] != "web 01" || got[0]["at"] != "2026-11-26T00:00:00+02:00" || got[1]["at"] != nil ||
		got[1]["n"] != -3.0 || got[1]["host_name"] != "=cmd|' /C calc'!A0" || got[0]["on"] != true {
		t.Errorf("read %v", got)
	}
	b.Reset()
	if err := JSON(&b, table()); err != nil || strings.TrimSpace(b.String()) != "[\n]" {
		t.Errorf("no rows are %q, %v", b.String(), err)
	}
}

func TestExcel(t *testing.T) {
	var b bytes.Buffer
	if err := Excel(&b, table(rows()...)); err != nil {
		t.Fatal(err)
	}
	file := b.Bytes()
	f, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	name := f.GetSheetName(0)
	if name != "Hosts   all" {
		t.Errorf("the sheet is %q", name)
	}
	value := func(cell string) string {
		v, err := f.GetCellValue(name, cell)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for cell, want := range map[string]string{"A1": "Host", "A2": "web 01", "B2": "7", "D2": "2026-11-26 00:00:00", "A3": "=cmd|' /C calc'!A0", "F2": "a, b", "D3": "", "G3": "-1 <b>"} {
		if got := value(cell); got != want {
			t.Errorf("%s is %q, want %q", cell, got, want)
		}
	}
	if formula, _ := f.GetCellFormula(name, "A2"); formula != `HYPERLINK("https://b.example/host/a/web%2001","web 01")` {
		t.Errorf("the link is %q", formula)
	}
	if formula, _ := f.GetCellFormula(name, "A3"); formula != "" {
		t.Errorf("a text became the formula %q", formula)
	}
	for cell, want := range map[string]excelize.CellType{"B2": excelize.CellTypeUnset, "A3": excelize.CellTypeInlineString, "E2": excelize.CellTypeBool} {
		if got, err := f.GetCellType(name, cell); err != nil || got != want {
			t.Errorf("%s has type %v, want %v (%v)", cell, got, want, err)
		}
	}
	if p, err := f.GetPanes(name); err != nil || !p.Freeze || p.YSplit != 1 {
		t.Errorf("the head is not frozen: %+v, %v", p, err)
	}
	if !strings.Contains(part(t, file, "xl/worksheets/sheet1.xml"), `<autoFilter ref="$A$1:$G$4">`) {
		t.Error("the columns have no filter")
	}
	if !strings.Contains(part(t, file, "xl/workbook.xml"), `$A$1:$G$4<`) {
		t.Error("the workbook does not name the range of the filter")
	}
}

// part returns a file of a workbook.
func part(t *testing.T, workbook []byte, name string) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(workbook), int64(len(workbook)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTexts(t *testing.T) {
	var b bytes.Buffer
	if err := Plain(&b, table(rows()...)); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	if len(lines) != 4 || !strings.Contains(lines[1], "second, line | x") || strings.Index(lines[0], "Since") != strings.Index(lines[1], "2026") {
		t.Errorf("text:\n%s", b.String())
	}
	b.Reset()
	if err := Markdown(&b, table(rows()...)); err != nil {
		t.Fatal(err)
	}
	lines = strings.Split(b.String(), "\n")
	if lines[1] != "| --- | ---: | ---: | --- | --- | --- | --- |" || !strings.Contains(lines[2], `second, line \| x |`) || !strings.Contains(lines[3], "-1 &lt;b>") {
		t.Errorf("Markdown:\n%s", b.String())
	}
}

func TestTroubleIsReturned(t *testing.T) {
	trouble := errors.New("site is gone")
	for _, write := range []func(*bytes.Buffer, Table) error{
		func(b *bytes.Buffer, x Table) error { return CSV(b, x) }, func(b *bytes.Buffer, x Table) error { return JSON(b, x) },
		func(b *bytes.Buffer, x Table) error { return Excel(b, x) }, func(b *bytes.Buffer, x Table) error { return Plain(b, x) },
	} {
		x := table()
		x.Rows = of(rows(), trouble)
		var b bytes.Buffer
		if err := write(&b, x); !errors.Is(err, trouble) {
			t.Errorf("the error is %v", err)
		}
	}
}
