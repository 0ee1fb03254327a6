import Glibc

/// The lines of standard input, as they come.
struct InputLines {
    enum Line: Equatable {
        /// Without its end.
        case whole([UInt8])
        /// It had more bytes than there is room for, and was passed over.
        case tooLong
    }

    private let most: Int
    private let descriptor: Int32
    private var pending: [UInt8] = []
    /// Up to here there is no end of a line.
    private var searched = 0
    private var isTooLong = false
    private var hasEnded = false

    /// - Parameter most: bytes of a line.
    init(most: Int, from descriptor: Int32 = STDIN_FILENO) { (self.most, self.descriptor) = (most, descriptor) }

    /// The next line that is not blank; `nil` at the end.
    mutating func next() -> Line? {
        while true {
            if let end = pending[searched...].firstIndex(of: 0x0A) {
                let line = Array(pending[..<end])
                pending.removeSubrange(...end)
                if let line = taken(line) { return line }
                continue
            }
            searched = pending.count
            if pending.count > most {
                isTooLong = true
                pending = []
                searched = 0
            }
            if hasEnded {
                let line = pending
                pending = []
                return taken(line)
            }
            fill()
        }
    }

    private mutating func taken(_ line: [UInt8]) -> Line? {
        searched = 0
        defer { isTooLong = false }
        if isTooLong || line.count > most { return .tooLong }
        return line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } ? nil : .whole(line)
    }

    private mutating func fill() {
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = block.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { hasEnded = true } else { pending += block[..<count] }
            return
        }
    }
}
