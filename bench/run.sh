#!/bin/sh
# Installs what the benchmarks need and is missing, builds sessbench and the harness,
# and runs it. All arguments go to the harness: bench/run.sh --help
#
# Debian packages need root. A tool that cannot be installed is named in the tables
# with the reason; only Go and nginx are needed to go on. --smoke installs nothing.
set -eu

cd "$(dirname "$0")/.."
home=${SESSBENCH_BENCH_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/sessbench-bench}
bin=$home/bin
reasons=$home/reasons # why the tables lack a tool: lines of tool, tab, reason
mkdir -p "$bin"
: >"$reasons"

install=yes
for arg; do
	case $arg in --smoke | -smoke | --help | -help | -h) install=no ;; esac
done
updated=no

say() { echo "bench: $*" >&2; }

# missing TOOL REASON
missing() {
	say "$1 is not installed: $2"
	printf '%s\t%s\n' "$1" "$2" >>"$reasons"
}

# debian TOOL PACKAGE
debian() {
	if command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; then
		return 0
	elif [ $install = no ]; then
		missing "$1" "this run installs nothing; package $2"
	elif ! command -v apt-get >/dev/null; then
		missing "$1" "no apt-get here; package $2"
	elif [ "$(id -u)" != 0 ]; then
		missing "$1" "not root; package $2"
	else
		if [ $updated = no ]; then
			updated=yes
			apt-get update -q >&2 || say "apt-get update failed"
		fi
		DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$2" >&2 ||
			missing "$1" "apt-get install $2 failed"
	fi
}

# golang TOOL MODULE VERSION: built once, into the harness's own directory.
golang() {
	if go version -m "$bin/$1" 2>/dev/null | grep -q "^[[:space:]]mod[[:space:]]$2[[:space:]]$3[[:space:]]"; then
		return 0
	elif [ $install = no ]; then
		missing "$1" "this run installs nothing; go install $2@$3"
	else
		say "building $1 $3"
		# Outside of this module, whose dependencies are not the tool's.
		(cd / && GOBIN=$bin go install "$2@$3") >&2 || missing "$1" "go install $2@$3 failed"
	fi
}

# ours TOOL PACKAGE
ours() {
	if [ -d "$2" ]; then
		go build -o "$bin/$1" "$2"
	else
		rm -f "$bin/$1"
		missing "$1" "no $2 in this tree"
	fi
}

debian nginx nginx-light
debian taskset util-linux
debian wrk wrk
debian ab apache2-utils
debian h2load nghttp2-client
debian hey hey
golang vegeta github.com/tsenart/vegeta/v12 v12.13.0
golang k6 go.k6.io/k6 v1.8.1
ours sessbench ./cmd/sessbench
ours refclient ./bench/cmd/refclient
ours arrivals ./bench/cmd/arrivals
ours bench ./bench

set -- "$bin/bench" --bin "$bin" --reasons "$reasons" "$@"

# In a network namespace of its own nobody else's closed connections are in the way, and
# the settings of a machine that offers load for a living can be made without touching
# this one's: all local ports, and room for them in TIME_WAIT.
if command -v ip >/dev/null && unshare --net true 2>/dev/null; then
	exec unshare --net -- sh -c '
		ip link set lo up
		sysctl -qw net.ipv4.ip_local_port_range="1024 65535" net.ipv4.tcp_max_tw_buckets=1000000
		exec "$@"' sh "$@"
fi
say "no network namespace of its own: other programs' closed connections may be in the way"
exec "$@"
