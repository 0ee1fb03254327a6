import Glibc
import Synchronization

/// Ctrl-C and SIGTERM: the first ends the tape where it is, so that what was read until then is written out whole; the
/// second, whichever of the two, ends the program.
package enum Interruption {
    private static let flag = Atomic(false)

    package static var isRequested: Bool { flag.load(ordering: .relaxed) }

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
            signal(number) { _ in
                Interruption.flag.store(true, ordering: .relaxed)
                signal(SIGINT, SIG_DFL)
                signal(SIGTERM, SIG_DFL)
            }
        }
    }
}
