package testserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"strings"
)

// maxShopBody is how many bytes of a request's body the shop reads.
const maxShopBody = 64 << 10

// A shopFailure is a request that the shop does not carry out.
type shopFailure struct {
	status  int
	message string
}

func (f *shopFailure) Error() string { return f.message }

// failf returns a shopFailure.
func failf(status int, format string, args ...any) error {
	return &shopFailure{status, fmt.Sprintf(format, args...)}
}

// answerFailure answers with what a handler returned: nothing where all is well, and 400 where the
// error says nothing else. Like all of the shop's answers it is JSON.
func answerFailure(w http.ResponseWriter, err error) error {
	if err == nil {
		return nil
	}
	status := http.StatusBadRequest
	if failure, ok := errors.AsType[*shopFailure](err); ok {
		status = failure.status
	}
	return answerJSON(w, status, struct {
		Error string `json:"error"`
	}{err.Error()})
}

// answerJSON writes v in one line.
func answerJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	body = append(body, '\n')
	promise(w, "application/json", int64(len(body)))
	w.WriteHeader(status)
	w.Write(body)
	return nil
}

// answerTagged is answerJSON with an ETag, and with 304 for a client that has this answer.
func answerTagged(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	body = append(body, '\n')
	hash := fnv.New64a()
	hash.Write(body)
	tag := fmt.Sprintf(`"%016x"`, hash.Sum64())
	w.Header().Set("ETag", tag)
	if matches(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return writeBody(w, "application/json", body)
}

// matches says whether an If-None-Match has a tag, by the weak comparison of RFC 9110, 13.1.2.
func matches(lines []string, tag string) bool {
	for _, line := range lines {
		for candidate := range strings.SplitSeq(line, ",") {
			candidate = strings.TrimSpace(candidate)
			if candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// readJSON reads a request's body into v, which an empty body leaves as it is. Members that v does not have are
// mistakes of the client's.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxShopBody))
	if err != nil {
		return tooLarge(err)
	}
	if len(body) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return failf(http.StatusBadRequest, "the body is not the JSON that is expected here: %v", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return failf(http.StatusBadRequest, "the body has something behind its JSON")
	}
	return nil
}

// tooLarge tells a body beyond maxShopBody from one that did not come whole.
func tooLarge(err error) error {
	if limit, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return failf(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", limit.Limit)
	}
	return err
}
