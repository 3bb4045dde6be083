package planfile

import (
	"sessbench/workload"
	"sessbench/workload/session"
)

func armSections() []section {
	return []section{{name: "arm", at: "arms", title: "Arms", about: "What an arm does not say is its policy's. The [modifiers](plan.md#arms) of `--arms` say the same behind a policy's name.", keys: []Key{
		{"name", text(), "policy and modifiers", "", "", "how results call it", "five"},
		{"policy", described("policy", text()), "`pooled`", "", "", "`pooled`, `fresh`, `fresh-resumed`, `reuse-N` or `shared-pool`", "reuse-5"},
		{"target", text(), "the plan's", "", "", "base URL of a server of its own, with the scheme of the plan's, for [comparing two servers](how-to/compare-two-versions.md)", "https://next.example.com"},
		{"http", httpVersion(), "the plan's", "", "", "version of HTTP", `"2"`},
		{"requests_per_connection", whole(1), "the policy's", "requests", "", "after which a connection is closed", "5"},
		{"pool", oneOf("worker", "shared"), "the policy's", "", "", "whether each worker has connections of its own", "shared"},
		{"pool_size", whole(1), "one for each worker", "connections", "", "of a shared pool", "8"},
		{"pool_overflow", boolean(), "`false`", "", "", "beyond the pool's size more are opened, and closed when they are returned", "true"},
		{"pool_order", oneOf("lifo", "fifo"), "`lifo`", "", "", "whether the connection that was used last is taken first", "fifo"},
		{"idle_timeout", duration(), "none", withUnit, "", "connections idle for longer are not used again", "30s"},
		{"max_age", duration(), "none", withUnit, "", "connections opened longer ago are not used again", "5m"},
		{"streams", whole(1), "`1`, in a shared pool `100`", "exchanges", "", "at a time on a connection, HTTP/2 and 3 in a shared pool", "32"},
		{"close", oneOf("client", "server", "reset"), "`client`", "", "", "who closes: we, the server, told to by Connection: close, or we by a reset (RST)", "server"},
		{"close_notify", boolean(), "`true`", "", "", "TLS connections are closed with the closing alert", "false"},
		{"tls_resumption", boolean(), "the policy's", "", "", "TLS sessions are resumed", "true"},
		{"ticket_lifetime", duration(), "the server's", withUnit, "", "how long they are", "60s"},
		{"early_data", boolean(), "`false`", "", "", "requests go in 0-RTT (HTTP/3)", "true"},
		{"tls_min", tlsVersion(), "the session's", "", "", "least version of TLS", `"1.3"`},
		{"tls_max", tlsVersion(), "the session's", "", "", "greatest version of TLS", `"1.2"`},
		{"curves", some(described("name", text())), "the session's", "", "", "key exchanges to offer", "[X25519]"},
		{"dns_lifetime", lifetime(), "the connection's", withUnit, "", "how long a name's addresses are used again", "60s"},
		{"resend", boolean(), "`true`", "", "", "a request that died on a kept connection is sent once more, where that is safe", "false"},
	}}}
}

func lifetime() Type { return Type{"time or `forever`", ref("lifetime")} }

