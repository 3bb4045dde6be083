package testserver

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// An item is something to buy.
type item struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Price int64  `json:"price"` // cents
}

// A catalogue is what the shop has, always the same. It does not change.
type catalogue struct {
	items []item
	byID  map[string]int // index in items
}

// newCatalogue makes every thing of every material in every colour.
func newCatalogue() *catalogue {
	colours := strings.Fields("red green blue yellow black white grey brown purple orange")
	materials := strings.Fields("wooden steel glass paper leather cotton stone wool copper bamboo")
	things := strings.Fields("lamp chair table bottle bag clock mirror shelf bowl box")
	c := &catalogue{byID: make(map[string]int)}
	for _, thing := range things {
		for _, material := range materials {
			for _, colour := range colours {
				n := len(c.items)
				id := fmt.Sprintf("item-%04d", n)
				c.byID[id] = n
				c.items = append(c.items, item{id, colour + " " + material + " " + thing, 199 + int64(n*7919%20000)})
			}
		}
	}
	return c
}

const (
	defaultPageSize = "20"
	maxPageSize     = 100
	maxFound        = 20 // items that a search returns
)

// A cataloguePage is a part of the list.
type cataloguePage struct {
	Items []item `json:"items"`
	Page  int64  `json:"page"`
	Pages int64  `json:"pages"`
	Total int64  `json:"total"`          // items
	Next  string `json:"next,omitempty"` // path and query of the next page
}

func (sh *shop) listItems(w http.ResponseWriter, r *http.Request, _ *shopSession) error {
	items := sh.catalogue().items
	total := int64(len(items))
	p := paramsOf(r)
	number := p.number("page", "1", 1, 1<<31)
	size := p.number("size", defaultPageSize, 1, maxPageSize)
	if p.err != nil {
		return p.err
	}
	page := cataloguePage{Page: number, Pages: (total + size - 1) / size, Total: total}
	if number > page.Pages {
		return failf(http.StatusNotFound, "there are %d pages of %d items", page.Pages, size)
	}
	page.Items = items[(number-1)*size : min(number*size, total)]
	if number < page.Pages {
		page.Next = "/shop/items?" + url.Values{"page": {strconv.FormatInt(number+1, 10)}, "size": {strconv.FormatInt(size, 10)}}.Encode()
		w.Header().Set("Link", "<"+page.Next+`>; rel="next"`)
	}
	return answerTagged(w, r, page)
}

func (sh *shop) showItem(w http.ResponseWriter, r *http.Request, _ *shopSession) error {
	found, err := sh.catalogue().find(r.PathValue("id"))
	if err != nil {
		return err
	}
	return answerTagged(w, r, struct {
		item
		Description string `json:"description"`
	}{*found, "A " + found.Name + ", made to last. " + strings.Repeat("It is as good as it looks. ", 8)})
}

// find returns an item, which is not to be changed, or a 404.
func (c *catalogue) find(id string) (*item, error) {
	n, ok := c.byID[id]
	if !ok {
		return nil, failf(http.StatusNotFound, "there is no item %q", id)
	}
	return &c.items[n], nil
}

func (sh *shop) searchItems(w http.ResponseWriter, r *http.Request, _ *shopSession) error {
	p := paramsOf(r)
	words := strings.Fields(strings.ToLower(p.value("q", "")))
	if p.err == nil && len(words) == 0 {
		p.complain("q", errors.New("there is no word to search for"))
	}
	if p.err != nil {
		return p.err
	}
	found, total := sh.catalogue().search(words)
	return answerTagged(w, r, struct {
		Items []item `json:"items"` // the first ones
		Total int    `json:"total"`
	}{found, total})
}

// search returns the first items whose names have all of the words, and how many there are.
func (c *catalogue) search(words []string) (first []item, total int) {
	first = []item{}
next:
	for i := range c.items {
		for _, word := range words {
			if !strings.Contains(c.items[i].Name, word) {
				continue next
			}
		}
		if total++; total <= maxFound {
			first = append(first, c.items[i])
		}
	}
	return first, total
}
