/// How a body is encoded (RFC 9110, section 8.4.1).
enum ContentCoding: Equatable, Sendable {
    case identity
    /// RFC 1952.
    case gzip
    /// RFC 1950; what some servers call so is bare RFC 1951.
    case deflate
    /// RFC 7932.
    case brotli
    /// RFC 8878.
    case zstd
    /// Another coding.
    case unknown

    init(_ bytes: RawSpan, _ name: Range<Int>) {
        if bytes.isWordIgnoringCase("IDENTITY", at: name) {
            self = .identity
        } else if bytes.isWordIgnoringCase("GZIP", at: name) || bytes.isWordIgnoringCase("X-GZIP", at: name) {
            self = .gzip
        } else if bytes.isWordIgnoringCase("DEFLATE", at: name) {
            self = .deflate
        } else if bytes.isWordIgnoringCase("BR", at: name) {
            self = .brotli
        } else if bytes.isWordIgnoringCase("ZSTD", at: name) {
            self = .zstd
        } else {
            self = .unknown
        }
    }
}

/// The codings of a body in the order in which they were applied (RFC 9110, section 8.4): the last is undone first.
struct ContentCodings: Equatable, Sendable {
    /// Those that change the bytes.
    private(set) var first = ContentCoding.identity
    private(set) var second = ContentCoding.identity
    private(set) var third = ContentCoding.identity

    /// Of what nobody knows, or of too many, nothing is undone.
    var isUnknown: Bool { first == .unknown }
    var isIdentity: Bool { first == .identity }

    /// Another coding is applied over those before it.
    mutating func append(_ next: ContentCoding) {
        guard next != .identity, !isUnknown else { return }
        if next == .unknown || third != .identity {
            self = ContentCodings()
            first = .unknown
        } else if first == .identity {
            first = next
        } else if second == .identity {
            second = next
        } else {
            third = next
        }
    }

    mutating func append(_ others: ContentCodings) {
        append(others.first)
        append(others.second)
        append(others.third)
    }

    /// In the order in which they are undone.
    func forEachUndone(_ body: (ContentCoding) -> Void) {
        if third != .identity { body(third) }
        if second != .identity { body(second) }
        if first != .identity { body(first) }
    }
}
