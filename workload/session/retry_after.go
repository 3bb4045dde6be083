package session

import (
	"math"
	"net/http"
	"strings"
	"time"
)

// parseRetryAfter reads the value of a Retry-After field (RFC 9110, section 10.2.3): how long after
// now a server wants to be asked again. That is whole seconds, or a date in one of the three forms
// that HTTP has, of which a past one is 0. Blanks around are allowed. ok is false for
// anything else. Waits that are no Duration are the longest one.
func parseRetryAfter(value string, now time.Time) (wait time.Duration, ok bool) {
	value = strings.Trim(value, " \t")
	if value == "" {
		return 0, false
	}
	if wait, ok = delaySeconds(value); ok {
		return wait, true
	}
	// Every form of a date starts with the name of a day. Asking first saves the three errors
	// that most other texts would cost.
	if first := value[0] | 0x20; first < 'a' || first > 'z' {
		return 0, false
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return max(date.Sub(now), 0), true
}

// delaySeconds reads digits as seconds; what is no Duration any more is the longest one.
func delaySeconds(digits string) (time.Duration, bool) {
	const most = int64(math.MaxInt64 / time.Second)
	var n int64
	for i := 0; i < len(digits); i++ {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
		n = min(n*10+int64(digits[i]-'0'), most+1)
	}
	if n > most {
		return math.MaxInt64, true
	}
	return time.Duration(n) * time.Second, true
}
