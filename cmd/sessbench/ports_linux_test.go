package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"sessbench/internal/programs"
	"sessbench/result"
	"sessbench/testserver"
)

// fewPorts is a machine with 1,000 local ports that are never used again before their minute in TIME_WAIT is over.
func fewPorts() map[string]string {
	return map[string]string{"net/ipv4/ip_local_port_range": "30000 30999", "net/ipv4/tcp_tw_reuse": "0"}
}

// child runs sessbench as a process, which is in the namespace of the calling goroutine's thread.
func child(t *testing.T, args ...string) (res *result.Result, stderr string, code int) {
	t.Helper()
	var out, said bytes.Buffer
	cmd := exec.Command(os.Args[0], append(args, "--format", "json")...) // which TestMain makes sessbench
	cmd.Stdout, cmd.Stderr = &out, &said
	_ = cmd.Run() // the exit code says it
	res = new(result.Result)
	if err := json.Unmarshal(out.Bytes(), res); err != nil {
		t.Fatalf("%q: %v: %s", args, err, said.String())
	}
	return res, said.String(), withEnoughCPUs(cmd.ProcessState.ExitCode(), said.String())
}

func codes(res *result.Result) (list []string) {
	for _, w := range res.Warnings {
		list = append(list, w.Code)
	}
	return list
}

func TestPortsThatRunOut(t *testing.T) {
	programs.InNamespace(t, fewPorts(), func(t *testing.T) {
		s, err := testserver.Start(testserver.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		res, stderr, code := child(t, "run", "--arms", "fresh", "--rate", "800", "-d", "2s", "--warmup", "0", "--blocks", "4", s.URL())
		if code != exitInvalid || res.Valid {
			t.Errorf("exit code %d", code)
		}
		forecast := "sessbench: warning: fresh at 800/s needs 1,600 ports; 1,000 are there: it will fail after about 1 s; "
		first := "sessbench: warning: fresh found no free local port after "
		if !strings.HasPrefix(stderr, forecast) || strings.Count(stderr, first) != 1 || !strings.Contains(stderr, "the result is invalid: ") {
			t.Errorf("said %s", stderr)
		}
		arm := res.Arms[0]
		if n := arm.ErrorClasses["address_exhausted"]; n != arm.Errors || n < 500 || n > 700 {
			t.Errorf("errors %v of %d", arm.ErrorClasses, arm.Requests)
		}
		if got := s.Stats().Connections.Accepted; got < 900 || got != arm.Connections.Opened+res.Preflight.Connections {
			t.Errorf("the server accepted %d connections, we opened %d", got, arm.Connections.Opened)
		}
		if list := strings.Join(codes(res), ","); !strings.Contains(list, "ports_forecast") || !strings.Contains(list, "ports_exhausted") {
			t.Errorf("warnings %s", list)
		}
		p := res.Ports
		if p == nil || p.Available != 1000 || p.Reuse != 60 || p.Arms[0].Verdict != "fails" || p.Arms[0].Needed != 1600 || p.TimeWaitEnd < 900 {
			t.Errorf("%+v", p)
		}
	})
}

// What the forecast's hint says helps.
func TestPortsThatLast(t *testing.T) {
	for name, args := range map[string][]string{
		"two sources":       {"--arms", "fresh", "--source", "127.0.0.1,127.0.0.2"},
		"reset":             {"--arms", "fresh+close-reset"},
		"the server closes": {"--arms", "fresh+close-server"},
		"pooled":            {"--arms", "pooled"},
		"lower rate":        {"--arms", "fresh", "--rate", "400"},
	} {
		t.Run(name, func(t *testing.T) {
			programs.InNamespace(t, fewPorts(), func(t *testing.T) {
				s, err := testserver.Start(testserver.Config{})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				args := append([]string{"run", "--rate", "800", "-d", "2s", "--warmup", "0", "--blocks", "4", s.URL()}, args...)
				res, stderr, code := child(t, args...)
				if code != exitDone || res.Arms[0].Errors > 0 || strings.Contains(stderr, "port") {
					t.Errorf("exit code %d, %d errors, said %s", code, res.Arms[0].Errors, stderr)
				}
			})
		})
	}
}

// A server that answers the closing alert, as Go's do, frees the ports that the forecast reckons as held; the result says that it did
// not come true.
func TestPortsThatAreFreedEarlier(t *testing.T) {
	programs.InNamespace(t, fewPorts(), func(t *testing.T) {
		s, err := testserver.Start(testserver.Config{TLS: true})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		res, stderr, code := child(t, "run", "--arms", "fresh", "--rate", "600", "-d", "2s", "--warmup", "0", "--blocks", "4", "-k", s.URL())
		if code != exitDone || !strings.Contains(stderr, "fresh at 600/s needs 1,200 ports; 1,000 are there: it will fail after about ") {
			t.Errorf("exit code %d, said %s", code, stderr)
		}
		i := slices.IndexFunc(res.Warnings, func(w result.Warning) bool { return w.Code == "ports_forecast" })
		if i < 0 || res.Warnings[i].Invalid || !strings.Contains(res.Warnings[i].Detail, "every connection found a port") || res.Arms[0].Errors > 0 {
			t.Errorf("%d errors, warnings %+v", res.Arms[0].Errors, res.Warnings)
		}
	})
}

// Without timestamps Linux does not use a port again early, whatever tcp_tw_reuse says; and where the warm-up has used all ports up, that
// they will run out is no news.
func TestPortsWithoutTimestamps(t *testing.T) {
	settings := fewPorts()
	settings["net/ipv4/tcp_tw_reuse"], settings["net/ipv4/tcp_timestamps"] = "2", "0"
	programs.InNamespace(t, settings, func(t *testing.T) {
		s, err := testserver.Start(testserver.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		res, stderr, code := child(t, "run", "--arms", "fresh", "--rate", "800", "-d", "2s", "--warmup", "0", "--blocks", "4", s.URL())
		if code != exitInvalid || res.Ports == nil || res.Ports.Reuse != 60 || !strings.HasPrefix(stderr, "sessbench: warning: fresh at 800/s needs 1,600 ports; 1,000 are there") {
			t.Errorf("exit code %d, %+v, said %s", code, res.Ports, stderr)
		}
		_, stderr, code = child(t, "run", "--arms", "fresh", "-c", "4", "-d", "200ms", "--warmup", "100ms", "--blocks", "4", "--source", "127.0.0.2,127.0.0.1", s.URL())
		if code != exitInvalid || strings.Contains(stderr, "it will fail") || !strings.Contains(stderr, "found no free local port") {
			t.Errorf("exit code %d, said %s", code, stderr)
		}
	})
}

// In the closed model the rate is known after the warm-up only. There are so few ports that a machine with much else to do
// uses them up as well.
func TestAMeasuredRateIsForecastToo(t *testing.T) {
	settings := fewPorts()
	settings["net/ipv4/ip_local_port_range"] = "30000 30149"
	programs.InNamespace(t, settings, func(t *testing.T) {
		s, err := testserver.Start(testserver.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_, stderr, code := child(t, "run", "--arms", "fresh", "-c", "4", "-d", "3s", "--warmup", "200ms", "--blocks", "4", s.URL()+"/delay/10ms")
		if !strings.Contains(stderr, "it will fail ") || code != exitInvalid {
			t.Errorf("exit code %d, said %s", code, stderr)
		}
	})
}
