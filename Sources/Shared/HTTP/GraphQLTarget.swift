/// What the target of a request asks of a GraphQL server (GraphQL over HTTP, section 5.3): GET `/graphql?query={user{name}}`.
enum GraphQLTarget {
    /// - Parameter target: as it was sent.
    /// - Returns: `query GetUser`; nothing where it is no GraphQL.
    static func name(_ target: RawSpan) -> [UInt8] {
        guard let question = target.firstIndex(of: UInt8(ascii: "?")) else { return [] }
        let parameters = Parameters(target, from: question + 1)
        guard parameters.isAny else { return [] }
        let document = decoded(target, parameters.query)
        let operationName = decoded(target, parameters.operationName)
        guard document.isEmpty else {
            // `{search}` is a template of many a search, which only its place tells from a query without a word.
            let first = document.first { $0 > 0x20 }
            guard first != UInt8(ascii: "{") || isAtHome(target.extracting(0..<question)) else { return [] }
            var reader = GraphQLDocument()
            for byte in document { reader.feed(byte) }
            guard reader.finish() else { return [] }
            return GraphQLName.of(reader.operations, operationName: operationName, knownAs: [])
        }
        let extensions = decoded(target, parameters.extensions)
        let knownAs = extensions.isEmpty ? decoded(target, parameters.documentID) : hash(extensions)
        return GraphQLName.of([], operationName: operationName, knownAs: knownAs)
    }

    /// Where the values of those parameters stand that a server of GraphQL looks at: most targets have none of them.
    private struct Parameters {
        private(set) var query = 0..<0
        private(set) var operationName = 0..<0
        private(set) var extensions = 0..<0
        private(set) var documentID = 0..<0
        private(set) var isAny = false

        init(_ target: RawSpan, from start: Int) {
            var at = start
            let end = target.firstIndex(of: UInt8(ascii: "#"), in: at..<target.byteCount) ?? target.byteCount
            while at < end {
                let next = target.firstIndex(of: UInt8(ascii: "&"), in: at..<end) ?? end
                // The lengths of the names are 5, 10 and 13.
                if next &- at > 5, let equals = target.firstIndex(of: UInt8(ascii: "="), in: at..<next) {
                    switch equals &- at {
                    case 5, 10, 13: note(target, at..<equals, equals + 1..<next)
                    default: break
                    }
                }
                at = next + 1
            }
        }

        private mutating func note(_ target: RawSpan, _ name: Range<Int>, _ value: Range<Int>) {
            if target.isWord("query", at: name) {
                query = value
            } else if target.isWord("operationName", at: name) {
                operationName = value
            } else if target.isWord("extensions", at: name) {
                extensions = value
            } else if target.isWord("documentId", at: name) {
                documentID = value
            } else {
                return
            }
            isAny = true
        }
    }

    /// The path says what is behind it.
    private static func isAtHome(_ path: RawSpan) -> Bool {
        let words: [StaticString] = ["GRAPHQL", "GQL"]
        return words.contains { word in
            let count = word.utf8CodeUnitCount
            guard path.byteCount >= count else { return false }
            return (0...path.byteCount - count).contains { path.isWordIgnoringCase(word, at: $0..<$0 + count) }
        }
    }

    /// The hash in `{"persistedQuery":{"version":1,"sha256Hash":"…"}}`.
    private static func hash(_ extensions: [UInt8]) -> [UInt8] {
        let reader = GraphQLRequest()
        reader.feed(Array("{\"extensions\":".utf8).span.bytes)
        reader.feed(extensions.span.bytes)
        reader.feed(Array("}".utf8).span.bytes)
        return reader.finishKnown()
    }

    /// RFC 3986, section 2.1; a plus is a blank, as forms have it.
    private static func decoded(_ bytes: RawSpan, _ range: Range<Int>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(range.count)
        var at = range.lowerBound
        while at < range.upperBound {
            let byte = bytes.byte(at)
            at += 1
            if byte == UInt8(ascii: "%"), at + 1 < range.upperBound,
                let high = GraphQLRequest.hexadecimal(bytes.byte(at)),
                let low = GraphQLRequest.hexadecimal(bytes.byte(at + 1))
            {
                text.append(high << 4 | low)
                at += 2
            } else {
                text.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return text
    }
}
