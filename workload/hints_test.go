package workload

import (
	"strings"
	"testing"

	"sessbench/workload/wire"
)

func TestTheHintIsAboutWhatMostCallsFailedWith(t *testing.T) {
	for want, classes := range map[string]map[string]int64{
		"status codes":     {classStatus: 2, classExtract: 1},
		"sessbench try":    {classStatus: 12, classExtract: 46, classRender: 14},
		"in the set-up":    {classCheck: 1, classRender: 2},
		"accept queue":     {classStatus: 1, string(wire.ClassConnectTimeout): 3},
		"ran out of":       {string(wire.ClassAddressExhausted): 1, string(wire.ClassRefused): 1}, // as many: by the alphabet
		"the server's log": {string(wire.ClassReset): 5, classStatus: 4},
	} {
		if hint := errorHint(classes, "server", wire.HTTP1); !strings.Contains(hint, want) {
			t.Errorf("%v: got %q, want it to say %q", classes, hint, want)
		}
	}
}
