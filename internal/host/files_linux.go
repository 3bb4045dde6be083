package host

import "golang.org/x/sys/unix"

// reserveFiles has the kernel make the process's table of open files large enough at once. The table grows by doubling, and a process
// with several threads that opens its 65th, 257th, 1025th file waits for all CPUs to leave the old one
// (synchronize_rcu in expand_fdtable, fs/file.c): 10 to 25 ms in which no connection is opened.
func reserveFiles(n uint64) {
	if n == 0 || n > uint64(fileLimit()) {
		return
	}
	fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, int(n-1))
	if err == nil {
		_ = unix.Close(fd)
	}
}