func sessionSections() []section {
	fields := Type{"mapping", ref("fields")}
	return []section{
		{name: "session", at: "session", title: "Session", about: "The same in every arm.", keys: []Key{
			{"headers", fields, "", "", "--header", "header lines of every request; a list repeats the name, null takes a default away", "{User-Agent: MyApp/1.0, Accept-Language: null}"},
			{"params", fields, "", "", "", "parameters of every URL's query", "{locale: en}"},
			{"auth", or(object("auth"), oneOf("none")), "none", "", "", "how requests authenticate", `{basic: {user: me, password: "${API_PASSWORD}"}}`},
			{"cookies", named("names", text()), "", "", "--cookie", "cookies that every session starts with, for the target", "{theme: dark}"},
			{"timeout", or(object("timeout"), duration()), "", "", "", "limits of a call; a time alone is `total`", "{connect: 2s, total: 10s}"},
			{"max_redirects", whole(0), quoted(itoa(workload.DefaultMaxRedirects)), "redirects", "--max-redirects", "that a call follows; where it is given they are followed", "5"},
			{"follow", boolean(), "`false`", "", "--location", "redirects are followed", "true"},
			{"trust_env", boolean(), "`false`", "", "--trust-env", "the environment gives proxies, authorities and netrc", "true"},
			{"proxies", proxies(), "none", "", "--proxy", "by what they are for: `http`, `https`, `all`, one of these with a host, or `no_proxy`. A URL alone is for all; null takes away", "{https: http://proxy.example:3128}"},
			{"tls", object("tls"), "", "", "", "whom to trust and what to offer", "{ca: ca.pem}"},
			{"adapters", named("URLs' beginnings", object("adapter")), "", "", "", "retries, by the beginning of a URL; the longest that fits counts", "{https://api.example.com/: {retries: 3}}"},
			{"resolve", some(text()), "", "", "--resolve", "host:port:address, in the place of DNS", "[api.example.com:443:127.0.0.1]"},
			{"connect_to", some(text()), "", "", "--connect-to", "host:port:host:port, other servers to connect to", `["api.example.com:443:staging.example.com:8443"]`},
			{"renew_every", whole(1), "never", "iterations", "", "after which a worker begins a new session: another user, without cookies and connections", "100"},
		}},
		{name: "auth", at: "session.auth", title: "Authentication", about: "One of these, or `none`.", keys: []Key{
			{"basic", object("credentials"), "", "", "--user", "user and password, sent up front", `{user: me, password: "${API_PASSWORD}"}`},
			{"bearer", text(), "", "", "", "a token, sent up front", `"${API_TOKEN}"`},
			{"digest", object("credentials"), "", "", "--digest", "user and password that answer challenges", `{user: me, password: "${API_PASSWORD}"}`},
		}},
		{name: "credentials", at: "session.auth.basic", title: "Credentials", keys: []Key{
			{"user", text(), "empty", "", "", "name of the user", "me"},
			{"password", text(), "empty", "", "", "its password", `"${API_PASSWORD}"`},
		}},
		{name: "timeout", at: "session.timeout", title: "Timeouts", about: "`0s` is no limit.", keys: []Key{
			{"connect", duration(), quotedTime(workload.DefaultConnectTimeout), withUnit, "--connect-timeout", "longest time for DNS, TCP and TLS", "2s"},
			{"read", duration(), quotedTime(workload.DefaultReadTimeout), withUnit, "--read-timeout", "longest silence inside a response", "10s"},
			{"write", duration(), "as `read`", withUnit, "", "longest standstill in sending", "10s"},
			{"total", duration(), quotedTime(workload.DefaultTotalTimeout), withUnit, "--timeout", "longest time for a whole call", "20s"},
		}},
		{name: "tls", at: "session.tls", title: "TLS", keys: []Key{
			{"verify", boolean(), "`true`", "", "--insecure", "the server's certificate is checked", "false"},
			{"ca", fileName(), "the system's", "", "--cacert", "authorities, as PEM", "ca.pem"},
			{"cert", fileName(), "none", "", "--cert", "certificate of the client, as PEM", "client.pem"},
			{"key", fileName(), "in `cert`", "", "--key", "its key, as PEM", "client.key"},
			{"min", tlsVersion(), "`1.2`", "", "--tls-min", "least version", `"1.3"`},
			{"max", tlsVersion(), "the newest", "", "--tls-max", "greatest version", `"1.2"`},
			{"curves", some(described("name", text())), "Go's", "", "--curves", "key exchanges to offer; their order has no meaning", "[X25519MLKEM768, X25519]"},
			{"ciphers", some(described("name", text())), "Go's", "", "--ciphers", "cipher suites of TLS 1.2 to offer", "[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]"},
			{"alpn", some(described("protocol", text())), "that of the HTTP version", "", "--alpn", "protocols to offer, or `none`", "[h2, http/1.1]"},
			{"server_name", text(), "the URL's host", "", "--sni", "sent and compared with the certificate", "api.example.com"},
			{"key_log", fileName(), "none", "", "--key-log", "file that the secrets of every connection are appended to, for Wireshark", "keys.log"},
		}},
		{name: "adapter", at: "session.adapters.URL", title: "Adapters", keys: []Key{
			{"retries", or(whole(0), object("retries")), "none", "", "", "requests that are sent again; a number alone is `total`", "{total: 3, backoff: 100ms, statuses: [502, 503]}"},
			{"pool_connections", whole(0), "", "hosts", "", "whose connections are kept; of the session library, refused by measured runs", "10"},
			{"pool_maxsize", whole(0), "", "connections", "", "kept for each; likewise", "10"},
			{"pool_block", boolean(), "`false`", "", "", "no more than that are opened; likewise", "true"},
		}},
		{name: "retries", at: "session.adapters.URL.retries", title: "Retries", about: "What is used up first ends it.", keys: retryKeys()},
	}
}

func proxies() Type {
	all := schema{
		"type": nullable("object"),
		"propertyNames": schema{
			"pattern":     `^(https?|all)(://.+)?$|^no_proxy$`,
			"description": "http, https, all, one of them with a host as in https://api.example.com, or no_proxy",
		},
		"additionalProperties": either(ref("text"), schema{"type": "null"}),
		"properties":           schema{"no_proxy": some(text()).schema},
	}
	return Type{"mapping or text", either(ref("text"), all)}
}

