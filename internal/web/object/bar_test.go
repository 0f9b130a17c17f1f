package object

import "testing"

func TestBar(t *testing.T) {
	for in, want := range map[string]Bar{
		"a=50%;80;90":        {60, "", 96, 108},
		"a=85%;80;90":        {102, "warn", 96, 108},
		"a=95%;80;90":        {114, "crit", 96, 108},
		"a=5;;;0;10":         {60, "", -1, -1},
		"a=5;4:;2:;0;10":     {60, "", -1, -1},
		"a=3;4:;2:;0;10":     {36, "warn", -1, -1},
		"a=1;4:;2:;0;10":     {12, "crit", -1, -1},
		"a=5;@4:6;~:3;0;10":  {60, "crit", 72, 36},
		"a=100;50;100":       {100, "warn", 50, 100},
		"a=200;50;100":       {100, "crit", 25, 50},
		"a=1,5;;;1;2":        {60, "", -1, -1},
		"a=-5;;;-10;0":       {60, "", -1, -1},
		"a=99;;;0;10":        {120, "", -1, -1},
		"a=5;bad;10:bad;0;9": {67, "", -1, -1},
	} {
		m := ParsePerf(in)
		if len(m) != 1 {
			t.Fatalf("%s: %+v", in, m)
		}
		if got, ok := m[0].Bar(); !ok || got != want {
			t.Errorf("%s: %+v %v, want %+v", in, got, ok, want)
		}
	}
	for _, in := range []string{"a=5", "a=U", "a=5;;;10;1", "a=0;;;0;0"} {
		if b, ok := ParsePerf(in)[0].Bar(); ok {
			t.Errorf("%s has the bar %+v", in, b)
		}
	}
}

func FuzzBar(f *testing.F) {
	f.Add("5", "", "1:2", "@~:3", "0", "10")
	f.Fuzz(func(t *testing.T, value, unit, warn, crit, least, most string) {
		b, ok := (Metric{"x", value, unit, warn, crit, least, most}).Bar()
		if ok && (b.Value < 0 || b.Value > barWidth || b.Warn > barWidth || b.Crit > barWidth) {
			t.Errorf("%+v is outside of %d", b, barWidth)
		}
	})
}
