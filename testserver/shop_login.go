package testserver

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"mime"
	"net/http"
)

// loginCookie holds the token that the login form has in its hidden field. Another site can make a
// browser send the one, but not read it to send the other.
const loginCookie = "shop_login"

const loginPage = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Log in</title></head>
<body>
<form method="post" action="/shop/login">
  <input type="hidden" name="csrf" value="%s">
  <label>User <input name="user" autocomplete="username"></label>
  <label>Password <input name="password" type="password" autocomplete="current-password"></label>
  <button>Log in</button>
</form>
</body>
</html>
`

// loginForm hands out a token, in a cookie and in the form.
func (sh *shop) loginForm(w http.ResponseWriter, _ *http.Request) error {
	token := rand.Text()
	http.SetCookie(w, sh.cookie(loginCookie, token, "/shop/login"))
	w.Header().Set("Cache-Control", "no-store")
	return writeBody(w, "text/html; charset=utf-8", []byte(fmt.Sprintf(loginPage, token)))
}

// credentials are what a login has.
type credentials struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// login begins a session. One that the client had ends.
func (sh *shop) login(w http.ResponseWriter, r *http.Request) error {
	given, err := readCredentials(w, r)
	if err != nil {
		return err
	}
	n, ok := user(given.User, given.Password)
	if !ok {
		sh.counts.loginsRefused.Add(1)
		return failf(http.StatusUnauthorized, "no user has this name and password")
	}
	if old := sh.sessionOf(r); old != nil {
		sh.sessions.end(old.id)
	}
	sh.counts.logins.Add(1)
	http.SetCookie(w, sh.cookie(shopCookie, sh.sessions.begin(n).id, "/shop"))
	w.Header().Set("Cache-Control", "no-store")
	return answerJSON(w, http.StatusOK, struct {
		User string `json:"user"`
	}{given.User})
}

// readCredentials takes a form, with its token, or JSON. No other site's form can send the
// latter, so that it needs no token.
func readCredentials(w http.ResponseWriter, r *http.Request) (credentials, error) {
	var given credentials
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		err := readJSON(w, r, &given)
		return given, err
	case "application/x-www-form-urlencoded":
	default:
		return given, failf(http.StatusUnsupportedMediaType, "log in with a form or with JSON")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxShopBody)
	if err := r.ParseForm(); err != nil {
		return given, tooLarge(err)
	}
	token, err := r.Cookie(loginCookie)
	if err != nil || subtle.ConstantTimeCompare([]byte(token.Value), []byte(r.PostForm.Get("csrf"))) != 1 {
		return given, failf(http.StatusForbidden, "the form's csrf is not that of GET /shop/login, or its cookie is missing")
	}
	given.User, given.Password = r.PostForm.Get("user"), r.PostForm.Get("password")
	return given, nil
}

func (sh *shop) logout(w http.ResponseWriter, _ *http.Request, s *shopSession) error {
	if sh.sessions.end(s.id) { // or another request of the same session was faster
		sh.counts.logouts.Add(1)
	}
	gone := sh.cookie(shopCookie, "", "/shop")
	gone.MaxAge = -1
	http.SetCookie(w, gone)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (sh *shop) cookie(name, value, path string) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: path, HttpOnly: true, Secure: sh.secure, SameSite: http.SameSiteLaxMode}
}
