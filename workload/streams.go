package workload

// Random streams of one seed, kept apart so that a longer draw in one does not
// shift another. Each has 2^32 numbers.
const (
	orderStream    = 1 << 32
	arrivalsStream = 2 << 32
	retryStream    = 3 << 32
	itemsStream    = 4 << 32 // of the closed model's workers
	traceStream    = 5 << 32 // of the items that a trace does not name
	workerStream   = 6 << 32 // of what a worker draws for its requests and pauses
)

// blockStream is the stream of one part, below 2^17, of a block or the warm-up.
func blockStream(base uint64, block, part int) uint64 {
	return base + uint64(block+1)<<17 + uint64(part)
}
