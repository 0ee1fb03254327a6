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

/// The least that a thing and one eight times as long took, in nanoseconds of this thread.
///
/// What else the machine does may make a measurement longer and never shorter: the two are taken in turn until they
/// are in proportion, eight times and half of that again as much for what a start takes, or until twelve rounds say
/// that they are not. Work that goes by the square of its input takes sixty-four times as long in every round.
struct Growth: CustomStringConvertible {
    private(set) var once = UInt64.max
    private(set) var eightfold = UInt64.max

    init(of work: (_ times: Int) throws -> Void) rethrows {
        for _ in 0..<12 where !isProportional {
            once = min(once, try threadTime { try work(1) })
            eightfold = min(eightfold, try threadTime { try work(8) })
        }
    }

    var isProportional: Bool { once != .max && eightfold < 16 * once }
    var description: String { "\(once) ns, eight times as much in \(eightfold) ns" }
}
