package testserver

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// A ShopConfig says how the shop under /shop/ behaves. The zero value answers at once, and
// refuses every 50th payment.
type ShopConfig struct {
	// RefuseEvery: of the payments that could be made, the n-th, 2n-th, ... is answered with 429 and
	// not made; 0: 50; negative: none is. They are counted over all users, so which of them it meets
	// is a matter of their order.
	RefuseEvery int
	RetryAfter  time.Duration // that a 429 asks for, in whole seconds; 0: one second
	Times       ShopTimes     // how long requests take; zero: no longer than they do
	Seed        uint64        // of what is drawn from Times

	// MaxSessions is how many sessions are kept; with one more, the one that was not used for the
	// longest time ends. 0: 100,000.
	MaxSessions int
}

const (
	defaultRefuseEvery = 50
	defaultMaxSessions = 100_000
)

func (c *ShopConfig) validate() error {
	switch {
	case c.RetryAfter < 0 || c.RetryAfter%time.Second != 0:
		return fmt.Errorf("the shop's RetryAfter is %v; it must be whole seconds", c.RetryAfter)
	case c.MaxSessions < 0:
		return errors.New("the shop's MaxSessions is negative")
	}
	return c.Times.validate()
}

// withDefaults returns c with its zeros replaced by what they mean.
func (c ShopConfig) withDefaults() ShopConfig {
	if c.RefuseEvery == 0 {
		c.RefuseEvery = defaultRefuseEvery
	}
	if c.RetryAfter == 0 {
		c.RetryAfter = time.Second
	}
	if c.MaxSessions == 0 {
		c.MaxSessions = defaultMaxSessions
	}
	return c
}

// A shop is an API of the usual kind: who has logged in browses a catalogue, fills a cart and
// pays. All of it is in memory, and bounded.
type shop struct {
	cfg       ShopConfig
	secure    bool // cookies are for HTTPS only
	catalogue func() *catalogue
	accounts  []account // by the users' numbers
	sessions  *shopSessions
	clock     shopClock
	till      till
	counts    shopCounts
}

func newShop(cfg ShopConfig, secure bool) *shop {
	cfg = cfg.withDefaults()
	return &shop{
		cfg:       cfg,
		secure:    secure,
		catalogue: sync.OnceValue(newCatalogue), // most servers are never asked for it
		accounts:  make([]account, shopUsers),
		sessions:  newShopSessions(cfg.MaxSessions),
		clock:     shopClock{seed: cfg.Seed, sigma: cfg.Times.Sigma},
	}
}

// routes returns what is under /shop/.
func (sh *shop) routes() *http.ServeMux {
	t := &sh.cfg.Times
	return newMux(map[string]route{
		"GET /shop/login":      sh.anybody(0, sh.loginForm),           // an HTML form with a token in a hidden field
		"POST /shop/login":     sh.anybody(t.Login, sh.login),         // takes that form, or JSON; sets the session's cookie
		"POST /shop/logout":    sh.customer(0, sh.logout),             // ends the session
		"GET /shop/items":      sh.customer(t.Browse, sh.listItems),   // ?page= of ?size= items, with a link to the next
		"GET /shop/items/{id}": sh.customer(t.Browse, sh.showItem),    // one item, or 404
		"GET /shop/search":     sh.customer(t.Search, sh.searchItems), // items whose names have all words of ?q=
		"POST /shop/cart":      sh.customer(t.Cart, sh.addToCart),     // puts {id, quantity} in
		"GET /shop/cart":       sh.customer(t.Cart, sh.showCart),
		"DELETE /shop/cart":    sh.customer(t.Cart, sh.emptyCart),
		"POST /shop/pay":       sh.customer(t.Pay, sh.pay),           // 409 for an empty cart, at times 429
		"GET /shop/orders":     sh.customer(t.Browse, sh.listOrders), // what was paid
	})
}

// anybody is a route that needs no session and takes time.
func (sh *shop) anybody(median time.Duration, handle func(http.ResponseWriter, *http.Request) error) route {
	return func(w http.ResponseWriter, r *http.Request) error {
		sh.clock.spend(r, median)
		return answerFailure(w, handle(w, r))
	}
}

// customer is a route for those who have logged in. All others are refused at once.
func (sh *shop) customer(median time.Duration, handle func(http.ResponseWriter, *http.Request, *shopSession) error) route {
	return func(w http.ResponseWriter, r *http.Request) error {
		session := sh.sessionOf(r)
		if session == nil {
			sh.counts.unauthorized.Add(1)
			return answerFailure(w, &shopFailure{http.StatusUnauthorized, "log in first"})
		}
		sh.clock.spend(r, median)
		return answerFailure(w, handle(w, r, session))
	}
}
