package report

import (
	"encoding/json"
	"strings"
)

// connectFacts tells how a plan has connections opened, or "" where it leaves all to the system.
func connectFacts(connection, session map[string]json.RawMessage) string {
	var parts []string
	add := func(before, value, behind string) {
		if value != "" {
			parts = append(parts, before+value+behind)
		}
	}
	add("over the Unix socket ", scalar(connection["unix_socket"]), "")
	add("from ", texts(connection["source"]), "")
	add("with --resolve ", texts(session["resolve"]), "")
	add("with --connect-to ", texts(session["connect_to"]), "")
	switch choice := scalar(connection["addresses"]); choice {
	case "turn":
		add("", "addresses in turn", "")
	case "random":
		add("", "addresses at random", "")
	}
	add("Happy Eyeballs after ", scalar(connection["happy_eyeballs"]), "")
	if kept := scalar(connection["dns_lifetime"]); kept == "forever" {
		add("", "names kept for ever", "")
	} else {
		add("names kept for ", kept, "")
	}
	add("version ", scalar(connection["proxy_protocol"]), " of the PROXY protocol")
	if string(connection["fast_open"]) == "true" {
		add("", "TCP Fast Open", "")
	}
	add("TCP_NODELAY ", map[string]string{"true": "on", "false": "off"}[string(connection["no_delay"])], "")
	probes := object(connection["keep_alive"])
	add("keep-alive probes after ", scalar(probes["idle"]), "")
	add("every ", scalar(probes["interval"]), "")
	add("at most ", scalar(probes["count"]), "")
	add("send buffer ", scalar(connection["send_buffer"]), " bytes")
	add("receive buffer ", scalar(connection["receive_buffer"]), " bytes")
	return strings.Join(parts, ", ")
}

// texts writes a list of texts.
func texts(raw json.RawMessage) string {
	var all []string
	for _, each := range list(raw) {
		if text := scalar(each); text != "" {
			all = append(all, text)
		}
	}
	return strings.Join(all, " and ")
}
