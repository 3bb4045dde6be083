package workload_test

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A truthServer is the target of one arm. It does what the scene says, and keeps complete books.
type truthServer struct {
	*httptest.Server
	t        *testing.T
	scene    *truthScene
	accepted atomic.Int64

	mu        sync.Mutex
	hits      int64
	redirects map[*truthOp]int64
	hung      bool                  // once
	calls     []*truthCall          // in the order of their first request
	byNumber  map[string]*truthCall // those that are numbered
	sessions  []*truthSession
}

// A truthSession is what carries one cookie.
type truthSession struct {
	calls []*truthCall
	given map[string]any // last value that an operation gave it, by its key
}

// A truthCall is one call, with all its requests: those that are sent again have the number of the first.
type truthCall struct {
	op              *truthOp
	session         *truthSession
	worker, which   int // of the session: its number in its worker; -1 where the operation does not tell
	iteration       int
	random          string
	rows            map[string]int // by feed
	hits            int64
	dropped         bool // what became of the last request
	status          int
	ok, lacks, slow bool
}

func newTruthServer(t *testing.T, sc *truthScene) *truthServer {
	s := &truthServer{t: t, scene: sc, byNumber: map[string]*truthCall{}, redirects: map[*truthOp]int64{}}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.accepted.Add(1)
		}
	}
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	if sc.secure {
		s.EnableHTTP2 = true
		s.Config.Protocols.SetHTTP2(true)
		s.StartTLS()
		return s
	}
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	return s
}

func (s *truthServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("%s: reading the body: %v", r.URL.Path, err)
	}
	op := s.scene.ops[strings.TrimPrefix(r.URL.Path, "/op/")]
	if op == nil {
		s.t.Errorf("unknown path %s", r.URL)
		return
	}
	if op.redirects && r.URL.Query().Get("hop") == "" {
		s.mu.Lock()
		s.hits++
		s.redirects[op]++
		s.mu.Unlock()
		http.Redirect(w, r, r.URL.RequestURI()+"&hop=1", http.StatusFound)
		return
	}
	c, cookie, value := s.enter(op, r, body)
	if cookie != "" {
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: cookie, Path: "/"})
	}
	if c.slow {
		<-time.After(2 * time.Millisecond)
	}
	if c.dropped {
		switch op.flaw {
		case "hang":
			<-r.Context().Done()
		case "cut":
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(http.StatusOK)
			_, _ = io.WriteString(w, `{"ok":true`)
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	}
	s.answer(w, op, c, value)
}

// enter puts a request into the books and says what to do. What it returns is the call as it is now: when it is sent again, that can be
// before this request's handler has ended.
func (s *truthServer) enter(op *truthOp, r *http.Request, body []byte) (call truthCall, cookie string, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hits++
	session := s.sessionOf(r, &cookie)
	got := s.parse(op, r, body)
	number := got["q"]
	c := s.byNumber[number]
	if c == nil || number == "" {
		c = &truthCall{op: op, session: session, worker: -1, which: -1, iteration: -1, rows: map[string]int{}, random: got["r"]}
		if number != "" {
			c.worker, c.which, c.iteration = atoi(got["w"]), atoi(got["s"]), atoi(got["i"])
			s.byNumber[number] = c
		}
		s.calls = append(s.calls, c)
		session.calls = append(session.calls, c)
	} else if c.op != op || c.session != session || c.random != got["r"] {
		s.t.Errorf("number %s is of %s, and of another call of %s", number, c.op.key, op.key)
	}
	c.hits++
	s.check(c, got)
	op.decide(c, s.hits, cookie != "", !s.hung)
	s.hung = s.hung || op.flaw == "hang" && c.dropped
	if op.extract != "" && !c.dropped && !c.lacks && c.status < 500 {
		value = op.value(s.hits)
		session.given[op.key] = value
	}
	return *c, cookie, value
}

// sessionOf finds the session by the cookie, or begins one and sets its cookie.
func (s *truthServer) sessionOf(r *http.Request, cookie *string) *truthSession {
	if c, err := r.Cookie("sid"); err == nil {
		if n, err := strconv.Atoi(c.Value); err == nil && n < len(s.sessions) {
			return s.sessions[n]
		}
		s.t.Errorf("a cookie that was not set: %v", c)
	}
	*cookie = strconv.Itoa(len(s.sessions))
	s.sessions = append(s.sessions, &truthSession{given: map[string]any{}})
	return s.sessions[len(s.sessions)-1]
}

