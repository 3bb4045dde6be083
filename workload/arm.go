package workload

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"sessbench/workload/wire"
)

// An Arm is one connection policy under test.
type Arm struct {
	Name   string // how results call it
	Policy string // built-in policy it was made from
	// NoResend: a request that died on a reused connection has failed, where the
	// policy would send it again.
	NoResend bool
}

// MarshalJSON writes the policy's name alone where there is nothing else to say.
func (a Arm) MarshalJSON() ([]byte, error) {
	if a == (Arm{Name: a.Policy, Policy: a.Policy}) {
		return json.Marshal(a.Name)
	}
	object := orderedObject{{"name", a.Name}, {"policy", a.Policy}}
	if a.NoResend {
		object = append(object, member{"resend", false})
	}
	return object.MarshalJSON()
}

// policy returns what the arm does with connections.
func (a Arm) policy() (wire.Policy, error) {
	p, err := policyOf(a.Policy)
	p.Resend = p.Resend && !a.NoResend
	return p, err
}

// PolicyNames lists the built-in policies for messages.
const PolicyNames = "pooled, fresh, fresh-resumed, reuse-N (N requests on each connection), shared-pool"

// noResend stands behind a policy's name for Arm.NoResend.
const noResend = "+no-resend"

// ParseArms reads a list such as "pooled,five=reuse-5,fresh". Behind a policy may stand
// "+no-resend"; an arm without a name of its own is then called "pooled-no-resend".
func ParseArms(list string) ([]Arm, error) {
	var arms []Arm
	for _, item := range strings.Split(list, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			return nil, &KeyError{"arms", fmt.Sprintf("%q has an empty name; write a list such as pooled,fresh", list)}
		}
		arm := parseArm(item)
		if _, modifier, ok := strings.Cut(arm.Policy, "+"); ok {
			return nil, &KeyError{"arms", fmt.Sprintf("has %q, which ends in the unknown %q; the only addition to a policy is %s, as in pooled%s", item, "+"+modifier, noResend, noResend)}
		}
		arms = append(arms, arm)
	}
	return arms, validateArms(arms)
}

func parseArm(item string) Arm {
	name, policy, renamed := strings.Cut(item, "=")
	if !renamed {
		policy = name
	}
	policy, modified := strings.CutSuffix(policy, noResend)
	if modified && !renamed {
		name = policy + "-" + strings.TrimPrefix(noResend, "+")
	}
	return Arm{Name: name, Policy: policy, NoResend: modified}
}

// DefaultArms are those of a comparison that names none. Over TLS the cost of a full
// handshake is told from that of a new connection.
func DefaultArms(secure bool) []Arm {
	names := []string{"pooled", "fresh"}
	if secure {
		names = []string{"pooled", "fresh-resumed", "fresh"}
	}
	var arms []Arm
	for _, name := range names {
		arms = append(arms, Arm{Name: name, Policy: name})
	}
	return arms
}

func validateArms(arms []Arm) error {
	if len(arms) == 0 {
		return &KeyError{"arms", "is empty; name at least one of " + PolicyNames}
	}
	seen := map[string]bool{}
	for _, a := range arms {
		switch {
		case !validArmName(a.Name):
			return &KeyError{"arms", fmt.Sprintf("has the name %q; use letters, digits, - and _", a.Name)}
		case a.Name == "gain":
			return &KeyError{"arms", `has the name "gain", which conditions use for the ratio between arms; choose another`}
		case seen[a.Name]:
			return &KeyError{"arms", fmt.Sprintf("has %q twice; give one of them another name, as in a=%s,b=%s", a.Name, a.Policy, a.Policy)}
		}
		if _, err := policyOf(a.Policy); err != nil {
			return err
		}
		seen[a.Name] = true
	}
	return nil
}

func validArmName(name string) bool {
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
		default:
			return false
		}
	}
	return name != ""
}

// policyOf returns what a built-in policy's name stands for.
func policyOf(name string) (wire.Policy, error) {
	pooled := wire.Policy{Resend: true}
	switch name {
	case "pooled":
		return pooled, nil
	case "shared-pool":
		pooled.SharedPool = true
		return pooled, nil
	case "fresh":
		return wire.Policy{RequestsPerConnection: 1, Resend: true}, nil
	case "fresh-resumed":
		return wire.Policy{RequestsPerConnection: 1, ResumeTLS: true, Resend: true}, nil
	}
	if count, ok := strings.CutPrefix(name, "reuse-"); ok {
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 {
			return wire.Policy{}, &KeyError{"arms", fmt.Sprintf("has the policy %q; write a whole number of at least 1, as in reuse-10", name)}
		}
		pooled.RequestsPerConnection = n
		return pooled, nil
	}
	return wire.Policy{}, &KeyError{"arms", fmt.Sprintf("has the unknown policy %q; choose from %s", name, PolicyNames)}
}
