package testserver

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sessbench/workload/session"
)

func TestShopRefusesCarts(t *testing.T) {
	c := loggedIn(t, start(t, Config{}), 0)
	type wanted struct {
		ID       string `json:"id"`
		Quantity int64  `json:"quantity"`
	}
	for given, want := range map[wanted]int{
		{"item-0001", 99}:  200,
		{"item-0001", 100}: 400,
		{"item-0001", 0}:   400,
		{"item-0001", -1}:  400,
		{"", 1}:            400,
		{"item-1000", 1}:   404,
	} {
		if resp := c.post("/shop/cart", given); resp.Status != want {
			t.Errorf("%+v: %d, want %d", given, resp.Status, want)
		}
	}
	for i := range maxLines { // of which one is in it
		c.add(fmt.Sprintf("item-%04d", i+1))
	}
	c.want(http.StatusConflict, c.post("/shop/cart", wanted{"item-0999", 1}))
	c.add("item-0002") // more of the same
	if cart := read[shownCart](t, c.get("/shop/cart")); cart.Count != 99+maxLines+1 || len(cart.Items) != maxLines {
		t.Errorf("%d pieces of %d items", cart.Count, len(cart.Items))
	}
	c.want(http.StatusNoContent, c.do(&session.Request{Method: "DELETE", URL: "/shop/cart"}))
	if cart := textOf(t, c.get("/shop/cart")); cart != `{"items":[],"count":0,"total":0}`+"\n" {
		t.Errorf("the emptied cart is %s", cart)
	}
}

func TestShopChargesWhatIsInTheCart(t *testing.T) {
	c := loggedIn(t, start(t, Config{}), 0)
	c.want(http.StatusConflict, c.pay(""))
	c.add("item-0000")
	c.want(http.StatusConflict, c.post("/shop/pay", map[string]int64{"total": 1}))
	c.want(http.StatusBadRequest, c.post("/shop/pay", map[string]int64{"amount": 1}))
	c.want(http.StatusBadRequest, c.pay(strings.Repeat("k", maxKey+1)))
	c.want(http.StatusBadRequest, c.do(&session.Request{Method: "POST", URL: "/shop/pay", Body: session.Text(`{} {}`)}))
	c.want(http.StatusCreated, c.pay(""))
	c.want(http.StatusConflict, c.pay(""))
	if stats := c.Stats().Shop; stats.Payments != 1 || stats.TooMany != 0 {
		t.Errorf("stats %+v", stats)
	}
}

func TestShopIsPaidOnceForAKey(t *testing.T) {
	s := start(t, Config{})
	c := loggedIn(t, s, 0)
	c.add("item-0000")
	first := c.pay("mine")
	c.want(http.StatusCreated, first)
	c.add("item-0001")
	again := c.pay("mine")
	c.want(http.StatusCreated, again)
	if first.Header.Get("Idempotent-Replayed") != "" || again.Header.Get("Idempotent-Replayed") != "true" || textOf(t, first) != textOf(t, again) {
		t.Errorf("paid %s, and again %s", textOf(t, first), textOf(t, again))
	}
	if cart := read[shownCart](t, c.get("/shop/cart")); cart.Count != 1 {
		t.Errorf("a repeated payment left the cart %+v", cart)
	}
	other := loggedIn(t, s, 1)
	other.add("item-0000")
	if paid := read[order](t, other.pay("mine")); paid.Payment != "pay-00000002" {
		t.Errorf("another user's payment with the same key is %+v", paid)
	}
	if stats := s.Stats().Shop; stats.Payments != 2 || stats.Replayed != 1 {
		t.Errorf("stats %+v", stats)
	}
}

func TestShopKeepsTheLatestOrders(t *testing.T) {
	s := start(t, Config{Shop: ShopConfig{RefuseEvery: -1}})
	c := loggedIn(t, s, 0)
	const paid = maxOrders + 5
	for range paid {
		c.add("item-0000")
		c.want(http.StatusCreated, c.pay(""))
	}
	orders := read[struct{ Orders []order }](t, loggedIn(t, s, 0).get("/shop/orders")).Orders
	if len(orders) != maxOrders {
		t.Fatalf("%d orders, want %d", len(orders), maxOrders)
	}
	for i, o := range orders {
		if want := fmt.Sprintf("pay-%08d", paid-i); o.Payment != want {
			t.Errorf("order %d is %s, want %s", i, o.Payment, want)
		}
	}
	if orders := textOf(t, loggedIn(t, s, 1).get("/shop/orders")); orders != `{"orders":[]}`+"\n" {
		t.Errorf("another user's orders are %s", orders)
	}
}

