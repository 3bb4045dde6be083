package testserver

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"sessbench/workload/session"
)

// A customer is a client of the shop with a session of its own.
type customer struct {
	t testing.TB
	s *session.Session
	*Server
}

// visitor returns a customer who has not logged in.
func visitor(t testing.TB, server *Server) *customer {
	s := session.New()
	t.Cleanup(s.Close)
	s.TLS = &session.TLS{CAPEM: string(server.CAPEM())}
	return &customer{t, s, server}
}

// loggedIn returns the customer who is user number n.
func loggedIn(t testing.TB, server *Server, n int) *customer {
	t.Helper()
	c := visitor(t, server)
	name, password := ShopUser(n)
	c.want(http.StatusOK, c.post("/shop/login", credentials{name, password}))
	return c
}

func (c *customer) do(r *session.Request) *session.Response {
	c.t.Helper()
	r.URL = c.URL() + r.URL
	resp, err := c.s.Do(c.t.Context(), r)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp
}

func (c *customer) get(path string) *session.Response {
	c.t.Helper()
	return c.do(&session.Request{URL: path})
}

func (c *customer) post(path string, value any) *session.Response {
	c.t.Helper()
	return c.do(&session.Request{Method: "POST", URL: path, Body: session.JSON(value)})
}

// add puts one piece of an item in the cart.
func (c *customer) add(id string) {
	c.t.Helper()
	c.want(http.StatusOK, c.post("/shop/cart", map[string]string{"id": id}))
}

// pay asks for a payment, with an Idempotency-Key where one is given.
func (c *customer) pay(key string) *session.Response {
	c.t.Helper()
	r := &session.Request{Method: "POST", URL: "/shop/pay"}
	if key != "" {
		r.Headers = session.Fields{session.Set("Idempotency-Key", key)}
	}
	return c.do(r)
}

// want fails the test where a response has another status.
func (c *customer) want(status int, resp *session.Response) {
	c.t.Helper()
	if resp.Status != status {
		c.t.Fatalf("%s %s: %d, want %d: %s", resp.Sent.Method, resp.URL.Path, resp.Status, status, textOf(c.t, resp))
	}
}

