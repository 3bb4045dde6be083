package workload

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const maxBytes = 1<<30 - 1

// ParseBytes reads a number of bytes with k or M (times 1024) behind it, or neither. It is from 1 to 1 GiB - 1, the most that
// a socket's buffer can have. The error is what to write after the name of the value.
func ParseBytes(text string) (int, error) {
	n, ok := parseScaled(text, "kM", 1024)
	if ok && n > maxBytes {
		return 0, fmt.Errorf("is %q, which is too large; write at most %d bytes", text, maxBytes)
	}
	if !ok || n < 1 {
		return 0, fmt.Errorf("is %q; write a number of bytes, such as 65536, 64k or 4M", text)
	}
	return int(n), nil
}

// ParseBitRate reads a number of bits per second with k, M or G (times 1000) behind it, or none. It is from 1 to 1T. The
// error is what to write after the name of the value.
func ParseBitRate(text string) (int64, error) {
	n, ok := parseScaled(text, "kMG", 1000)
	if ok && n > 1e12 {
		return 0, fmt.Errorf("is %q, which is too large; write at most 1000G", text)
	}
	if !ok || n < 1 {
		return 0, fmt.Errorf("is %q; write a number of bits per second, such as 500k, 20M or 1G", text)
	}
	return int64(n), nil
}

func parseScaled(text, units string, step float64) (n float64, ok bool) {
	factor := 1.0
	if len(text) > 0 {
		if at := strings.IndexByte(units, text[len(text)-1]); at >= 0 {
			factor, text = math.Pow(step, float64(at+1)), text[:len(text)-1]
		}
	}
	if strings.Trim(text, "0123456789.") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	n *= factor
	return n, err == nil && n == math.Trunc(n)
}

// ParseTime reads a time as time.ParseDuration does. One that is longer than a time.Duration can hold, in either direction, becomes the
// longest, so that it is told as too long and not as no time at all.
func ParseTime(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err == nil {
		return d, nil
	}
	short := regexp.MustCompile(`\d+`).ReplaceAllLiteralString(text, "1")
	switch d, shortErr := time.ParseDuration(short); {
	case shortErr != nil:
		return 0, err
	case d < 0:
		return math.MinInt64, nil
	}
	return math.MaxInt64, nil
}
