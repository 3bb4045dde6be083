package session

import (
	"testing"
	"time"
)

func TestRule_2_7_JarDates(t *testing.T) {
	const want = "1994-11-06T08:49:37Z"
	for text, want := range map[string]string{
		"Sun, 06 Nov 1994 08:49:37 GMT":     want,
		"Sunday, 06-Nov-94 08:49:37 GMT":    want,
		"Sun Nov  6 08:49:37 1994":          want,
		"Sun, 06-Nov-1994 08:49:37 GMT":     want,
		`"Sun, 06 Nov 1994 08:49:37 GMT"`:   want,
		"06 NOVEMBER 1994 8:49:37":          want,
		"1994 Nov 6 08:49:37":               want,
		"08:49:37 6-nov-94":                 want,
		"Sun, 06 Nov 1994 08:49:37 +0200":   want,
		"Sun, 06th Nov 1994 08:49:37.5 GMT": want,
		"Thu, 01-Jan-1970 00:00:00 GMT":     "1970-01-01T00:00:00Z",
		"Wed, 01 Jan 69 00:00:00 GMT":       "2069-01-01T00:00:00Z",
		"Thu, 01 Jan 70 00:00:00 GMT":       "1970-01-01T00:00:00Z",
		"Fri, 01 Jan 00 00:00:00 GMT":       "2000-01-01T00:00:00Z",
		"Thu, 29 Feb 2024 00:00:00 GMT":     "2024-02-29T00:00:00Z",
		"Fri, 31 Dec 9999 23:59:59 GMT":     "9999-12-31T23:59:59Z",
		"Mon, 01 Jan 1601 00:00:00 GMT":     "1601-01-01T00:00:00Z",
		"Sun, 06 Nov 1994 GMT":              "",
		"Sun, 06 Nov 08:49:37 GMT":          "",
		"Nov 1994 08:49:37":                 "",
		"06 1994 08:49:37":                  "",
		"Sun, 06 Nov 1994 24:00:00 GMT":     "",
		"Sun, 06 Nov 1994 08:60:00 GMT":     "",
		"Sun, 06 Nov 1994 08:49:60 GMT":     "",
		"Sun, 06 Nov 1994 08:49 GMT":        "",
		"Sun, 06 Nov 1994 008:49:37 GMT":    "",
		"Sun, 00 Nov 1994 08:49:37 GMT":     "",
		"Sun, 31 Nov 1994 08:49:37 GMT":     "",
		"Wed, 29 Feb 2023 00:00:00 GMT":     "",
		"Sun, 06 Nov 1600 08:49:37 GMT":     "",
		"Sun, 06 Nov 19940 08:49:37 GMT":    "",
		"Sun, 06 Nov 4 08:49:37 GMT":        "",
		"1700000000":                        "",
		"never":                             "",
		"":                                  "",
	} {
		got := ""
		if at, ok := parseCookieDate([]byte(text)); ok {
			got = at.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// Every form that servers write reads back as the same second.
func FuzzCookieDate(f *testing.F) {
	f.Add(int64(0))
	f.Add(int64(784111777))
	f.Add(int64(latestUnix))
	f.Fuzz(func(t *testing.T, seconds int64) {
		at := time.Unix(seconds, 0).UTC()
		if at.Year() < 1601 || at.Year() > 9999 {
			t.Skip()
		}
		forms := []string{time.ANSIC, time.RFC1123, "Mon, 02-Jan-2006 15:04:05 MST", time.UnixDate}
		if 1970 <= at.Year() && at.Year() <= 2069 {
			forms = append(forms, time.RFC850, "Mon, 02-Jan-06 15:04:05 GMT")
		}
		for _, form := range forms {
			text := at.Format(form)
			if got, ok := parseCookieDate([]byte(text)); !ok || !got.Equal(at) {
				t.Errorf("%q is %v (%v)", text, got, ok)
			}
		}
	})
}
