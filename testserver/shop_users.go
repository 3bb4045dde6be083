package testserver

import (
	"crypto/subtle"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// shopUsers is how many users the shop has.
const shopUsers = 1000

// maxOrders is how many of a user's orders are kept.
const maxOrders = 50

// ShopUser returns the name and the password of the shop's user number n, from 0 to 999.
func ShopUser(n int) (name, password string) {
	return fmt.Sprintf("user-%03d", n), fmt.Sprintf("secret-%03d-%d", n, (n*7919+104729)%9973)
}

// An account is what the shop keeps of a user, whatever the session.
type account struct {
	mu     sync.Mutex
	orders []order // the latest maxOrders, in the order in which they were paid
}

// An order is a cart that was paid. Its key is the client's for the payment.
type order struct {
	Payment string `json:"payment"`
	Items   int64  `json:"items"` // pieces
	Total   int64  `json:"total"` // cents
	key     string
}

// user returns the number of the user with that name and password.
func user(name, password string) (n int, ok bool) {
	digits, found := strings.CutPrefix(name, "user-")
	n, err := strconv.Atoi(digits)
	if !found || err != nil || n < 0 || n >= shopUsers {
		return 0, false
	}
	wantName, wantPassword := ShopUser(n)
	return n, name == wantName && subtle.ConstantTimeCompare([]byte(password), []byte(wantPassword)) == 1
}

// paid finds the order that was paid with a key. The account is locked.
func (a *account) paid(key string) (order, bool) {
	if key != "" {
		for _, o := range a.orders {
			if o.key == key {
				return o, true
			}
		}
	}
	return order{}, false
}

// add keeps an order. The account is locked.
func (a *account) add(o order) {
	if len(a.orders) == maxOrders {
		a.orders = a.orders[:copy(a.orders, a.orders[1:])]
	}
	a.orders = append(a.orders, o)
}
