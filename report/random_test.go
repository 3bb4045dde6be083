package report_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"sessbench/result"
	"sessbench/stats"
)

// Mutated bytes are hardly ever a result, so any result is made from a seed here:
// well-known names, so that parts refer to each other, and every sort of number.
func FuzzTextOfAnyResult(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := new(result.Result)
		fill(rand.New(rand.NewPCG(seed, 1)), reflect.ValueOf(r).Elem())
		r.Schema = result.Schema
		var buf bytes.Buffer
		if err := result.Encode(&buf, r); err != nil {
			t.Fatal(err)
		}
		decoded, err := result.Read(&buf)
		if err != nil {
			t.Fatal(err)
		}
		checkLegible(t, render(t, decoded))
	})
}

func oneOf[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

func fill(rng *rand.Rand, v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(rng.Int64N(4e9), 0).UTC()))
		return
	case json.RawMessage:
		v.SetBytes([]byte(oneOf(rng, `null`, `7`, `[]`, `{"load":7}`, `{"target":{},"load":{"rate":"x","seed":1e400,"workers":[1],"blocks":-3,"duration":"10s"}}`)))
		return
	case stats.Verdict:
		v.SetString(string(oneOf(rng, stats.Better, stats.Worse, stats.Indistinguishable, stats.TooFewTrials, "unheard of")))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(rng, v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rng.IntN(4), 4))
		for i := range v.Len() {
			fill(rng, v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(rng, v.Index(i))
		}
	case reflect.Map:
		if rng.IntN(4) == 0 {
			return // and some are missing
		}
		v.Set(reflect.MakeMap(v.Type()))
		for range rng.IntN(4) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			key.SetString(oneOf(rng, "tls", "wait", "other", "schedule_lag", "reset", "", "503", "x\ny"))
			fill(rng, value)
			v.SetMapIndex(key, value)
		}
	case reflect.Pointer:
		if rng.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(rng, v.Elem())
		}
	case reflect.String:
		v.SetString(oneOf(rng, "a", "b", "c", "", "response_time.p50", "response_time.p50", "response_time.mean", "achieved_rate", "very long name with many words in it, and so on",
			"\x1b[2J\r\n\t\xff", "averyverylongwordaveryverylongwordaveryverylongwordaveryverylongwordaveryverylongwordaveryverylongword長い名前長い名前"))
	case reflect.Bool:
		v.SetBool(rng.IntN(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(oneOf[int64](rng, 0, 0, 1, 1, 10, -1, 12345, 1<<63-1, -1<<63))
	case reflect.Float64:
		v.SetFloat(oneOf(rng, 0, 0, 1, 0.95, 0.001, 0.0042, 1e-9, 12.5, 9.996, 99999.5, -0.003, 1e308, -1e308, 5e-324, rng.ExpFloat64()))
	}
}
