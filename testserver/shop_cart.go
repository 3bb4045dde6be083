package testserver

import (
	"crypto/rand"
	"net/http"
	"slices"
)

const (
	maxLines    = 50 // different items in a cart
	maxQuantity = 99 // pieces of an item that are added at a time
)

// A cart is what a session is about to buy.
type cart struct {
	checkout string // names it until it is paid or emptied; "": there is nothing in it
	lines    []line
}

// A line is an item, and how many of it.
type line struct {
	item     *item
	quantity int64
}

// add puts more of an item in.
func (c *cart) add(it *item, quantity int64) error {
	at := slices.IndexFunc(c.lines, func(l line) bool { return l.item == it })
	switch {
	case at >= 0:
		c.lines[at].quantity += quantity
	case len(c.lines) == maxLines:
		return failf(http.StatusConflict, "the cart has %d different items, and no room for another", maxLines)
	default:
		c.lines = append(c.lines, line{it, quantity})
	}
	if c.checkout == "" {
		c.checkout = rand.Text()
	}
	return nil
}

// sum returns how many pieces are in the cart, and their price in cents.
func (c *cart) sum() (pieces, total int64) {
	for _, l := range c.lines {
		pieces += l.quantity
		total += l.quantity * l.item.Price
	}
	return pieces, total
}

func (sh *shop) addToCart(w http.ResponseWriter, r *http.Request, s *shopSession) error {
	wanted := struct {
		ID       string `json:"id"`
		Quantity int64  `json:"quantity"`
	}{Quantity: 1}
	if err := readJSON(w, r, &wanted); err != nil {
		return err
	}
	switch {
	case wanted.ID == "":
		return failf(http.StatusBadRequest, "id is missing; it is that of an item")
	case wanted.Quantity < 1 || wanted.Quantity > maxQuantity:
		return failf(http.StatusBadRequest, "quantity is %d; it must be from 1 to %d", wanted.Quantity, maxQuantity)
	}
	found, err := sh.catalogue().find(wanted.ID)
	if err != nil {
		return err
	}
	s.mu.Lock()
	err = s.cart.add(found, wanted.Quantity)
	shown := s.cart.shown()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, shown)
}

func (sh *shop) showCart(w http.ResponseWriter, _ *http.Request, s *shopSession) error {
	s.mu.Lock()
	shown := s.cart.shown()
	s.mu.Unlock()
	return answerJSON(w, http.StatusOK, shown)
}

func (sh *shop) emptyCart(w http.ResponseWriter, _ *http.Request, s *shopSession) error {
	s.mu.Lock()
	s.cart = cart{}
	s.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// A shownCart is a cart as clients see it.
type shownCart struct {
	Checkout string      `json:"checkout,omitempty"`
	Items    []shownLine `json:"items"`
	Count    int64       `json:"count"` // pieces
	Total    int64       `json:"total"` // cents
}

type shownLine struct {
	item
	Quantity int64 `json:"quantity"`
}

func (c *cart) shown() shownCart {
	shown := shownCart{Checkout: c.checkout, Items: make([]shownLine, 0, len(c.lines))}
	for _, l := range c.lines {
		shown.Items = append(shown.Items, shownLine{*l.item, l.quantity})
	}
	shown.Count, shown.Total = c.sum()
	return shown
}
