import Glibc
package import Shared
import Synchronization

/// What a descriptor's terminal is like, if it is one.
package enum Terminal {
    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// How text for this descriptor may look: colours only on a terminal, and not where NO_COLOR is set.
    package static func style(_ descriptor: Int32) -> TextStyle {
        let isTerminal = isTerminal(descriptor)
        // https://no-color.org: any value but an empty one.
        let isPlain = !(environment("NO_COLOR") ?? "").isEmpty || environment("TERM") == "dumb"
        return TextStyle(
            hasColour: isTerminal && !isPlain, hasUnicode: hasUnicode, width: width(descriptor),
            cutsNames: isTerminal || wantedColumns != nil)
    }

    /// Columns: what COLUMNS says (POSIX, XBD 8.3), else the terminal's; 100 where nobody looks on, so that a file is the
    /// same wherever it is made.
    package static func width(_ descriptor: Int32) -> Int {
        if let wantedColumns { return wantedColumns }
        var size = winsize()
        guard isTerminal(descriptor), ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return 100
        }
        return Int(size.ws_col)
    }

    private static var wantedColumns: Int? { environment("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } }

    /// By the locale, as setlocale(3) would find it: LC_ALL, LC_CTYPE, LANG, the first that is set and not empty.
    ///
    /// Where none is, which is usual in containers, the text of our sources can be read by whoever reads UTF-8.
    package static var hasUnicode: Bool {
        guard let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(environment).first(where: { !$0.isEmpty })
        else { return true }
        let name = locale.lowercased()
        return name.contains("utf-8") || name.contains("utf8")
    }

    package static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// One line to standard error, with whatever could confuse a terminal made visible.
    ///
    /// Where a screen is drawn on the same terminal, it comes when that is left.
    package static func complain(_ line: String) {
        let style = TextStyle(hasUnicode: hasUnicode)
        let program = CommandLine.arguments.first?.split(separator: "/").last ?? "tapedeck"
        let text = "\(program): \(style.safe(line))\n"
        let isHeld = held.withLock { held in
            guard held != nil else { return false }
            held?.add(text)
            return true
        }
        if !isHeld { show((takeLine() ? eraser : "") + text) }
    }

    // MARK: - While a screen is drawn

    /// Complaints that wait; `nil`: none has to.
    private static let held = Mutex<Held?>(nil)

    private struct Held {
        private var lines: [String] = []
        private var more: UInt64 = 0
        private static let most = 1000

        mutating func add(_ line: String) { if lines.count < Self.most { lines.append(line) } else { more += 1 } }

        var text: String { lines.joined() + (more > 0 ? "and \(Quantity.count(more)) more complaints\n" : "") }
    }

    static func holdComplaints() {
        guard isTerminal(STDERR_FILENO) else { return }
        held.withLock { $0 = $0 ?? Held() }
    }

    static func letComplain() {
        let text = held.withLock { held in
            defer { held = nil }
            return held?.text ?? ""
        }
        if !text.isEmpty { show(text) }
    }

    // MARK: - The line that is kept up to date

    /// Whether it stands where the next text would go.
    private static let hasLine = Atomic(false)
    /// To the line's beginning, and all of it away (ECMA-48, EL).
    private static let eraser = "\r\u{1B}[K"

    /// Draws a line on the terminal of standard error in place of the one that was drawn before.
    /// - Parameter line: narrower than the terminal; may be coloured.
    package static func draw(_ line: String) {
        _ = takeLine()
        show("\r\(line)\u{1B}[K")
        hasLine.store(true, ordering: .relaxed)
    }

    /// Takes it away, for what comes next.
    package static func eraseLine() { if takeLine() { show(eraser) } }

    private static func takeLine() -> Bool { hasLine.exchange(false, ordering: .relaxed) }

    /// There is nowhere to complain where that fails.
    private static func show(_ text: String) { try? StandardOutput.write(text, to: STDERR_FILENO) }
}
