//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"sessbench/internal/precise"
)

// A recording is what the server saw. Times are nanoseconds.
type recording struct {
	Arrivals    []int64 `json:"arrivals"` // wall clock; grouped by connection, not in order
	Held        []int64 `json:"held"`     // from arrival to the answer written, in the same order
	Connections int64   `json:"connections"`
}

// A server owns its listener and its connections; every connection has one goroutine,
// and accept waits for all of them.
type server struct {
	listener *net.TCPListener
	hold     *holds        // nil: answers are written at once
	done     chan struct{} // closed when accept has returned

	mu       sync.Mutex
	stopping bool
	open     map[*net.TCPConn]struct{}
	recorded recording
	failed   error
}

func newServer(l *net.TCPListener, hold *holds) *server {
	return &server{listener: l, hold: hold, done: make(chan struct{}), open: map[*net.TCPConn]struct{}{}}
}

// listen opens a listener whose connections have their packets stamped on arrival.
func listen(ctx context.Context, address string) (*net.TCPListener, error) {
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var setErr error
		err := raw.Control(func(fd uintptr) {
			// Accepted sockets inherit it, so that the first packet has its stamp too.
			setErr = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
		})
		return errors.Join(err, setErr)
	}}
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return l.(*net.TCPListener), nil
}

func (s *server) accept() {
	defer close(s.done)
	var conns sync.WaitGroup
	defer conns.Wait()
	for {
		conn, err := s.listener.AcceptTCP()
		if err != nil {
			return // closed by stop
		}
		if !s.enter(conn) {
			conn.Close()
			return
		}
		conns.Go(func() {
			seen, err := answerAll(conn, s.hold)
			s.leave(conn, seen, err)
		})
	}
}

// enter keeps the connection, unless the server is stopping.
func (s *server) enter(conn *net.TCPConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return false
	}
	s.open[conn] = struct{}{}
	s.recorded.Connections++
	return true
}

func (s *server) leave(conn *net.TCPConn, seen recording, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, conn)
	conn.Close()
	s.recorded.Arrivals = append(s.recorded.Arrivals, seen.Arrivals...)
	s.recorded.Held = append(s.recorded.Held, seen.Held...)
	if err != nil && s.failed == nil {
		s.failed = err
	}
}

// stop closes everything and returns what was recorded.
func (s *server) stop() (recording, error) {
	s.mu.Lock()
	s.stopping = true
	for conn := range s.open {
		// Wakes its goroutine, which closes it.
		conn.SetReadDeadline(time.Unix(1, 0))
	}
	s.mu.Unlock()
	s.listener.Close()
	<-s.done
	return s.recorded, s.failed
}

var (
	answer    = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
	endOfHead = []byte("\r\n\r\n")
)

// answerAll answers the requests of one connection until it ends. Requests that are
// read together share the stamp of the last; clients that wait for an answer before
// they send the next request have none such.
func answerAll(conn *net.TCPConn, hold *holds) (seen recording, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return seen, err
	}
	var sleeper precise.Sleeper
	defer sleeper.Close()
	buf, control := make([]byte, 16<<10), make([]byte, 128)
	filled := 0
	for {
		n, stamp, err := readStamped(raw, buf[filled:], control)
		if err != nil || n == 0 {
			return seen, ignoreEnd(err)
		}
		if filled += n; !bytes.HasSuffix(buf[:filled], endOfHead) {
			if filled == len(buf) {
				return seen, errors.New("a request head is longer than 16 KiB")
			}
			continue
		}
		if stamp == 0 {
			// The kernel switches stamping on a moment after the first socket asks for it.
			stamp = time.Now().UnixNano()
		}
		for range bytes.Count(buf[:filled], endOfHead) {
			if err := hold.wait(&sleeper); err != nil {
				return seen, err
			}
			if _, err := conn.Write(answer); err != nil {
				return seen, ignoreEnd(err)
			}
			seen.Arrivals = append(seen.Arrivals, stamp)
			seen.Held = append(seen.Held, time.Now().UnixNano()-stamp)
		}
		filled = 0
	}
}

// readStamped reads what has come, with the arrival of its last packet in nanoseconds
// of wall-clock time; 0 where the kernel gave none.
func readStamped(raw syscall.RawConn, p, control []byte) (n int, stamp int64, err error) {
	var controlLen int
	var recvErr error
	err = raw.Read(func(fd uintptr) bool {
		n, controlLen, _, _, recvErr = unix.Recvmsg(int(fd), p, control, 0)
		return !errors.Is(recvErr, unix.EAGAIN)
	})
	if err := errors.Join(err, recvErr); err != nil {
		return 0, 0, err
	}
	stamp, err = arrival(control[:controlLen])
	return n, stamp, err
}

// arrival finds the kernel's time stamp among a message's control data.
func arrival(control []byte) (int64, error) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return 0, fmt.Errorf("control data: %w", err)
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_TIMESTAMPNS {
			if len(m.Data) < int(unsafe.Sizeof(unix.Timespec{})) {
				return 0, fmt.Errorf("time stamp of %d bytes", len(m.Data))
			}
			return (*unix.Timespec)(unsafe.Pointer(&m.Data[0])).Nano(), nil
		}
	}
	return 0, nil
}

// ignoreEnd keeps quiet about the ways in which a client or stop ends a connection.
func ignoreEnd(err error) error {
	for _, end := range []error{io.EOF, unix.ECONNRESET, unix.EPIPE, net.ErrClosed} {
		if errors.Is(err, end) {
			return nil
		}
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return nil // the deadline that stop sets
	}
	return err
}
