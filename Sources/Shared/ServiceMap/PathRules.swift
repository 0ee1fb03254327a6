/// Templates of paths that the user gave: what fits one is written as it.
///
///     # a template a line, with a method and a host where it is only theirs
///     /users/me
///     /users/{id}
///     GET api.example.com/files/{path*}
///
/// Where several fit, the one whose first segment that differs is a word goes first, as in OpenAPI (version 3.1, section 4.8.8.1).
package struct PathRules: Sendable {
    private enum Segment: Sendable {
        case word([UInt8])
        /// Whatever stands between.
        case parameter(before: [UInt8], behind: [UInt8])

        var isWord: Bool { if case .word = self { true } else { false } }
    }

    private struct Rule: Sendable {
        var method: [UInt8]?
        var host: [UInt8]?
        var text: [UInt8]
        var segments: [Segment]
        /// The last segment stands for any number of them.
        var isOpen: Bool

        private var named: Int { (host == nil ? 0 : 2) + (method == nil ? 0 : 1) }

        /// Words before parameters, segment by segment; what is said of a method or a host before what is not.
        func precedes(_ other: Rule) -> Bool {
            for (own, others) in zip(segments, other.segments) where own.isWord != others.isWord { return own.isWord }
            if isOpen != other.isOpen { return !isOpen }
            if segments.count != other.segments.count { return segments.count > other.segments.count }
            if named != other.named { return named > other.named }
            return text.lexicographicallyPrecedes(other.text)
        }
    }

    private var rules: [Rule] = []

    package init() {}

    package var isEmpty: Bool { rules.isEmpty }

    /// Why a line is no rule.
    package struct Failure: Error, Equatable {
        package var reason: String
    }

    /// Takes one line of a file; comments and empty lines say nothing.
    package mutating func add(line: String) throws(Failure) {
        var line = Substring(line)
        // A fragment is part of no path.
        if let comment = line.firstIndex(of: "#") { line = line[..<comment] }
        let words = line.split(whereSeparator: \.isWhitespace)
        guard let last = words.last else { return }
        guard words.count <= 2 else { throw Failure(reason: "more than a method and a template: \(line)") }
        guard let slash = last.firstIndex(of: "/") else {
            throw Failure(reason: "a template begins with a slash: \(last)")
        }
        try add(
            method: words.count == 2 ? String(words[0]) : nil,
            host: slash == last.startIndex ? nil : String(last[..<slash]),
            template: String(last[slash...]))
    }

    /// - Parameter template: begins with a slash.
    package mutating func add(method: String?, host: String?, template: String) throws(Failure) {
        var segments: [Segment] = []
        var isOpen = false
        for segment in template.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard !isOpen else { throw Failure(reason: "something behind the rest of the path: \(template)") }
            let parts = segment.split(separator: "{", omittingEmptySubsequences: false)
            let ends = parts.last?.split(separator: "}", omittingEmptySubsequences: false) ?? []
            if segment == "**" {
                isOpen = true
                segments.append(.parameter(before: [], behind: []))
            } else if parts.count == 1, ends.count == 1 {
                segments.append(.word(Array(segment.utf8)))
            } else if parts.count == 2, ends.count == 2, !parts[0].contains("}") {
                isOpen = ends[0].hasSuffix("*")
                segments.append(.parameter(before: Array(parts[0].utf8), behind: Array(ends[1].utf8)))
            } else {
                throw Failure(reason: "a segment has one parameter, in braces, at most: \(template)")
            }
        }
        let rule = Rule(
            method: method.map { Array($0.utf8) }, host: host.map { Array($0.lowercased().utf8) },
            text: Array(template.utf8),
            segments: segments, isOpen: isOpen)
        let place = rules.firstIndex { rule.precedes($0) } ?? rules.count
        rules.insert(rule, at: place)
    }

    /// The template that a path fits.
    func match(_ path: RawSpan, method: RawSpan, host: RawSpan) -> [UInt8]? {
        guard !rules.isEmpty, path.u8(at: 0) == 0x2F else { return nil }
        return rules.first { rule in
            if let wanted = rule.method, !method.equals(wanted.span.bytes) { return false }
            if let wanted = rule.host, !Self.isHost(host, wanted) { return false }
            return Self.fits(path, rule)
        }?.text
    }

    private static func isHost(_ host: RawSpan, _ wanted: [UInt8]) -> Bool {
        guard host.byteCount >= wanted.count else { return false }
        for (place, byte) in wanted.enumerated() {
            guard let own = host.u8(at: place), (own &- 0x41 < 26 ? own | 0x20 : own) == byte else { return false }
        }
        return host.byteCount == wanted.count || host.u8(at: wanted.count) == 0x3A
    }

    private static func fits(_ path: RawSpan, _ rule: Rule) -> Bool {
        var start = 1
        for (place, segment) in rule.segments.enumerated() {
            guard start <= path.byteCount else { return false }
            let end = path.firstIndex(of: 0x2F, in: start..<path.byteCount) ?? path.byteCount
            let own = path.extracting(start..<end)
            switch segment {
            case .word(let word): guard own.equals(word.span.bytes) else { return false }
            case .parameter(let before, let behind):
                guard own.byteCount > before.count + behind.count,
                    own.extracting(first: before.count).equals(before.span.bytes),
                    own.extracting((own.byteCount - behind.count)..<own.byteCount).equals(behind.span.bytes)
                else { return false }
                if rule.isOpen, place == rule.segments.count - 1 { return true }
            }
            start = end + 1
        }
        return start == path.byteCount + 1
    }
}
