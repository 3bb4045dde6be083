package main

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"

	"sessbench/workload"
)

// A binding ties a flag to the plan's key that it sets.
type binding struct{ flag, key string }

// bindings has every flag of a measurement that is not in besideKeys, and every key of a plan that is not in
// fileOnly. The URL argument is written "URL".
func bindings() []binding {
	return []binding{
		{"URL", "target"},
		{"arms", "arms"},
		{"http", "http"},
		{"header", "session.headers"},
		{"user", "session.auth.basic"},
		{"digest", "session.auth.digest"},
		{"cookie", "session.cookies"},
		{"connect-timeout", "session.timeout.connect"},
		{"read-timeout", "session.timeout.read"},
		{"timeout", "session.timeout.total"},
		{"location", "session.follow"},
		{"max-redirects", "session.max_redirects"},
		{"trust-env", "session.trust_env"},
		{"proxy", "session.proxies"},
		{"insecure", "session.tls.verify"},
		{"cacert", "session.tls.ca"},
		{"cert", "session.tls.cert"},
		{"key", "session.tls.key"},
		{"tls-min", "session.tls.min"},
		{"tls-max", "session.tls.max"},
		{"curves", "session.tls.curves"},
		{"ciphers", "session.tls.ciphers"},
		{"alpn", "session.tls.alpn"},
		{"sni", "session.tls.server_name"},
		{"key-log", "session.tls.key_log"},
		{"resolve", "session.resolve"},
		{"connect-to", "session.connect_to"},
		{"source", "connection.source"},
		{"unix-socket", "connection.unix_socket"},
		{"proxy-protocol", "connection.proxy_protocol"},
		{"tcp-fastopen", "connection.fast_open"},
		{"tcp-nodelay", "connection.no_delay"},
		{"tcp-keepalive", "connection.keep_alive.idle"},
		{"tcp-keepalive", "connection.keep_alive.interval"},
		{"tcp-keepalive", "connection.keep_alive.count"},
		{"send-buffer", "connection.send_buffer"},
		{"receive-buffer", "connection.receive_buffer"},
		{"happy-eyeballs", "connection.happy_eyeballs"},
		{"addresses", "connection.addresses"},
		{"dns-lifetime", "connection.dns_lifetime"},
		{"emulate-rtt", "emulate.rtt"},
		{"emulate-down", "emulate.down"},
		{"emulate-up", "emulate.up"},
		{"emulate-window", "emulate.window"},
		{"method", "mix.method"},
		{"URL", "mix.url"},
		{"body", "mix.body"},
		{"body-file", "mix.body_file"},
		{"workers", "load.workers"},
		{"max-workers", "load.max_workers"},
		{"duration", "load.duration"},
		{"requests", "load.requests"},
		{"rate", "load.rate"},
		{"arrivals", "load.arrivals"},
		{"warmup", "load.warmup"},
		{"blocks", "load.blocks"},
		{"seed", "load.seed"},
		{"fail-if", "fail_if"},
		{"out", "output.file"},
		{"format", "output.format"},
		{"quiet", "output.quiet"},
	}
}

// besideKeys lists the flags that are about the plan itself.
func besideKeys() []string { return []string{"plan", "set"} }

// A planOnly is a key of a plan that has no flag of its own; --set sets it over a plan file.
type planOnly struct{ key, why string }

// What a flag would not be fit for.
const (
	structured = "it is a list or a mapping with parts of its own"
	several    = "it is about one of several requests"
	secretText = "a secret has no place among the arguments of a process, which others can see"
	seldom     = "it is seldom set without a plan"
)

// fileOnly lists the keys of a plan that only a plan file and --set give a value.
func fileOnly() []planOnly {
	list := []planOnly{
		{"session.params", structured}, {"session.auth.bearer", secretText}, {"session.timeout.write", seldom},
		{"session.adapters", structured}, {"session.renew_every", seldom},
		{"feeds", structured}, {"setup", structured}, {"teardown", structured},
		{"load.stages", structured}, {"load.trace", seldom}, {"thresholds", structured},
	}
	for _, key := range []string{"name", "weight", "rate", "headers", "params", "cookies", "auth", "timeout", "follow", "proxies", "tls"} {
		list = append(list, planOnly{"mix." + key, several})
	}
	for _, key := range []string{"form", "json", "multipart", "expect", "check", "extract", "think", "steps"} {
		list = append(list, planOnly{"mix." + key, structured})
	}
	return list
}

// explainKeyError puts a plan's error into the words of the command line, where it
// is about a key. Other errors are returned as they are.
func explainKeyError(err error) error {
	e, ok := errors.AsType[*workload.KeyError](err)
	if !ok {
		return err
	}
	known := bindings()
	slices.SortFunc(known, func(a, b binding) int { return cmp.Compare(len(b.key), len(a.key)) })
	var inText []string
	for _, b := range known {
		if strings.Contains(b.key, ".") { // a bare word may mean itself
			inText = append(inText, b.key, b.shown())
		}
	}
	inText = append(inText, "connection.keep_alive", flagOf("connection.keep_alive"))
	return usagef("%s %s", flagOf(e.Key), strings.NewReplacer(inText...).Replace(e.Problem))
}

// flagOf returns the flag that sets key or the value that key lies in, or the key
// itself where there is none.
func flagOf(key string) string {
	plain := regexp.MustCompile(`\[\d+\]`).ReplaceAllString(key, "")
	if plain == "mix.headers" || strings.HasPrefix(plain, "mix.headers.") { // an operation's own lines come from a plan only
		plain = "session.headers"
	}
	if plain == "connection.keep_alive" {
		plain = "connection.keep_alive.idle"
	}
	for _, b := range bindings() {
		if plain == b.key || strings.HasPrefix(plain, b.key+".") {
			return b.shown()
		}
	}
	return key
}

func (b binding) shown() string {
	if b.flag == "URL" {
		return b.flag
	}
	return "--" + b.flag
}
