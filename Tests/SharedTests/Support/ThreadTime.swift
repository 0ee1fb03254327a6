import Glibc

/// How long this thread has computed while something was done, in nanoseconds: what other tests do meanwhile does not count.
func threadTime(of work: () throws -> Void) rethrows -> UInt64 {
    func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
    let start = now()
    try work()
    return now() - start
}
