import Glibc
import Synchronization

/// Ctrl-C and SIGTERM: the first ends the tape where it is, so that what was read until then is written out whole; the
/// second, whichever of the two, ends the program.
package enum Interruption {
    /// The signal that came; 0: none.
    private static let requested = Atomic<Int32>(0)

    /// Somebody watches what is read: Ctrl-C is theirs, as a key is, and whoever reads goes on until they have left.
    private static let isWatched = Atomic(false)

    package static var isRequested: Bool {
        requested.load(ordering: .relaxed) != 0 && !isWatched.load(ordering: .relaxed)
    }

    /// From now on only ``take()`` tells of it, or everybody is told again.
    package static func belongs(toWatcher watched: Bool) { isWatched.store(watched, ordering: .relaxed) }

    /// Takes the signal, for a program that does something else with it; the next one is as the first.
    package static func take() -> Int32? {
        let signal = requested.exchange(0, ordering: .relaxed)
        guard signal != 0 else { return nil }
        listen()
        return signal
    }

    private static let reopening = Atomic(false)

    /// From now on SIGHUP asks for output files to be opened anew, as those who rotate logs send it; without this it ends the
    /// program.
    package static func listenForReopening() {
        _ = takeReopening()
        signal(SIGHUP) { _ in Interruption.reopening.store(true, ordering: .relaxed) }
    }

    /// Whether it was asked since the last call.
    package static func takeReopening() -> Bool { reopening.exchange(false, ordering: .relaxed) }

    /// From now on SIGINT and SIGTERM end the tape, and writing to a pipe that nobody reads is an error of that write.
    package static func listen() {
        // The flag is made before a handler could be the first to ask for it.
        _ = isRequested
        signal(SIGPIPE, SIG_IGN)
        // Whoever started the program may have blocked them, which is inherited.
        var both = sigset_t()
        sigemptyset(&both)
        sigaddset(&both, SIGINT)
        sigaddset(&both, SIGTERM)
        pthread_sigmask(SIG_UNBLOCK, &both, nil)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interruption.requested.store(number, ordering: .relaxed)
                signal(SIGINT, SIG_DFL)
                signal(SIGTERM, SIG_DFL)
            }
        }
    }
}
