package testserver

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"sessbench/workload/session"
)

func TestShopsPagesAreTheCatalogue(t *testing.T) {
	c := loggedIn(t, start(t, Config{}), 0)
	for _, size := range []string{"", "&size=33", "&size=100"} {
		var items []item
		pages := 0
		next := "/shop/items?page=1" + size
		for next != "" {
			resp := c.get(next)
			page := read[cataloguePage](t, resp)
			items = append(items, page.Items...)
			if pages++; page.Page != int64(pages) || page.Total != 1000 {
				t.Fatalf("%s: %+v", next, page)
			}
			if link := resp.Header.Get("Link"); (link == "") != (page.Next == "") || link != "" && link != "<"+page.Next+`>; rel="next"` {
				t.Errorf("Link %q, next %q", link, page.Next)
			}
			if last := page.Next == ""; last != (page.Page == page.Pages) {
				t.Errorf("page %d of %d has the next %q", page.Page, page.Pages, page.Next)
			}
			next = page.Next
		}
		if !slices.Equal(items, newCatalogue().items) {
			t.Errorf("size %q: %d pages with %d items, which are not the catalogue", size, pages, len(items))
		}
	}
}

func TestShopsCatalogueHasNothingTwice(t *testing.T) {
	ids, names := map[string]bool{}, map[string]bool{}
	items := newCatalogue().items
	for _, it := range items {
		ids[it.ID], names[it.Name] = true, true
		if it.Price <= 0 {
			t.Errorf("%+v", it)
		}
	}
	if len(items) != 1000 || len(ids) != 1000 || len(names) != 1000 {
		t.Errorf("%d items, %d ids, %d names", len(items), len(ids), len(names))
	}
}

func TestShopAnswersNonsense(t *testing.T) {
	c := loggedIn(t, start(t, Config{}), 0)
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/shop/items?page=0":      {400, `{"error":"page: \"0\" is not a whole number from 1 to 2147483648"}`},
		"/shop/items?size=101":    {400, `{"error":"size: \"101\" is not a whole number from 1 to 100"}`},
		"/shop/items?page=51":     {404, `{"error":"there are 50 pages of 20 items"}`},
		"/shop/items/item-1000":   {404, `{"error":"there is no item \"item-1000\""}`},
		"/shop/search":            {400, `{"error":"q: there is no word to search for"}`},
		"/shop/search?q=+":        {400, `{"error":"q: there is no word to search for"}`},
		"/shop/search?q=xylitol+": {200, `{"items":[],"total":0}`},
		"/shop/nothing":           {404, "404 page not found"},
		"/shop/pay":               {405, "Method Not Allowed"},
	} {
		resp := c.get(path)
		if text := strings.TrimSpace(textOf(t, resp)); resp.Status != want.status || text != want.text {
			t.Errorf("%s: %d %s, want %d %s", path, resp.Status, text, want.status, want.text)
		}
	}
}

func TestShopFindsAllWords(t *testing.T) {
	c := loggedIn(t, start(t, Config{}), 0)
	for query, want := range map[string]int{"lamp": 100, "red+lamp": 10, "LAMP+red+glass": 1, "lamp+chair": 0} {
		found := read[struct {
			Items []item
			Total int
		}](t, c.get("/shop/search?q="+query))
		if found.Total != want || len(found.Items) != min(want, maxFound) {
			t.Errorf("%s: %d of %d, want %d", query, len(found.Items), found.Total, want)
		}
		for _, it := range found.Items {
			for word := range strings.SplitSeq(strings.ToLower(query), "+") {
				if !strings.Contains(it.Name, word) {
					t.Errorf("%s: found %s", query, it.Name)
				}
			}
		}
	}
}

func TestShopKnowsWhatAClientHas(t *testing.T) {
	c := loggedIn(t, start(t, Config{}), 0)
	tags := map[string]bool{}
	for _, path := range []string{"/shop/items", "/shop/items?page=2", "/shop/items/item-0001", "/shop/search?q=red"} {
		tag := c.get(path).Header.Get("ETag")
		tags[tag] = true
		for given, want := range map[string]int{
			tag: 304, "W/" + tag: 304, `"other", ` + tag: 304, "*": 304, `"other"`: 200, strings.Trim(tag, `"`): 200,
		} {
			resp := c.do(&session.Request{URL: path, Headers: session.Fields{session.Set("If-None-Match", given)}})
			if empty := textOf(t, resp) == ""; resp.Status != want || resp.Header.Get("ETag") != tag || empty != (want == http.StatusNotModified) {
				t.Errorf("%s, If-None-Match %s: %d with tag %s, want %d", path, given, resp.Status, resp.Header.Get("ETag"), want)
			}
		}
	}
	if len(tags) != 4 {
		t.Errorf("4 answers have the tags %v", tags)
	}
}
