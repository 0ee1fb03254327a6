/// Where commands lie in a stream (doc/protocol.txt; "Memcached Binary Protocol").
enum MemcachedFraming {
    /// The first command behind `from`: a known verb behind a line's end, or a binary header whose reserved fields are zero.
    static func command(_ bytes: RawSpan, from: Int) -> Found {
        var at = from
        while at < bytes.byteCount {
            switch begins(bytes, at) {
            case .yes: return .at(at)
            case .open: return .none(Search(start: Swift.max(0, at &- 1), next: at))
            case .no: at &+= 1
            }
        }
        // The byte before the next says whether a line begins there.
        return .none(Search(start: bytes.byteCount &- 1, next: bytes.byteCount))
    }

    private static func begins(_ bytes: RawSpan, _ at: Int) -> Fit {
        if bytes.byte(at) == 0x80 {
            return MemcachedBinary.request(bytes.extracting(at...), bytes.extracting(first: 0))
        }
        guard at == 0 || bytes.byte(at &- 1) == ASCII.lineFeed, ASCII.isLetter(bytes.byte(at)) else { return .no }
        switch bytes.line(from: at, limit: longestLine) {
        case .no, .tooLong: return .no
        case .open: return .open
        case .line(let line):
            guard let command = MemcachedCommand(line.text, bytes), command.kind != .other,
                command.keys != nil || command.kind == .metaNoop || command.kind == .version
            else { return .no }
            guard let size = command.size else { return command.kind == .store ? .no : .yes }
            // What is as long is not waited for.
            guard size <= longestLine else { return .yes }
            return bytes.fitLineEnd(at: line.next &+ size)
        }
    }

    private static let longestLine = 2048
}
