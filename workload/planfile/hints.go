package planfile

import (
	"regexp"
	"slices"
	"strings"

	"sessbench/internal/nearest"
)

// hint says what to write in the place of a key that is none: the key that is probably meant, what other
// tools' words are called here, or which keys there are.
func hint(path, name string, known []key) string {
	if strings.HasPrefix(name, "//") || strings.HasPrefix(name, "/*") {
		return "comments begin with #, in JSON too"
	}
	if text := elsewhere(path, name); text != "" {
		return text
	}
	var names []string
	for _, k := range known {
		if k.name[0] != '$' {
			names = append(names, k.name)
		}
	}
	if near := nearest.To(name, names); near != "" {
		return "did you mean " + near + "?"
	}
	return "the keys here are " + strings.Join(names, ", ")
}

// isOperation matches the paths of operations and steps.
var isOperation = regexp.MustCompile(`^(?:mix|setup|teardown)\[\d+\](?:\.steps\[\d+\])*$`)

// elsewhere knows what users of other tools, and of requests, call things. path is that of the mapping.
func elsewhere(path, name string) string {
	word := strings.ReplaceAll(strings.ToLower(name), "-", "_")
	operation := isOperation.MatchString(path)
	switch {
	case path == "":
		return inPlan(word)
	case path == "session" || operation:
		return inCall(word, operation)
	case strings.HasSuffix(path, "auth"):
		return inAuth(word)
	case strings.HasSuffix(path, ".basic") || strings.HasSuffix(path, ".digest"):
		switch word {
		case "username", "name", "login":
			return "write user"
		case "pass", "passwd", "pwd", "secret":
			return "write password"
		}
	case strings.HasPrefix(path, "arms["):
		return inArm(word)
	case path == "connection" || path == "emulate":
		return inConnection(word)
	case strings.HasSuffix(path, "retries"):
		return inRetries(word)
	case path == "load":
		return inLoad(word)
	case strings.HasPrefix(path, "load.stages["):
		return inStage(word)
	case strings.HasPrefix(path, "thresholds["):
		return inThreshold(word)
	case strings.Contains(path, ".extract."):
		return inExtraction(word)
	case strings.HasSuffix(path, ".think") || strings.Contains(path, ".think."):
		return inThink(word)
	}
	return ""
}

// inPlan is about the top of the file.
func inPlan(word string) string {
	switch word {
	case "url", "base_url", "host", "server":
		return "write target: http://localhost:8080"
	case "requests", "duration", "workers", "rate", "warmup", "blocks", "arrivals", "seed", "max_workers", "stages", "trace":
		return "write it under load"
	case "renew_every":
		return "write it under session"
	case "vus", "users", "threads", "concurrency", "connections":
		return "write load: {workers: 10}"
	case "scenario", "scenarios", "flow", "flows", "tests", "endpoints":
		return "write mix: [{name: buy, steps: [{post: /cart}, {post: /pay}]}]"
	case "variables", "vars", "data", "payload", "payloads", "feeders":
		return "write feeds: {users: {csv: users.csv}}"
	case "check", "checks", "think", "extract", "expect":
		return "write it in the operations of mix"
	case "imports", "import", "extends":
		return "write include: base.yaml"
	case "before", "on_start", "before_all":
		return "write setup: [{post: /login}]"
	case "after", "on_stop", "after_all":
		return "write teardown: [{post: /logout}]"
	case "headers", "params", "auth", "cookies", "timeout", "max_redirects", "follow", "trust_env", "proxies", "tls", "adapters":
		return "write it under session"
	case "source", "unix_socket", "proxy_protocol", "fast_open", "no_delay", "keep_alive", "send_buffer", "receive_buffer", "happy_eyeballs", "addresses", "dns_lifetime":
		return "write it under connection"
	case "emulation", "emulate_rtt", "rtt", "latency", "delay":
		return "write emulate: {rtt: 40ms}"
	case "http_version", "protocol", "http2", "http3":
		return "write http: \"2\", or 1.1, h2c or 3"
	case "operations", "steps", "get", "post", "put", "delete":
		return "write mix: [{get: /items}, {post: /items, json: {name: thing}}]"
	case "verify", "cert", "ca", "insecure", "allow_redirects", "follow_redirects", "redirects", "retries", "max_retries", "proxy", "mounts":
		return under("session", inCall(word, false))
	}
	return ""
}

func under(key, text string) string {
	return strings.Replace(text, "write ", "write under "+key+" ", 1)
}

