package session_test

import (
	"context"
	"fmt"
	"log"

	"sessbench/workload/session"
)

// Measure is for load tests: it keeps no response, and tells what the call cost.
func ExampleSession_Measure() {
	server := serve(chain)
	defer server.Close()
	ctx := context.Background()

	s := session.New()
	defer s.Close()
	p, err := s.Prepare(&session.Request{URL: server.URL + "/2"})
	if err != nil {
		log.Fatal(err)
	}
	var call session.Call
	for range 2 {
		s.Measure(ctx, p, &call)
		if call.Err != nil {
			log.Fatal(call.Class, call.Err)
		}
		fmt.Println(call.Status, call.Attempts, "attempts,", call.Redirects, "redirects, connected:", call.Phases.Connect > 0)
	}
	parts := call.Phases
	sum := parts.Acquire + parts.DNS + parts.Connect + parts.TLS + parts.Send + parts.Wait + parts.Receive + call.Backoff
	fmt.Println("the phases are the whole:", sum == call.Finished-call.Started)
	// Output:
	// 200 3 attempts, 2 redirects, connected: true
	// 200 3 attempts, 2 redirects, connected: false
	// the phases are the whole: true
}