// A checkout names what is in the cart, so that it can be the key of its payment.
func TestShopsCheckoutIsOfOneCart(t *testing.T) {
	c := loggedIn(t, start(t, Config{}), 0)
	seen := map[string]bool{}
	for range 3 {
		c.add("item-0000")
		before := read[shownCart](t, c.get("/shop/cart")).Checkout
		c.add("item-0001")
		if cart := read[shownCart](t, c.get("/shop/cart")); cart.Checkout != before {
			t.Errorf("another item made the checkout %q of %q", cart.Checkout, before)
		}
		seen[before] = true
		if len(seen) == 2 {
			c.want(http.StatusNoContent, c.do(&session.Request{Method: "DELETE", URL: "/shop/cart"}))
		} else {
			c.want(http.StatusCreated, c.pay(before))
		}
		if cart := read[shownCart](t, c.get("/shop/cart")); cart.Checkout != "" {
			t.Errorf("the empty cart has the checkout %q", cart.Checkout)
		}
	}
	if len(seen) != 3 || seen[""] {
		t.Errorf("checkouts %v of three carts", seen)
	}
}

// statusesOf pays n times, asking again where it is refused, and returns all statuses.
func statusesOf(c *customer, n int) (statuses []int) {
	for paid := 0; paid < n && len(statuses) < 3*n; {
		c.add("item-0000")
		resp := c.pay("")
		statuses = append(statuses, resp.Status)
		if resp.Status == http.StatusCreated {
			paid++
		}
	}
	return statuses
}

func TestShopRefusesEveryNthPayment(t *testing.T) {
	for every, want := range map[int]string{
		-1: "[201 201 201 201 201]",
		0:  "[201 201 201 201 201]",
		2:  "[201 429 201 429 201 429 201 429 201]",
		3:  "[201 201 429 201 201 429 201]",
	} {
		s := start(t, Config{Shop: ShopConfig{RefuseEvery: every}})
		c := loggedIn(t, s, 0)
		for range 2 { // the same after a reset
			if got := fmt.Sprint(statusesOf(c, 5)); got != want {
				t.Errorf("every %d: %s, want %s", every, got, want)
			}
			s.ResetCounters()
		}
		if stats := s.Stats().Shop; stats.Payments != 10 || stats.TooMany != 2*int64(strings.Count(want, "429")) {
			t.Errorf("every %d: stats %+v", every, stats)
		}
	}
}

func TestShopRefusesTheFiftiethPaymentByDefault(t *testing.T) {
	c := loggedIn(t, start(t, Config{}), 0)
	for i, status := range statusesOf(c, 60) {
		if refused := status == http.StatusTooManyRequests; refused != (i+1 == 50) {
			t.Errorf("payment %d: %d", i+1, status)
		}
	}
}

// A refused payment is made in the end by a client that heeds Retry-After.
func TestShopIsPaidAfterARetry(t *testing.T) {
	c := loggedIn(t, start(t, Config{Shop: ShopConfig{RefuseEvery: 2, RetryAfter: 3 * time.Second}}), 0)
	total := 3
	retries := &session.Retry{Total: &total, AnyMethod: true, RetryAfterMax: time.Millisecond}
	if err := c.s.Mount(c.URL()+"/shop/pay", session.NewAdapter(session.AdapterOptions{Retries: retries})); err != nil {
		t.Fatal(err)
	}
	c.add("item-0000")
	c.want(http.StatusCreated, c.pay("a"))
	c.add("item-0000")
	resp := c.pay("b")
	c.want(http.StatusCreated, resp)
	if len(resp.Attempts) != 2 || resp.Attempts[0].Status != http.StatusTooManyRequests {
		t.Errorf("attempts %+v", resp.Attempts)
	}
	if stats := c.Stats().Shop; stats.Payments != 2 || stats.TooMany != 1 || stats.Replayed != 0 {
		t.Errorf("stats %+v", stats)
	}
	c.ResetCounters()
	c.s.Unmount(c.URL() + "/shop/pay")
	statusesOf(c, 1)
	c.add("item-0000")
	if refused := c.pay(""); refused.Status != http.StatusTooManyRequests || refused.Header.Get("Retry-After") != "3" {
		t.Errorf("%d, Retry-After %q", refused.Status, refused.Header.Get("Retry-After"))
	}
}