// inCall is about a session and an operation.
func inCall(word string, operation bool) string {
	switch word {
	case "tls_min", "tls_max", "min_version", "max_version", "tls_version":
		return "write tls: {min: \"1.2\", max: \"1.3\"}"
	case "curves", "ciphers", "alpn", "key_log":
		return "write it under tls"
	case "sni", "server_name":
		return "write tls: {server_name: api.example.com}"
	case "verify", "verify_ssl", "ssl_verify", "insecure":
		return "write tls: {verify: false} to accept any certificate"
	case "ca", "ca_file", "cacert", "ca_bundle":
		return "write tls: {ca: ca.pem}"
	case "cert", "key", "client_cert":
		return "write tls: {cert: client.pem, key: client.key}"
	case "allow_redirects", "follow_redirects", "redirects", "redirect", "location":
		return "write follow: true or false"
	case "retries", "retry", "max_retries", "mounts":
		return inSession(operation, "write adapters: {\"http://\": {retries: 3}, \"https://\": {retries: 3}}")
	case "proxy", "http_proxy", "https_proxy":
		return "write proxies: {all: http://proxy.example:3128}"
	case "no_proxy":
		return "write proxies: {no_proxy: localhost}"
	case "query", "qs", "query_params":
		return "write params: {name: value}"
	case "user_agent", "useragent":
		return "write headers: {User-Agent: MyApp/1.0}"
	case "netrc", "trust_environment", "use_env":
		return inSession(operation, "write trust_env: true")
	case "max_redirects":
		return inSession(operation, "write max_redirects")
	case "basic", "digest", "bearer", "basic_auth", "user", "username", "password":
		return "write auth: {basic: {user: me, password: \"${PASSWORD}\"}}"
	}
	if operation {
		return inOperation(word)
	}
	if slices.Contains([]string{"base_url", "url", "target"}, word) {
		return "write target at the top of the plan"
	}
	return ""
}

// inArm is about an arm.
func inArm(word string) string {
	switch word {
	case "dns":
		return "write dns_lifetime: 60s, or forever"
	case "http_version", "protocol", "version":
		return "write http: \"2\", or 1.1, h2c or 3"
	case "requests", "max_requests", "reuse":
		return "write requests_per_connection: 5"
	case "size", "connections", "pool_maxsize", "max_connections":
		return "write pool: shared and pool_size: 8"
	case "order":
		return "write pool_order: fifo"
	case "keep_alive", "keepalive_timeout":
		return "write idle_timeout: 30s"
	case "max_concurrent_streams", "concurrency":
		return "write streams: 32"
	case "resume", "session_tickets", "tickets":
		return "write tls_resumption: true"
	case "0rtt", "zero_rtt":
		return "write early_data: true"
	case "tls", "tls_version":
		return "write tls_min and tls_max"
	}
	return ""
}

// inConnection is about how connections are opened, and the path that is emulated.
func inConnection(word string) string {
	switch word {
	case "source_address", "local_address", "bind", "interface":
		return "write source: 10.0.0.1"
	case "nodelay", "tcp_nodelay":
		return "write no_delay: true or false"
	case "keepalive", "tcp_keepalive":
		return "write keep_alive: {idle: 30s, interval: 5s, count: 3}"
	case "tcp_fastopen", "tfo":
		return "write fast_open: true"
	case "sndbuf", "rcvbuf", "buffer", "buffers":
		return "write send_buffer: 256k, receive_buffer: 256k"
	case "resolve", "connect_to":
		return "write it under session"
	case "latency", "delay":
		return "write rtt: 40ms"
	case "bandwidth", "rate", "download", "upload":
		return "write down: 20M and up: 5M, in bits per second"
	case "initial_window", "initcwnd":
		return "write window: 10"
	}
	return ""
}

// inSession says of what operations do not have where it goes.
func inSession(operation bool, text string) string {
	if operation {
		return under("session", text)
	}
	return text
}

func inOperation(word string) string {
	switch word {
	case "path", "uri", "endpoint":
		return "write the method with it, as in get: /items"
	case "data":
		return "write form: {name: value}, or body: text"
	case "files":
		return "write multipart: {files: [{field: picture, path: picture.png}]}"
	case "adapters", "trust_env", "renew_every":
		return "write it under session"
	case "status", "expected_status", "expect_status", "status_code":
		return "write expect: 404"
	case "assert", "asserts", "assertions", "validate", "test", "tests":
		return "write check: status == 200 && json.id == 7"
	case "capture", "captures", "save", "extractors", "variables":
		return "write extract: {id: {json: items.0.id}}"
	case "sleep", "pause", "wait", "delay", "think_time":
		return "write think: 200ms"
	case "flow", "requests", "scenario":
		return "write steps: [{post: /cart}, {post: /pay}]"
	case "probability", "share", "ratio":
		return "write weight: 7, relative to the others of the mix"
	case "rps", "qps":
		return "write rate: 50"
	case "feed", "feeds":
		return "write feeds at the top of the plan"
	}
	return ""
}

func inAuth(word string) string {
	switch word {
	case "user", "username", "password", "pass":
		return "write basic: {user: me, password: \"${PASSWORD}\"}, or digest in the place of basic"
	case "token":
		return "write bearer: \"${TOKEN}\""
	case "type", "kind":
		return "write basic, digest or bearer as the key"
	}
	return ""
}

// inRetries knows urllib3's names.
func inRetries(word string) string {
	switch word {
	case "status_forcelist", "status_codes", "codes", "on":
		return "write statuses: [502, 503]"
	case "backoff_factor", "delay", "wait":
		return "write backoff: 100ms"
	case "backoff_jitter":
		return "write jitter: 100ms"
	case "allowed_methods", "method_whitelist":
		return "write methods: [GET, PUT], or methods: any"
	case "respect_retry_after_header":
		return "write respect_retry_after: true or false"
	case "raise_on_status":
		return "write return_last: true to get the last response"
	case "max", "count", "attempts", "max_retries":
		return "write total: 3"
	}
	return ""
}
