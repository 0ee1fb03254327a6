import Glibc
import Synchronization

/// A terminal that is drawn on as a whole, while its keys are read one by one; whoever leaves finds it as it was.
package final class Screen {
    /// What is drawn goes there.
    private static let output = STDOUT_FILENO
    /// Keys come from there, whatever standard input is.
    private let keyboard: Int32
    private var before = termios()
    private var isEntered = false
    /// The lines that are drawn.
    private var drawn: [String] = []
    private var drawnSize: (columns: Int, rows: Int) = (0, 0)

    // MARK: Signals

    private static let suspends = Atomic(false)
    private static let continues = Atomic(false)

    /// - Returns: `nil` where standard output is no terminal that can be drawn on, or somebody else has it now.
    package init?() {
        guard Terminal.isTerminal(Self.output), Terminal.environment("TERM") ?? "dumb" != "dumb" else { return nil }
        keyboard = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard keyboard >= 0 else { return nil }
        guard tcgetpgrp(keyboard) == getpgrp(), tcgetattr(keyboard, &before) == 0 else {
            close(keyboard)
            return nil
        }
        enter()
    }

    deinit {
        leave()
        close(keyboard)
    }

    /// Keys come as they are pressed, and Ctrl-C and Ctrl-Z are keys: whoever reads them has to make the screen clean first.
    private func enter() {
        var raw = before
        cfmakeraw(&raw)
        // Output goes on as it was: a line feed is a new line.
        raw.c_oflag = before.c_oflag
        tcsetattr(keyboard, TCSADRAIN, &raw)
        // A change of size interrupts the wait for a key.
        signal(SIGWINCH) { _ in }
        signal(SIGTSTP) { _ in Screen.suspends.store(true, ordering: .relaxed) }
        signal(SIGCONT) { _ in Screen.continues.store(true, ordering: .relaxed) }
        Terminal.holdComplaints()
        // The other screen (xterm, 1049), no cursor (DECTCEM), no wrapping (DECAWM).
        write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[2J")
        isEntered = true
        drawn = []
    }

    /// Gives the terminal back as it was.
    package func leave() {
        guard isEntered else { return }
        isEntered = false
        write("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
        tcsetattr(keyboard, TCSADRAIN, &before)
        signal(SIGWINCH, SIG_DFL)
        signal(SIGTSTP, SIG_DFL)
        signal(SIGCONT, SIG_DFL)
        Terminal.letComplain()
    }

    /// Stops until somebody lets the job go on: all of it, as the terminal itself would.
    package func suspend() {
        leave()
        // To the others; and to this thread, which then does not get ahead of a stop that another one has to see first.
        signal(SIGTSTP, SIG_IGN)
        kill(0, SIGTSTP)
        signal(SIGTSTP, SIG_DFL)
        var (stop, masked) = (sigset_t(), sigset_t())
        sigemptyset(&stop)
        sigaddset(&stop, SIGTSTP)
        // Dispatch's threads block all that can be blocked.
        pthread_sigmask(SIG_UNBLOCK, &stop, &masked)
        raise(SIGTSTP)
        pthread_sigmask(SIG_SETMASK, &masked, nil)
        // It is here again once it goes on.
        enter()
    }

    private func write(_ text: String) { _ = try? StandardOutput.offer(text, to: Self.output) }

    // MARK: What is shown

    package var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(Self.output, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Draws a screen; lines that are there already are left as they are.
    package func draw(_ lines: [String]) {
        let size = size
        if Self.continues.exchange(false, ordering: .relaxed) || drawnSize != size { drawn = [] }
        var text = drawn.isEmpty ? "\u{1B}[2J" : ""
        let shown = lines.prefix(size.rows)
        for (row, line) in shown.enumerated() where !drawn.indices.contains(row) || drawn[row] != line {
            // What was there goes first: behind a line as wide as the terminal the cursor stands on its last character.
            text += "\u{1B}[\(row + 1);1H\u{1B}[2K\(line)\u{1B}[0m"
        }
        if shown.count < drawn.count { text += "\u{1B}[\(shown.count + 1);1H\u{1B}[J" }
        (drawn, drawnSize) = (Array(shown), size)
        write(text)
    }

    /// Whether what is drawn is not what stands there any more, as after a change of size.
    package var isStale: Bool { drawnSize != size || Self.continues.load(ordering: .relaxed) }

    // MARK: Keys

    /// The keys that were pressed; waits for one, but no longer than so many nanoseconds.
    package func keys(waiting nanoseconds: Int64) -> [Key] {
        if Self.suspends.exchange(false, ordering: .relaxed) { return [.suspend] }
        var state = pollfd(fd: keyboard, events: Int16(POLLIN), revents: 0)
        let milliseconds = Int32(clamping: (max(nanoseconds, 0) + 999_999) / 1_000_000)
        guard poll(&state, 1, milliseconds) > 0 else { return [] }
        // The terminal has gone: nobody looks any more.
        guard state.revents & Int16(POLLIN) != 0 else { return [.interrupt] }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(keyboard, &bytes, bytes.count)
        if count == 0 { return [.interrupt] }
        return count > 0 ? Key.keys(Array(bytes[..<count])) : []
    }
}
