package result_test

import (
	"fmt"
	"math"
	"testing"

	"sessbench/result"
)

func TestJudgeSaysWhetherAConditionIsMetOrWhyThatCannotBeTold(t *testing.T) {
	r := sample()
	r.Comparisons[1].Ratio.Value = math.SmallestNonzeroFloat64
	for condition, want := range map[string]string{
		"fresh.response_time.mean <= 50ms": "{Condition:fresh.response_time.mean <= 50ms Met:true Value:0.05 Problem: Aborted:false} 50ms",
		"fresh.response_time.mean < 50ms":  "{Condition:fresh.response_time.mean < 50ms Met:false Value:0.05 Problem: Aborted:false} 50ms",
		"pooled.error_rate < 1%":           "{Condition:pooled.error_rate < 1% Met:true Value:0 Problem: Aborted:false} 0%",
		"pooled.offered_rate > 3":          "{Condition:pooled.offered_rate > 3 Met:false Value:0 Problem:nothing was measured Aborted:false} ",
		"poold.requests > 3":               `{Condition:poold.requests > 3 Met:false Value:0 Problem:there is no "poold"; did you mean pooled? Aborted:false} `,
		"nonsense":                         `{Condition:nonsense Met:false Value:0 Problem:no operator: a condition is "path operator value", operators are < <= > >= == != Aborted:false} `,
		"gain.achieved_rate > 1":           "{Condition:gain.achieved_rate > 1 Met:false Value:0 Problem:it is no finite number Aborted:false} ",
	} {
		judged := result.Judge(condition, r)
		if got := fmt.Sprintf("%+v %s", judged, judged.Shown()); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}
