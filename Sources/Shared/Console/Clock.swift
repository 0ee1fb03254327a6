import Glibc
package import Shared

/// The kernel's clocks; `Shared` has none, its time is that of the events.
package enum Clock {
    /// The time of day.
    package static var wall: Timestamp { Timestamp(nanoseconds: now(CLOCK_REALTIME)) }

    /// Nanoseconds since the machine has started, without the time for which it slept: the clock of the kernel's records.
    package static var monotonic: Int64 { now(CLOCK_MONOTONIC) }

    /// Nanoseconds since the machine has started: the clock of processes' starts.
    package static var boot: Int64 { now(CLOCK_BOOTTIME) }

    /// The monotonic clock, to wait by.
    package static var elapsed: Duration { .nanoseconds(monotonic) }

    /// Processor time that the calling thread has used, nanoseconds.
    package static var threadProcessor: Int64 { now(CLOCK_THREAD_CPUTIME_ID) }

    private static func now(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
