package testserver

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"sessbench/workload/session"
)

// Many customers at a time, several of each user: what the shop counts is what they were answered.
func TestShopsBooksAreTheCustomers(t *testing.T) {
	const customers, rounds = 20, 10
	s := start(t, Config{Shop: ShopConfig{RefuseEvery: 7}})
	var mu sync.Mutex
	statuses := map[int]int64{}
	payments := map[string]bool{}
	t.Run("customers", func(t *testing.T) { // ends when all have
		for n := range customers {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				c := loggedIn(t, s, n%5)
				for round := range rounds {
					c.add(fmt.Sprintf("item-%04d", round))
					resp := c.pay("")
					mu.Lock()
					statuses[resp.Status]++
					if resp.Status == http.StatusCreated {
						payments[read[order](t, resp).Payment] = true
					}
					mu.Unlock()
				}
				c.want(http.StatusNoContent, c.do(&session.Request{Method: "POST", URL: "/shop/logout"}))
			})
		}
	})
	stats := s.Stats().Shop
	if stats.Logins != customers || stats.Logouts != customers || stats.Sessions != 0 {
		t.Errorf("stats %+v", stats)
	}
	if want := int64(customers * rounds / 7); stats.TooMany != want || statuses[http.StatusTooManyRequests] != want {
		t.Errorf("%d payments refused, and %d answers say so; want %d", stats.TooMany, statuses[http.StatusTooManyRequests], want)
	}
	if paid := statuses[http.StatusCreated]; stats.Payments != paid || int64(len(payments)) != paid || paid+stats.TooMany != customers*rounds {
		t.Errorf("%d payments, %d answers, %d different numbers", stats.Payments, paid, len(payments))
	}
}

// One session that is used by several at a time loses nothing.
func TestShopsSessionCanBeShared(t *testing.T) {
	const clients, rounds = 8, 25
	s := start(t, Config{Shop: ShopConfig{RefuseEvery: -1}})
	first := loggedIn(t, s, 0)
	cookies := first.s.Jar.All()
	t.Run("clients", func(t *testing.T) { // ends when all have
		for range clients {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				c := visitor(t, s)
				for _, cookie := range cookies {
					if err := c.s.Jar.Set(cookie); err != nil {
						t.Fatal(err)
					}
				}
				for range rounds {
					c.add("item-0000")
				}
			})
		}
	})
	if cart := read[shownCart](t, first.get("/shop/cart")); cart.Count != clients*rounds {
		t.Errorf("%d pieces in the cart, want %d", cart.Count, clients*rounds)
	}
}

// BenchmarkShop is the cost of the shop's requests, with a client that does next to nothing.
func BenchmarkShop(b *testing.B) {
	s := start(b, Config{})
	cookies := loggedIn(b, s, 0).s.Jar.All()
	if len(cookies) != 1 {
		b.Fatalf("%d cookies", len(cookies))
	}
	for _, path := range []string{"/", "/shop/items", "/shop/items/item-0042", "/shop/search?q=red+lamp", "/shop/cart"} {
		b.Run(path, func(b *testing.B) {
			conn, err := net.Dial("tcp", s.Addr())
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			c := &raw{conn, bufio.NewReader(conn), b}
			request := "GET " + path + " HTTP/1.1\r\nHost: test\r\nCookie: " + cookies[0].Name + "=" + cookies[0].Value + "\r\n\r\n"
			b.ReportAllocs()
			for b.Loop() {
				io.WriteString(c, request)
				if resp, body := c.response(); resp.StatusCode != http.StatusOK {
					b.Fatalf("%d %s", resp.StatusCode, body)
				}
			}
		})
	}
}