func retryKeys() []Key {
	count := func(name, meaning string) Key {
		return Key{name, whole(0), "no limit", "retries", "", meaning, "3"}
	}
	return []Key{
		count("total", "in all"), count("connect", "where no connection came about"),
		count("read", "where a request was sent and no whole head came back"), count("status", "where the response has one of `statuses`"),
		count("redirect", "the same, of responses that are redirects"), count("other", "where TLS failed or a proxy refused"),
		{"methods", or(some(described("method", text())), oneOf("any")), "those that are idempotent", "", "", "that `read`, `status` and `redirect` are for", "[GET, PUT]"},
		{"statuses", some(described("status", statusNumber())), "none", "", "", "that are retried; 413, 429 and 503 with a `Retry-After` are too", "[502, 503]"},
		{"backoff", duration(), "`0s`", withUnit, "", "the n-th retry waits for it times 2 to the power of n-1, but for the first", "100ms"},
		{"backoff_max", duration(), quotedTime(session.DefaultBackoffMax), withUnit, "", "longest such wait", "5s"},
		{"jitter", duration(), "`0s`", withUnit, "", "random time on top, at most", "50ms"},
		{"respect_retry_after", boolean(), "`true`", "", "", "a response's `Retry-After` takes the place of the backoff", "false"},
		{"retry_after_max", duration(), quotedTime(session.DefaultRetryAfterMax), withUnit, "", "longest such wait", "10s"},
		{"return_last", boolean(), "`false`", "", "", "the last response is taken where no retry is left, instead of an error", "true"},
	}
}

func connectionSections() []section {
	size, bits := Type{"size", ref("size")}, Type{"bandwidth", ref("bits")}
	return []section{
		{name: "connection", at: "connection", title: "Connection", keys: []Key{
			{"source", some(described("address", text())), "the system's", "", "--source", "local addresses, ranges (`10.0.0.1-10.0.0.9`) and prefixes (`10.0.0.0/28`) to connect from, in turn", "[10.0.0.1-10.0.0.9]"},
			{"unix_socket", fileName(), "none", "", "--unix-socket", "path of a Unix socket to connect to instead; `@name` is one of the abstract namespace", "/run/app.sock"},
			{"proxy_protocol", described("`1`, `2`", Type{schema: either(schema{"enum": []any{1, 2}}, ref("variable"))}), "none", "", "--proxy-protocol", "version of the PROXY protocol header that connections begin with", "2"},
			{"fast_open", boolean(), "`false`", "", "--tcp-fastopen", "the first bytes go with the SYN", "true"},
			{"no_delay", boolean(), "set where it matters", "", "--tcp-nodelay", "TCP_NODELAY", "false"},
			{"keep_alive", or(object("keep_alive"), duration()), "no probes", "", "", "probes on idle connections; a time alone is `idle`", "30s"},
			{"send_buffer", size, "the system's", "bytes", "--send-buffer", "a socket's send buffer", "256k"},
			{"receive_buffer", size, "the system's", "bytes", "--receive-buffer", "a socket's receive buffer", "256k"},
			{"happy_eyeballs", or(duration(), boolean()), "one after the other", withUnit, "--happy-eyeballs", "delay after which the next address is tried too (RFC 8305); true is the usual `250ms`", "true"},
			{"addresses", oneOf("in-order", "turn", "random"), "`in-order`", "", "--addresses", "which of a name's addresses comes first", "turn"},
			{"dns_lifetime", lifetime(), "`0s`: each connection looks it up", withUnit, "--dns-lifetime", "how long a name's addresses are used again", "60s"},
		}},
		{name: "keep_alive", at: "connection.keep_alive", title: "Keep-alive", keys: []Key{
			{"idle", duration(), "no probes", "whole seconds", "--tcp-keepalive", "silence before the first probe", "30s"},
			{"interval", duration(), "the system's", "whole seconds", "--tcp-keepalive", "time between probes", "5s"},
			{"count", whole(1), "the system's", "probes", "--tcp-keepalive", "that end the connection if none is answered", "3"},
		}},
		{name: "emulate", at: "emulate", title: "Emulated path", about: "On our side of every connection: see [emulated distance](emulation.md).", needs: schema{"required": []any{"rtt"}}, keys: []Key{
			{"rtt", duration(), "", withUnit, "--emulate-rtt", "round-trip time that is added", "40ms"},
			{"down", bits, "no limit", "bits/s", "--emulate-down", "bandwidth towards us", "20M"},
			{"up", bits, "no limit", "bits/s", "--emulate-up", "bandwidth from us", "5M"},
			{"window", whole(1), quoted(itoa(workload.DefaultWindow)), "segments", "--emulate-window", "that a sender begins with", "10"},
		}},
	}
}
