package session

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"
)

// maxNetrc is the size in bytes from which on a file is taken for something else than a netrc.
const maxNetrc = 1 << 20

// netrcInterval is how long a look at the file's state lasts: it costs a tenth of a small request, and a session
// looks up every call that has no other credentials.
const netrcInterval = time.Second

// A netrc looks up credentials in the user's netrc file. It looks at most once in netrcInterval whether the file's
// time or size has changed, and then reads it again. The zero value is ready for use; it belongs to
// one goroutine.
type netrc struct {
	named, home string    // by which the paths were chosen
	paths       []string  // the first that exists counts
	looked      time.Time // at the file's state; zero: not yet at these paths

	path     string // what was read, with its state then
	modified time.Time
	size     int64
	entries  netrcEntries
}

// netrcEntries are credentials by host in lower case, the default entry's by "".
type netrcEntries map[string]Basic

// lookup returns the credentials for host, a name or address without port and brackets. The file is $NETRC
// or else ~/.netrc or else ~/_netrc. One that cannot be read or understood, or is no regular file,
// has none for anybody.
func (n *netrc) lookup(env environment, host string) (auth Basic, ok bool) {
	n.choose(env)
	if now := time.Now(); n.looked.IsZero() || now.Sub(n.looked) >= netrcInterval {
		n.looked = now
		n.refresh()
	}
	if len(n.entries) == 0 {
		return Basic{}, false
	}
	auth, ok = n.entries[strings.ToLower(host)]
	if !ok {
		auth = n.entries[""]
	}
	return auth, auth != Basic{}
}

// choose sets the paths that the environment names.
func (n *netrc) choose(env environment) {
	named, home := env("NETRC"), env(homeVariable())
	if n.paths != nil && named == n.named && home == n.home {
		return
	}
	n.named, n.home, n.looked = named, home, time.Time{}
	switch {
	case strings.HasPrefix(named, "~/") && home != "":
		n.paths = []string{home + named[1:]}
	case named != "":
		n.paths = []string{named}
	case home != "":
		n.paths = []string{home + "/.netrc", home + "/_netrc"}
	default:
		n.paths = []string{}
	}
}

func homeVariable() string {
	if runtime.GOOS == "windows" {
		return "USERPROFILE"
	}
	return "HOME"
}

// refresh reads the file unless it is the one that was read last.
func (n *netrc) refresh() {
	for _, path := range n.paths {
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		if path != n.path || info.Size() != n.size || !info.ModTime().Equal(n.modified) {
			n.path, n.size, n.modified = path, info.Size(), info.ModTime()
			n.entries = readNetrc(path, info)
		}
		return
	}
	n.path, n.entries = "", nil
}

func readNetrc(path string, info fs.FileInfo) netrcEntries {
	if !info.Mode().IsRegular() || info.Size() > maxNetrc {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxNetrc))
	if err != nil {
		return nil
	}
	return parseNetrc(text)
}

// parseNetrc returns what a netrc file says, as Python's netrc module reads it, or nil if it is broken.
// Of several entries for a host the last one counts. Unlike there, a comment ends with its line
// wherever it begins.
func parseNetrc(text []byte) netrcEntries {
	l := netrcLexer{rest: bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))}
	entries := netrcEntries{}
	for {
		token, ok := l.keyword()
		if !ok {
			return entries
		}
		var host string
		switch token {
		case "default":
		case "machine":
			if host = l.value(); host == "" {
				return nil
			}
		case "macdef":
			if !l.skipMacro() {
				return nil
			}
			continue
		default:
			return nil
		}
		auth, ok := l.entry()
		if !ok {
			return nil
		}
		entries[strings.ToLower(host)] = auth
	}
}

// A netrcLexer cuts a file into tokens.
type netrcLexer struct{ rest []byte }

// entry returns the credentials up to the next entry; ok is false if something does not belong there. An
// account takes the place of a missing login.
func (l *netrcLexer) entry() (auth Basic, ok bool) {
	var account string
	for {
		before := l.rest
		token, more := l.keyword()
		switch token {
		case "login", "user":
			auth.User = l.value()
		case "account":
			account = l.value()
		case "password":
			auth.Password = l.value()
		case "machine", "default", "macdef", "":
			l.rest = before
			if auth.User == "" {
				auth.User = account
			}
			return auth, token != "" || !more
		default:
			return Basic{}, false
		}
	}
}

// skipMacro leaves out a macro's name and its lines up to an empty one.
func (l *netrcLexer) skipMacro() bool {
	l.value()
	for len(l.rest) > 0 {
		line, rest, _ := bytes.Cut(l.rest, []byte("\n"))
		l.rest = rest
		if len(line) == 0 {
			return true
		}
	}
	return false
}

// keyword returns the next token that is no comment; ok is false at the end.
func (l *netrcLexer) keyword() (token string, ok bool) {
	for {
		l.rest = bytes.TrimLeft(l.rest, netrcBlanks)
		if len(l.rest) == 0 {
			return "", false
		}
		if l.rest[0] != '#' {
			return l.value(), true
		}
		_, l.rest, _ = bytes.Cut(l.rest, []byte("\n"))
	}
}

const netrcBlanks = " \t\r\n"

// value returns the next token, whatever it begins with, or "" at the end, and leaves out the byte that
// ends it. A backslash takes any byte as it is, within quotes and without.
func (l *netrcLexer) value() string {
	l.rest = bytes.TrimLeft(l.rest, netrcBlanks)
	ends := netrcBlanks
	if len(l.rest) > 0 && l.rest[0] == '"' {
		ends, l.rest = `"`, l.rest[1:]
	}
	var token []byte
	for i := 0; i < len(l.rest); i++ {
		b := l.rest[i]
		if strings.IndexByte(ends, b) >= 0 {
			l.rest = l.rest[i+1:]
			return string(token)
		}
		if b == '\\' && i+1 < len(l.rest) {
			i++
			b = l.rest[i]
		}
		token = append(token, b)
	}
	l.rest = nil
	return string(token)
}
