package planfile

import (
	"slices"
	"strings"
)

func operationSections() []section {
	share := []Key{
		{"weight", whole(1), "`1`", "", "", "how often it is chosen, beside the others of the mix", "7"},
		{"rate", number(), "none", "iterations/s", "", "of its own, in the open model, in the place of weights; all items of the mix have one, or none", "50"},
	}
	name := Key{"name", text(), "method and path, with a number where several have the same", "", "", "what results call it", "list"}
	own := slices.Concat([]Key{name}, methodKeys(), requestKeys(), answerKeys())
	thinking := Key{"think", think(), "none", withUnit, "", "pause after each step that has none of its own", "200ms"}
	return []section{
		{name: "operation", at: "mix", title: "Operations", needs: hasURL(), keys: slices.Concat(own, share),
			about: "One request. Where [templates](#templates) can stand is said by the type. What an operation does not say is the session's."},
		{name: "scenario", at: "mix", title: "Scenarios", needs: schema{"required": []any{"name", "steps"}},
			about: "Operations that one worker makes in order, as one iteration. A step that fails ends it.",
			keys: slices.Concat([]Key{
				{"name", text(), "", "", "", "what results call it; its steps are name/step", "checkout"},
				{"steps", filled(Type{"operation", ref("once")}), "", "", "", "operations, without weight and rate", "[{post: /cart}, {post: /pay}]"},
				thinking,
			}, share)},
		{name: "once", title: "", needs: hasURL(), keys: own},
		{name: "multipart", at: "mix.multipart", title: "Multipart forms", keys: []Key{
			{"fields", templateFields(), "", "", "", "fields that are texts", "{title: a picture}"},
			{"files", list(object("file")), "", "", "", "fields that are files", "[{field: picture, path: picture.png}]"},
		}},
		{name: "file", at: "mix.multipart.files", title: "Files of a form", needs: schema{"required": []any{"field"}}, keys: []Key{
			{"field", text(), "", "", "", "name of the field", "picture"},
			{"name", template(), "the last element of `path`", "", "", "name that the server is told", "picture.png"},
			{"type", text(), "by the name", "", "", "media type", "image/png"},
			{"path", fileName(), "", "", "", "where the content is, sent as it is; or", "picture.png"},
			{"content", template(), "", "", "", "the content itself", `"a,b\n1,2\n"`},
		}},
	}
}

func templateFields() Type { return Type{"mapping to templates", ref("fields")} }

// methodKeys say method and URL.
func methodKeys() []Key {
	var keys []Key
	for _, method := range methods {
		keys = append(keys, Key{method, template(), "", "", "", "method " + strings.ToUpper(method) + ", with its URL: relative to the target, or whole", "/items/{{id}}"})
	}
	return append(keys,
		Key{"method", text(), "", "", "--method", "another method, beside `url`", "PURGE"},
		Key{"url", template(), "", "", "URL", "URL, beside `method`", "/items"})
}

// requestKeys say what is sent.
func requestKeys() []Key {
	return []Key{
		{"headers", templateFields(), "", "", "", "header lines, over the session's; a list repeats the name, null takes away", "{Accept: text/html, If-None-Match: \"{{etag}}\"}"},
		{"params", templateFields(), "", "", "", "parameters of the query, over the session's", "{page: \"{{page}}\"}"},
		{"cookies", described("mapping to templates", named("names", text())), "", "", "", "of this request only", "{theme: dark}"},
		{"auth", or(object("auth"), oneOf("none")), "the session's", "", "", "how it authenticates; templates in `basic` and `bearer`", "{bearer: \"{{token}}\"}"},
		{"body", template(), "none", "", "--body", "body; of this and the next four there is one", "a=1"},
		{"body_file", fileName(), "none", "", "--body-file", "file with the body, which is sent as it is", "body.json"},
		{"form", templateFields(), "none", "", "", "fields of a form", "{user: \"{{users.name}}\"}"},
		{"json", described("anything, with templates", anything()), "none", "", "", "sent as JSON; a text that is one template and nothing else becomes a value of its type", "{id: \"{{id}}\", tags: [a, b]}"},
		{"multipart", object("multipart"), "none", "", "", "a form with files", "{files: [{field: picture, path: picture.png}]}"},
		{"timeout", or(object("timeout"), duration()), "the session's", "", "", "over the session's; a time alone is `total`", "5s"},
		{"follow", boolean(), "the session's", "", "", "redirects are followed", "false"},
		{"proxies", proxies(), "the session's", "", "", "over the session's", "{https: null}"},
		{"tls", object("tls"), "the session's", "", "", "over the session's", "{cert: other.pem}"},
	}
}

