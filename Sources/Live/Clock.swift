import Glibc

/// The kernel's clocks, nanoseconds.
enum Clock {
    /// Since the Unix epoch.
    static var wall: Int64 { now(CLOCK_REALTIME) }

    /// Since the machine has started, without the time for which it slept: the clock of the kernel's records.
    static var monotonic: Int64 { now(CLOCK_MONOTONIC) }

    /// Since the machine has started: the clock of processes' starts.
    static var boot: Int64 { now(CLOCK_BOOTTIME) }

    private static func now(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
