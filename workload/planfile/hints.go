package planfile

import (
	"slices"
	"strings"

	"sessbench/internal/nearest"
)

// hint says what to write in the place of a key that is none: the key that is probably meant, what other
// tools' words are called here, or which keys there are.
func hint(path, name string, known []key) string {
	if text := elsewhere(path, name); text != "" {
		return text
	}
	var names, usable []string
	for _, k := range known {
		names = append(names, k.name)
		if k.read != nil {
			usable = append(usable, k.name)
		}
	}
	if near := nearest.To(name, names); near != "" {
		return "did you mean " + near + "?"
	}
	return "the keys here are " + strings.Join(usable, ", ")
}

// elsewhere knows what users of other tools, and of requests, call things. path is that of the mapping.
func elsewhere(path, name string) string {
	word := strings.ReplaceAll(strings.ToLower(name), "-", "_")
	operation := strings.HasPrefix(path, "mix[") || strings.HasPrefix(path, "setup[")
	_, below, _ := strings.Cut(path, "].")
	switch {
	case path == "":
		return inPlan(word)
	case path == "session" || operation && below == "":
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
	case strings.HasSuffix(path, "retries"):
		return inRetries(word)
	}
	return ""
}

// inPlan is about the top of the file.
func inPlan(word string) string {
	switch word {
	case "url", "base_url", "host", "server":
		return "write target: http://localhost:8080"
	case "requests", "duration", "workers", "rate", "warmup", "blocks", "arrivals", "seed":
		return "write it under load"
	case "headers", "params", "auth", "cookies", "timeout", "max_redirects", "follow", "trust_env", "proxies", "tls", "adapters":
		return "write it under session"
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
	case "adapters", "trust_env":
		return "write it under session"
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