// parse collects what the request says, wherever it does.
func (s *truthServer) parse(op *truthOp, r *http.Request, body []byte) map[string]string {
	got := map[string]string{}
	add := func(name, text string) {
		if _, twice := got[name]; twice {
			s.t.Errorf("%s: %s is there twice", op.key, name)
		}
		got[name] = text
	}
	for name, list := range r.URL.Query() {
		add(name, strings.Join(list, " and "))
	}
	for name, list := range r.Header {
		if own, ok := strings.CutPrefix(name, "X-T-"); ok {
			text, err := url.QueryUnescape(strings.Join(list, " and "))
			if err != nil {
				s.t.Errorf("%s: header %s: %v", op.key, name, err)
			}
			add(strings.ToLower(own), text)
		}
	}
	switch op.place {
	case "form":
		values, err := url.ParseQuery(string(body))
		if err != nil || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			s.t.Errorf("%s: form %q of type %s: %v", op.key, body, r.Header.Get("Content-Type"), err)
		}
		for name, list := range values {
			add(name, strings.Join(list, " and "))
		}
	case "json":
		s.parseJSON(op, body, add)
	case "body":
		for line := range strings.SplitSeq(string(body), "\n") {
			name, text, _ := strings.Cut(line, "=")
			plain, err := url.QueryUnescape(text)
			if err != nil {
				s.t.Errorf("%s: line %q: %v", op.key, line, err)
			}
			add(name, plain)
		}
	default:
		if len(body) > 0 {
			s.t.Errorf("%s: body %q", op.key, body)
		}
	}
	return got
}

// parseJSON holds that values keep their types: numbers are told by the first letter of their name, n.
func (s *truthServer) parseJSON(op *truthOp, body []byte, add func(name, text string)) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(body, &all); err != nil {
		s.t.Errorf("%s: body %q: %v", op.key, body, err)
	}
	for name, raw := range all {
		var v any
		_ = json.Unmarshal(raw, &v)
		switch v := v.(type) {
		case string:
			if name[0] == 'n' {
				s.t.Errorf("%s: %s is the text %s", op.key, name, raw)
			}
			add(name, v)
		default:
			if name[0] != 'n' && name[0] != 'x' {
				s.t.Errorf("%s: %s is %s, not a text", op.key, name, raw)
			}
			add(name, string(raw))
		}
		if _, isText := v.(string); name[0] == 'x' && isText != op.uses.givesText() {
			s.t.Errorf("%s: %s came back as %s", op.key, name, raw)
		}
	}
}

// check holds the values of a request.
func (s *truthServer) check(c *truthCall, got map[string]string) {
	for _, f := range c.op.feeds {
		id, err := strconv.Atoi(got[f.name+"_id"])
		switch known, again := c.rows[f.name]; {
		case err != nil || got[f.name+"_val"] != truthText(id):
			s.t.Errorf("%s: feed %s gave %q, %q", c.op.key, f.name, got[f.name+"_id"], got[f.name+"_val"])
		case again && known != id:
			s.t.Errorf("%s: another row when it is sent again", c.op.key)
		}
		c.rows[f.name] = id
	}
	if c.op.place == "json" && got["n_w"] != got["w"] {
		s.t.Errorf("%s: worker %s in the body, %s in the URL", c.op.key, got["n_w"], got["w"])
	}
	if from := c.op.uses; from != nil {
		want, given := c.session.given[from.key]
		text := got["x"]
		var v any = text
		if !from.givesText() {
			_ = json.Unmarshal([]byte(text), &v)
		}
		if !given || !reflect.DeepEqual(v, want) {
			s.t.Errorf("%s: %q came back, the session was given %v by %s", c.op.key, text, want, from.key)
		}
	}
}

// answer writes the response.
func (s *truthServer) answer(w http.ResponseWriter, op *truthOp, c truthCall, value any) {
	h := w.Header()
	h.Set("X-Ok", fmt.Sprint(c.ok))
	reply := map[string]any{"ok": c.ok}
	page := ""
	if value != nil {
		switch op.extract {
		case "header":
			h.Set("X-Value", value.(string))
		case "cookie":
			http.SetCookie(w, &http.Cookie{Name: "c_" + op.key, Value: value.(string), Path: "/"})
		case "regexp":
			page = "the value is <" + value.(string) + ">."
		case "form":
			page = `<form><input name="a" value="1"><input type=hidden name="x" value="` + html.EscapeString(value.(string)) + `"></form>`
		default:
			reply["v"] = []any{map[string]any{"x": value}}
		}
	}
	w.WriteHeader(c.status)
	if op.extract == "regexp" || op.extract == "form" {
		_, _ = io.WriteString(w, page+" ")
		return
	}
	_ = json.NewEncoder(w).Encode(reply)
}

func atoi(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

// truthText is a feed's value in a row, with whatever has to be escaped somewhere.
func truthText(row int) string {
	odd := []string{"plain", "a&b=c", "50%", `"quoted"`, "a, b;c", "ü–☃", `back\slash`, "a+b c", "<x>{y}'", "{{no}}"}
	return odd[row%len(odd)] + " " + strconv.Itoa(row)
}
