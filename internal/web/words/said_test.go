package words_test

import (
	"testing"

	"belvedere/internal/web/words"
)

func german(t testing.TB) *words.Words {
	t.Helper()
	c, err := words.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c.Of("de")
}

// TestSaying: what the lower rooms say is German by the whole text, by its
// sentences and by its values; what nobody there says stays as it is.
func TestSaying(t *testing.T) {
	w := german(t)
	for said, want := range map[string]string{
		"The core answers late.": "Der Core antwortet verspätet.",
		"10.1.2.3 answers that nothing listens on port 6557. Check on 10.1.2.3 that Livestatus (or xinetd in front of it) runs and which port it uses: ss -ltnp. Usual are 6557, for Icinga 2 6558. A core without Livestatus, such as Debian's nagios4, is read with an agent beside it.": "10.1.2.3 antwortet, dass auf Port 6557 nichts lauscht. " +
			"Prüfen Sie auf 10.1.2.3, ob Livestatus (oder xinetd davor) läuft und welchen Port es benutzt: ss -ltnp. Üblich sind 6557, bei Icinga 2 6558. Ein Core ohne Livestatus, wie Debians nagios4, wird mit einem Agenten neben ihm gelesen.",
		"The certificate of a:1 is for other names: b, c. It is for b, c, valid from 1 Jan 2026 to 2 Jan 2026, SHA-256 AB:CD. Use one of these names in the address, or set it as server_name, or pin the fingerprint.": "Das Zertifikat von a:1 gilt für andere Namen: b, c. Es ist für b, c, gültig von 1 Jan 2026 bis 2 Jan 2026, SHA-256 AB:CD. " +
			"Nehmen Sie einen dieser Namen in der Adresse, oder setzen Sie ihn als server_name, oder hinterlegen Sie den Fingerabdruck.",
		"The certificate of a:1 has expired.":                                                                "Das Zertifikat von a:1 ist abgelaufen.",
		"The address cannot be used: it is empty.":                                                           "Die Adresse ist nicht brauchbar: sie ist leer.",
		"The address \"x y\" is not usable: scheme \"q\" is unknown":                                         "Die Adresse \"x y\" ist nicht brauchbar: das Schema \"q\" ist unbekannt",
		"The core's clock is about 12 s behind ours: times and ages are off by as much.":                     "Die Uhr des Cores geht gegenüber unserer etwa 12 s nach: um so viel sind Zeiten und Zeitdauern falsch.",
		"The core's clock is at least 5m0s ahead of ours: ages are shown wrong by as much. Set both by NTP.": "Die Uhr des Cores geht gegenüber unserer mindestens 5m0s vor: um so viel sind Zeitdauern falsch. Stellen Sie beide nach NTP.",
		"No such table 'x'":          "Es gibt keine Tabelle 'x'",
		"use at least 10 characters": "nehmen Sie mindestens 10 Zeichen",
		"Talking to a failed: %!d(BAD) %s <b>. See the core's log.": "Die Verständigung mit a ist gescheitert: %!d(BAD) %s <b>. Sehen Sie ins Log des Cores.",
		"CRITICAL - load 12 in 5 m":                                 "CRITICAL - load 12 in 5 m",
		"":                                                          "",
	} {
		if got := w.Said(said); got != want {
			t.Errorf("%s\n got %s\nwant %s", said, got, want)
		}
	}
	var english *words.Words
	if got := english.Said("The core answers late."); got != "The core answers late." {
		t.Errorf("English became %q", got)
	}
}

// FuzzSaid: no text of a core breaks a translation.
func FuzzSaid(f *testing.F) {
	w := german(f)
	f.Add("Use %s. Use x. Use . It is %!s. The certificate of  . .")
	f.Fuzz(func(_ *testing.T, text string) { w.Said(text) })
}

// BenchmarkSaid: a cause of two sentences, and a text that no room says.
func BenchmarkSaid(b *testing.B) {
	w := german(b)
	for name, text := range map[string]string{
		"known":   "10.1.2.3 answers that nothing listens on port 6557. Check on 10.1.2.3 that Livestatus (or xinetd in front of it) runs and which port it uses: ss -ltnp. Usual are 6557, for Icinga 2 6558. A core without Livestatus, such as Debian's nagios4, is read with an agent beside it.",
		"unknown": "CRITICAL - the plugin says a lot. It goes on. And on. And on, with 12 values in 5 places.",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				w.Said(text)
			}
		})
	}
}
