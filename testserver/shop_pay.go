package testserver

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// maxKey is how long an Idempotency-Key can be.
const maxKey = 255

// A till numbers payments.
type till struct {
	tried atomic.Int64 // payments that could be made, since the last reset
	made  atomic.Int64 // payments that were, which is the last one's number
}

// A payment is what a client asks for.
type payment struct {
	Total *int64 `json:"total"` // that it expects; nil: it does not say
}

// pay turns the cart into an order. With an Idempotency-Key that an order of the user's was paid with, it answers
// what it answered then: a client that did not get its answer can ask again without paying twice.
func (sh *shop) pay(w http.ResponseWriter, r *http.Request, s *shopSession) error {
	key := r.Header.Get("Idempotency-Key")
	if len(key) > maxKey {
		return failf(http.StatusBadRequest, "the Idempotency-Key has %d bytes; %d are allowed", len(key), maxKey)
	}
	var asked payment
	if err := readJSON(w, r, &asked); err != nil {
		return err
	}
	paid, replayed, err := sh.settle(s, key, asked)
	if failure, ok := errors.AsType[*shopFailure](err); ok && failure.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", strconv.FormatInt(int64(sh.cfg.RetryAfter/time.Second), 10))
	}
	if err != nil {
		return err
	}
	if replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	return answerJSON(w, http.StatusCreated, paid)
}

// settle makes the payment for a session's cart, unless it was made before with the same key.
func (sh *shop) settle(s *shopSession, key string, asked payment) (paid order, replayed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	payer := &sh.accounts[s.user]
	payer.mu.Lock()
	defer payer.mu.Unlock()
	if before, ok := payer.paid(key); ok {
		sh.counts.replayed.Add(1)
		return before, true, nil
	}
	if paid, err = sh.charge(&s.cart, asked); err != nil {
		return order{}, false, err
	}
	paid.key = key
	payer.add(paid)
	s.cart = cart{}
	return paid, false, nil
}

// charge makes the payment for a cart, or says why not.
func (sh *shop) charge(c *cart, asked payment) (order, error) {
	pieces, total := c.sum()
	switch {
	case pieces == 0:
		return order{}, failf(http.StatusConflict, "the cart is empty")
	case asked.Total != nil && *asked.Total != total:
		return order{}, failf(http.StatusConflict, "the cart's total is %d, not %d", total, *asked.Total)
	}
	if tried := sh.till.tried.Add(1); sh.cfg.RefuseEvery > 0 && tried%int64(sh.cfg.RefuseEvery) == 0 {
		sh.counts.tooMany.Add(1)
		return order{}, failf(http.StatusTooManyRequests, "too many payments at the moment; the cart is as it was")
	}
	sh.counts.payments.Add(1)
	return order{Payment: fmt.Sprintf("pay-%08d", sh.till.made.Add(1)), Items: pieces, Total: total}, nil
}

// listOrders answers with the user's latest orders, the last one first.
func (sh *shop) listOrders(w http.ResponseWriter, _ *http.Request, s *shopSession) error {
	a := &sh.accounts[s.user]
	a.mu.Lock()
	latest := slices.Clone(a.orders)
	a.mu.Unlock()
	slices.Reverse(latest)
	if latest == nil {
		latest = []order{}
	}
	return answerJSON(w, http.StatusOK, struct {
		Orders []order `json:"orders"`
	}{latest})
}
