/// What a message says that its body is (RFC 9110, section 8.3), as far as that decides how its shape is found.
struct MediaKind: Equatable, Sendable {
    var family = MediaFamily.other
    /// Of a multipart body.
    var boundary: [UInt8] = []

    /// RFC 2046, section 5.1.1.
    private static let longestBoundary = 70

    init() {}

    /// - Parameter value: of the Content-Type field.
    init(_ bytes: RawSpan, _ value: Range<Int>) {
        let end = bytes.firstIndex(of: 0x3B, in: value) ?? value.upperBound
        let type = HTTPGrammar.trimmed(bytes, value.lowerBound..<end)
        guard type.count > 7 else { return }
        switch bytes.byte(type.lowerBound) | 0x20 {
        case UInt8(ascii: "m"):
            guard HTTPGrammar.equal(bytes, type, "multipart/form-data"), end < value.upperBound else { return }
            boundary = Self.boundary(bytes, end..<value.upperBound)
            if !boundary.isEmpty { family = .multipart }
        case UInt8(ascii: "t"):
            if HTTPGrammar.equal(bytes, type, "text/html") {
                family = .page
            } else if HTTPGrammar.equal(bytes, type, "text/xml") {
                family = .xml
            }
        case UInt8(ascii: "i"): family = .page
        case UInt8(ascii: "a"): family = Self.application(bytes, type)
        default: break
        }
    }

    private static func application(_ bytes: RawSpan, _ type: Range<Int>) -> MediaFamily {
        switch type.count {
        case 15 where HTTPGrammar.equal(bytes, type, "application/xml"): return .xml
        case 17 where HTTPGrammar.equal(bytes, type, "application/jsonl"): return .jsonLines
        case 19 where HTTPGrammar.equal(bytes, type, "application/graphql"): return .graphQL
        case 20
        where HTTPGrammar.equal(bytes, type, "application/x-ndjson")
            || HTTPGrammar.equal(bytes, type, "application/ld+jsonl"):
            return .jsonLines
        case 21 where HTTPGrammar.equal(bytes, type, "application/xhtml+xml"): return .page
        case 33 where HTTPGrammar.equal(bytes, type, "application/x-www-form-urlencoded"): return .form
        default:
            let isXML = type.count > 4 && HTTPGrammar.equal(bytes, type.upperBound - 4..<type.upperBound, "+xml")
            return isXML ? .xml : .other
        }
    }

    /// The parameter `boundary`, a token or a quoted string; empty where there is none.
    private static func boundary(_ bytes: RawSpan, _ parameters: Range<Int>) -> [UInt8] {
        var at = parameters.lowerBound
        while at < parameters.upperBound, bytes.byte(at) == 0x3B {
            let start = at + 1
            let end = bytes.firstIndex(of: 0x3B, in: start..<parameters.upperBound) ?? parameters.upperBound
            let parameter = HTTPGrammar.trimmed(bytes, start..<end)
            at = end
            guard let equals = bytes.firstIndex(of: 0x3D, in: parameter),
                HTTPGrammar.equal(bytes, parameter.lowerBound..<equals, "boundary")
            else { continue }
            var value = equals + 1..<parameter.upperBound
            if value.count > 1, bytes.byte(value.lowerBound) == 0x22, bytes.byte(value.upperBound - 1) == 0x22 {
                value = value.lowerBound + 1..<value.upperBound - 1
            }
            guard value.count <= longestBoundary else { return [] }
            return value.map { bytes.byte($0) }
        }
        return []
    }
}