// answerKeys say what is done with the response, and afterwards.
func answerKeys() []Key {
	return []Key{
		{"expect", some(described("status", Type{schema: ref("status")})), "below 400, unless a check looks at the status", "", "", "statuses that are no error: numbers, and classes such as `2xx`", "[200, 404]"},
		{"check", checkType(), "none", "", "", "what has to be true of the response: an [expression](expressions.md), several, or names for them; a check that fails is an error of class check", `{found: status == 200, fast: duration < 50ms}`},
		{"extract", named("variables", object("extraction")), "", "", "", "values that are taken from the response, for later requests of the session", "{id: {json: items.0.id}}"},
		{"think", think(), "none", withUnit, "", "pause after it; the open model makes none after an iteration", "200ms"},
	}
}

func checkType() Type {
	names := named("names", expression())
	names.said = "mapping of names to expressions"
	item := either(ref("text"), names.schema)
	return Type{"expression, list of them or mapping of names to them", either(item, schema{"type": "array", "items": item})}
}

func think() Type { return or(duration(), object("think")) }

// hasURL wants one way of saying what is requested.
func hasURL() schema {
	ways := []any{schema{"required": []any{"method", "url"}}}
	for _, method := range methods {
		ways = append(ways, schema{"required": []any{method}})
	}
	return schema{"oneOf": ways}
}

func answerSections() []section {
	return []section{
		{name: "extraction", at: "mix.extract.NAME", title: "Extractions", about: "One of the first five says from where.", keys: []Key{
			{"json", text(), "", "", "", "path in a JSON body ([GJSON](https://github.com/tidwall/gjson/blob/master/SYNTAX.md))", "items.0.id"},
			{"regexp", text(), "", "", "", "regular expression (RE2) in the body: its first group, or all of it where it has none", `'id=(\d+)'`},
			{"header", text(), "", "", "", "name of a header", "ETag"},
			{"cookie", text(), "", "", "", "name of a cookie that the response sets", "session"},
			{"form", text(), "", "", "", "name of a field of an HTML form", "csrf_token"},
			{"default", text(), "the call fails, class extract", "", "", "where there is no such value", "none"},
		}, needs: schema{"oneOf": []any{
			schema{"required": []any{"json"}}, schema{"required": []any{"regexp"}}, schema{"required": []any{"header"}},
			schema{"required": []any{"cookie"}}, schema{"required": []any{"form"}},
		}}},
		{name: "think", at: "mix.think", title: "Pauses", about: "A time alone is `constant`. One of the first five is given.", keys: []Key{
			{"constant", duration(), "", withUnit, "", "always the same", "200ms"},
			{"uniform", Type{"list of two times", schema{"type": "array", "items": ref("duration"), "minItems": 2, "maxItems": 2}}, "", withUnit, "", "evenly distributed from the first to the second", "[1s, 3s]"},
			{"normal", object("normal"), "", "", "", "normally distributed, none below 0", "{mean: 2s, deviation: 500ms}"},
			{"exponential", duration(), "", withUnit, "", "exponentially distributed, with this mean", "2s"},
			{"lognormal", object("lognormal"), "", "", "", "log-normally distributed, as people's pauses often are", "{median: 2s, sigma: 0.5}"},
			{"max", duration(), "no limit", withUnit, "", "none is longer", "10s"},
		}},
		{name: "normal", at: "mix.think.normal", title: "Normal distribution", keys: []Key{
			{"mean", duration(), "`0s`", withUnit, "", "mean", "2s"},
			{"deviation", duration(), "`0s`", withUnit, "", "standard deviation", "500ms"},
		}},
		{name: "lognormal", at: "mix.think.lognormal", title: "Log-normal distribution", keys: []Key{
			{"median", duration(), "`0s`", withUnit, "", "median", "2s"},
			{"sigma", number(), "`0`", "", "", "standard deviation of the logarithm, at most 10", "0.5"},
		}},
	}
}
