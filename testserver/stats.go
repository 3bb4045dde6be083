package testserver

// Stats are what a server has seen since it started, or since the last reset.
// Connections that carried nothing but requests for /stats, and those requests, are
// not in any number except CPUSeconds. Times are in seconds.
//
// A request is counted when its head has been read, so a client that has its response
// finds it in Requests; its service time may come a moment later. A request that
// net/http refuses before any route sees it (a malformed head) is not a request.
// Resetting while requests are under way leaves their service times in the new counts.
type Stats struct {
	Seconds               float64               `json:"seconds"` // since the start or the last reset
	Connections           Connections           `json:"connections"`
	Handshakes            Handshakes            `json:"handshakes"`
	Requests              int64                 `json:"requests"`
	Protocols             Protocols             `json:"protocols"`
	StreamsPeak           int64                 `json:"streams_peak"` // most requests under way at the same time on one connection; HTTP/2 and 3 only
	EarlyData             int64                 `json:"early_data"`   // requests that came in 0-RTT, before the handshake was complete
	RequestsPerConnection RequestsPerConnection `json:"requests_per_connection"`
	BytesIn               int64                 `json:"bytes_in"`  // below TLS, handshakes included; of HTTP/3 the payload of UDP packets
	BytesOut              int64                 `json:"bytes_out"` // below TLS, handshakes included
	ServiceTime           ServiceTime           `json:"service_time"`
	Shop                  ShopStats             `json:"shop"`
	CPUSeconds            float64               `json:"cpu_seconds"` // of the whole process, user and system; 0 where unknown
}

// Connections are transport connections.
type Connections struct {
	Accepted int64 `json:"accepted"` // since the last reset, those whose handshake failed included
	Open     int64 `json:"open"`     // now
}

// Handshakes are TLS handshakes that ended. A connection that was closed before a
// byte of a handshake came is among the failed ones.
type Handshakes struct {
	Full    int64 `json:"full"`
	Resumed int64 `json:"resumed"`
	Failed  int64 `json:"failed"`
}

// Protocols are requests by the version of HTTP that they came with; 1.0 is among 1.1.
type Protocols struct {
	HTTP1 int64 `json:"1.1"`
	HTTP2 int64 `json:"2"`
	HTTP3 int64 `json:"3"`
}

// RequestsPerConnection is over the connections that carried at least one request
// since the last reset; those still open are in it with what they have carried so far.
type RequestsPerConnection struct {
	Mean        float64         `json:"mean"`        // 0 without connections
	Connections map[int64]int64 `json:"connections"` // number of requests to number of connections
}

func newRequestsPerConnection(connections map[int64]int64) RequestsPerConnection {
	var requests, total int64
	for n, count := range connections {
		requests += n * count
		total += count
	}
	per := RequestsPerConnection{Connections: connections}
	if total > 0 {
		per.Mean = float64(requests) / float64(total)
	}
	return per
}

// ServiceTime is the time from a request's head having been read to the end of its
// handling. Quantiles are within 2 percent; mean and max are exact.
type ServiceTime struct {
	Count   int64    `json:"count"`
	Mean    float64  `json:"mean"`
	P50     float64  `json:"p50"`
	P90     float64  `json:"p90"`
	P99     float64  `json:"p99"`
	Max     float64  `json:"max"`
	Buckets []Bucket `json:"buckets"` // those that hold something, in rising order
}

// A Bucket holds the service times up to UpTo, and above the bucket's before.
type Bucket struct {
	UpTo  float64 `json:"up_to"`
	Count int64   `json:"count"`
}

// Stats returns what the server has seen.
func (s *Server) Stats() Stats {
	stats := s.counts.snapshot()
	stats.Shop = s.shop.stats()
	return stats
}

// ResetStats begins to count anew. Open connections stay open and are counted as
// open, but no longer as accepted.
func (s *Server) ResetStats() {
	s.counts.reset()
	s.shop.resetStats()
}