func textOf(t testing.TB, resp *session.Response) string {
	t.Helper()
	text, err := resp.Text()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// read decodes a response.
func read[T any](t testing.TB, resp *session.Response) (v T) {
	t.Helper()
	if err := resp.JSON(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// shopProtocols are those that the shop is visited with by a client that has HTTP/1.1 alone.
var shopProtocols = map[string]Config{
	"http":          {},
	"https":         {TLS: true},
	"ignores close": {IgnoreConnectionClose: true},
}

func TestShopSellsInEveryProtocol(t *testing.T) {
	for name, cfg := range shopProtocols {
		t.Run(name, func(t *testing.T) {
			c := loggedIn(t, start(t, cfg), 7)
			page := read[cataloguePage](t, c.get("/shop/items"))
			for _, it := range page.Items[:3] {
				c.want(http.StatusOK, c.get("/shop/items/"+it.ID))
				c.add(it.ID)
			}
			cart := read[shownCart](t, c.get("/shop/cart"))
			want := page.Items[0].Price + page.Items[1].Price + page.Items[2].Price
			if cart.Count != 3 || cart.Total != want || len(cart.Items) != 3 || cart.Items[1].item != page.Items[1] {
				t.Errorf("cart %+v; want a total of %d", cart, want)
			}
			paid := c.post("/shop/pay", map[string]int64{"total": want})
			c.want(http.StatusCreated, paid)
			bought := read[order](t, paid)
			if bought != (order{Payment: "pay-00000001", Items: 3, Total: want}) {
				t.Errorf("paid %+v", bought)
			}
			orders := read[struct{ Orders []order }](t, c.get("/shop/orders")).Orders
			if len(orders) != 1 || orders[0] != bought {
				t.Errorf("orders %+v, want %+v", orders, bought)
			}
			c.want(http.StatusNoContent, c.do(&session.Request{Method: "POST", URL: "/shop/logout"}))
			if stats := c.Stats().Shop; stats != (ShopStats{Logins: 1, Logouts: 1, Payments: 1}) {
				t.Errorf("stats %+v", stats)
			}
		})
	}
}

func TestShopIsForThoseWhoHaveLoggedIn(t *testing.T) {
	c := visitor(t, start(t, Config{}))
	requests := []session.Request{
		{URL: "/shop/items"}, {URL: "/shop/items/item-0001"}, {URL: "/shop/search?q=red"},
		{URL: "/shop/cart"}, {URL: "/shop/cart", Method: "POST"}, {URL: "/shop/cart", Method: "DELETE"},
		{URL: "/shop/pay", Method: "POST"}, {URL: "/shop/orders"}, {URL: "/shop/logout", Method: "POST"},
	}
	for i := range requests {
		c.want(http.StatusUnauthorized, c.do(&requests[i]))
	}
	if stats := c.Stats().Shop; stats != (ShopStats{Unauthorized: int64(len(requests))}) {
		t.Errorf("stats %+v", stats)
	}
	c.ResetStats()
	if stats := c.Stats().Shop; stats != (ShopStats{}) {
		t.Errorf("after a reset %+v", stats)
	}
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="csrf" value="([^"]+)">`)

// logInByForm does what a browser does: it gets the form and sends it with its token. csrf replaces that where it is not nil.
func logInByForm(c *customer, name, password string, csrf *string) *session.Response {
	c.t.Helper()
	form := c.get("/shop/login")
	c.want(http.StatusOK, form)
	m := hiddenField.FindStringSubmatch(textOf(c.t, form))
	if m == nil {
		c.t.Fatalf("no hidden field in %s", textOf(c.t, form))
	}
	if csrf != nil {
		m[1] = *csrf
	}
	return c.do(&session.Request{Method: "POST", URL: "/shop/login", Body: session.Form(session.Fields{
		session.Set("csrf", m[1]), session.Set("user", name), session.Set("password", password),
	})})
}

func TestShopsFormLogsIn(t *testing.T) {
	c := visitor(t, start(t, Config{TLS: true}))
	name, password := ShopUser(999)
	resp := logInByForm(c, name, password, nil)
	c.want(http.StatusOK, resp)
	if got := textOf(t, resp); got != `{"user":"user-999"}`+"\n" {
		t.Errorf("answered %q", got)
	}
	cookies := strings.Join(resp.Header.Values("Set-Cookie"), "\n")
	if !regexp.MustCompile(`^shop_session=[A-Z2-7]{26}; Path=/shop; HttpOnly; Secure; SameSite=Lax$`).MatchString(cookies) {
		t.Errorf("cookies %q", cookies)
	}
	c.want(http.StatusOK, c.get("/shop/orders"))
}

func TestShopRefusesLogins(t *testing.T) {
	c := visitor(t, start(t, Config{}))
	name, password := ShopUser(0)
	wrong := "AAAA"
	c.want(http.StatusForbidden, logInByForm(c, name, password, &wrong))
	for _, given := range []credentials{
		{name, "wrong"}, {name, ""}, {"", ""}, {"user-1000", "wrong"}, {"user-0000", password}, {"user-+00", password}, {"nobody", password},
	} {
		c.want(http.StatusUnauthorized, c.post("/shop/login", given))
	}
	c.want(http.StatusBadRequest, c.post("/shop/login", map[string]string{"name": name}))
	c.want(http.StatusUnsupportedMediaType, c.do(&session.Request{Method: "POST", URL: "/shop/login", Body: session.Text("me")}))
	c.want(http.StatusRequestEntityTooLarge, c.post("/shop/login", credentials{name, strings.Repeat("x", maxShopBody)}))
	if stats := c.Stats().Shop; stats != (ShopStats{LoginsRefused: 7}) {
		t.Errorf("stats %+v", stats)
	}
}

func TestShopsFormNeedsItsCookie(t *testing.T) {
	c := visitor(t, start(t, Config{}))
	name, password := ShopUser(0)
	empty := ""
	c.s.Jar = nil // keeps no cookies
	c.want(http.StatusForbidden, logInByForm(c, name, password, nil))
	c.want(http.StatusForbidden, logInByForm(c, name, password, &empty))
}

func TestShopsUsersDiffer(t *testing.T) {
	passwords := map[string]bool{}
	for n := range shopUsers {
		name, password := ShopUser(n)
		if got, ok := user(name, password); !ok || got != n {
			t.Errorf("user %d is %d, %v", n, got, ok)
		}
		passwords[password] = true
	}
	if len(passwords) != shopUsers {
		t.Errorf("%d passwords for %d users", len(passwords), shopUsers)
	}
}

func TestAnotherLoginIsAnotherSession(t *testing.T) {
	c := loggedIn(t, start(t, Config{}), 1)
	c.add("item-0001")
	name, password := ShopUser(2)
	c.want(http.StatusOK, c.post("/shop/login", credentials{name, password}))
	if cart := read[shownCart](t, c.get("/shop/cart")); cart.Count != 0 {
		t.Errorf("the next user has the cart %+v", cart)
	}
	if stats := c.Stats().Shop; stats.Sessions != 1 || stats.Logins != 2 || stats.Evicted != 0 {
		t.Errorf("stats %+v", stats)
	}
}

func TestShopForgetsTheSessionUnusedForLongest(t *testing.T) {
	s := start(t, Config{Shop: ShopConfig{MaxSessions: 2}})
	first, second := loggedIn(t, s, 1), loggedIn(t, s, 2)
	first.want(http.StatusOK, first.get("/shop/cart"))
	third := loggedIn(t, s, 3)
	first.want(http.StatusOK, first.get("/shop/cart"))
	second.want(http.StatusUnauthorized, second.get("/shop/cart"))
	third.want(http.StatusOK, third.get("/shop/cart"))
	if stats := s.Stats().Shop; stats.Sessions != 2 || stats.Evicted != 1 {
		t.Errorf("stats %+v", stats)
	}
}

func TestShopConfigIsChecked(t *testing.T) {
	for want, cfg := range map[string]ShopConfig{
		"testserver: the shop's RetryAfter is 1.5s; it must be whole seconds":          {RetryAfter: 1500e6},
		"testserver: the shop's RetryAfter is -1s; it must be whole seconds":           {RetryAfter: -1e9},
		"testserver: the shop's MaxSessions is negative":                               {MaxSessions: -1},
		"testserver: a median of the shop's Times is -1ns; it must be from 0 to 10m0s": {Times: ShopTimes{Pay: -1}},
		"testserver: the shop's Times.Sigma is 6; it must be from 0 to 5":              {Times: ShopTimes{Sigma: 6}},
	} {
		s, err := Start(Config{Shop: cfg})
		if err == nil {
			s.Close()
		}
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
