package workload

import (
	"fmt"
	"slices"
	"strings"

	"sessbench/result"
	"sessbench/workload/session"
	"sessbench/workload/wire"
)

// connectionFields are those of a request that HTTP/2 and 3 do not have (RFC 9113, section 8.2.2, and RFC 9114, section
// 4.2).
var connectionFields = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Upgrade", "TE"}

// unsentFields lists the fields of the plan that an arm with this version of HTTP leaves out, in the order of
// connectionFields. A connection to be kept is what there is anyway.
func (p *Plan) unsentFields(version wire.Protocol) []string {
	if !version.Multiplexed() {
		return nil
	}
	var list []string
	for _, name := range connectionFields {
		unsent := func(f session.Field) bool {
			return strings.EqualFold(f.Name, name) && slices.ContainsFunc(f.Values, func(value string) bool {
				return !strings.EqualFold(value, "keep-alive") && !(name == "TE" && strings.EqualFold(value, "trailers"))
			})
		}
		inMix := func(o Operation) bool {
			return slices.ContainsFunc(append(slices.Clip(o.Steps), o), func(o Operation) bool { return slices.ContainsFunc(o.Headers, unsent) })
		}
		if slices.ContainsFunc(p.Session.Headers, unsent) || slices.ContainsFunc(p.Mix, inMix) {
			list = append(list, name)
		}
	}
	return list
}

// unsent is the doubt about an arm that leaves header fields out, or none.
func (a *armRun) unsent(p *Plan) []result.Warning {
	fields := p.unsentFields(a.policy.HTTP)
	if len(fields) == 0 {
		return nil
	}
	return []result.Warning{a.doubt("header_not_sent",
		fmt.Sprintf("the request's own header %s was not sent, for it is about connections of HTTP/1.1 and %s does not have it", strings.Join(fields, ", "), versionName(a.policy.HTTP)),
		"leave that header out; the arms decide about connections")}
}

// versionName is a version of HTTP as people say it.
func versionName(p wire.Protocol) string {
	if p == wire.H2C {
		return "HTTP/2"
	}
	return "HTTP/" + string(p)
}
