import Glibc

/// Shows a text that is longer than the terminal page by page, as git and man do.
package enum Pager {
    /// Where nothing is set: colours pass through, and what fits is shown as it is.
    private static let usual = (program: "less", options: "FRX")

    /// Writes a text to standard output: through the user's pager where that is a terminal with fewer lines, and as it is elsewhere.
    ///
    /// PAGER names it (environ(7)); one that is empty or `cat` is none.
    package static func show(_ text: String) throws(Failure) {
        guard let program, isLong(text), page(text, program) else { return try StandardOutput.write(text) }
    }

    private static var program: String? {
        guard Terminal.environment("TERM") ?? "dumb" != "dumb" else { return nil }
        let program = Terminal.environment("PAGER") ?? usual.program
        return program.isEmpty || program == "cat" ? nil : program
    }

    private static func isLong(_ text: String) -> Bool {
        var size = winsize()
        guard Terminal.isTerminal(STDOUT_FILENO), Terminal.isTerminal(STDIN_FILENO),
            ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0
        else { return false }
        return text.utf8.lazy.filter { $0 == 0x0A }.count >= Int(size.ws_row)
    }

    /// - Returns: whether there was such a program.
    private static func page(_ text: String, _ program: String) -> Bool {
        setenv("LESS", usual.options, 0)
        guard let pipe = popen(program, "we") else { return false }
        // Ctrl-C is the pager's: it goes to all that the terminal has in front.
        let before = signal(SIGINT, SIG_IGN)
        // Who closes it before the end has seen enough.
        _ = Writing(Array(text.utf8).span.bytes, to: fileno(pipe))
        let status = pclose(pipe)
        signal(SIGINT, before)
        // The shell's own (POSIX, 2.8.2): it was not found, or is no program.
        let exit = status >> 8 & 0xFF
        return status >= 0 && exit != 127 && exit != 126
    }
}
