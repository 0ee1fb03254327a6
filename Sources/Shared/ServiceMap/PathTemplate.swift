/// How a place in a trie is written: `/orders/{orderId}/items`.
struct PathTemplate: Equatable, Sendable {
    /// As in OpenAPI.
    var text: String
    /// What it is made of, in order: braces in the words of a literal are none of the template's.
    var parts: [Part] = []
    /// Why there are parameters; empty where there is none.
    var origins = PathOrigins()
    /// It stands for any number of paths.
    var hasParameters = false
    /// It is as it was seen, or as the user wrote it.
    var isWhole = false

    enum Part: Equatable, Sendable {
        case literal(String)
        /// Its name, and why it is one.
        case parameter(String, PathOrigins)
        /// Whatever else follows.
        case rest
    }

    /// - Parameters:
    ///   - isRaw: nothing is a template: what is whole is as it was seen, and no template of the user's.
    ///   - word: the text of a number.
    init(_ node: UInt32, _ trie: borrowing PathTrie, isRaw: Bool, _ word: (UInt32) -> String) {
        var chain: [PathTrie.Node] = []
        var at = node
        while trie.nodes[Int(at)].parent != PathTrie.none {
            chain.append(trie.nodes[Int(at)])
            at = trie.nodes[Int(at)].parent
        }
        text = ""
        var names: [String: Int] = [:]
        var before: String?
        for segment in chain.reversed() {
            switch segment.kind {
            case .whole:
                text = word(segment.text)
                parts = isRaw ? [.literal(text)] : Self.parts(of: text)
                isWhole = true
            case .empty:
                text += "/"
                parts.append(.literal("/"))
                before = nil
            case .rest:
                text += "/**"
                parts.append(.rest)
                hasParameters = true
            case .literal:
                let word = word(segment.text)
                text += "/\(word)"
                parts.append(.literal("/\(word)"))
                before = word
            case .parameter:
                hasParameters = true
                origins.formUnion(segment.origins)
                var name = Self.name(segment.origins, behind: before)
                let taken = names[name, default: 0] + 1
                names[name] = taken
                if taken > 1 { name += "\(taken)" }
                let around = segment.text == PathTrie.plain ? "{}" : word(segment.text)
                text += "/" + around.replacing("{}", with: "{\(name)}")
                let sides = around.split(separator: "{}", maxSplits: 1, omittingEmptySubsequences: false)
                parts.append(.literal("/\(sides[0])"))
                parts.append(.parameter(name, segment.origins))
                if sides.count > 1, !sides[1].isEmpty { parts.append(.literal(String(sides[1]))) }
                before = nil
            }
        }
    }

    /// Takes what another that is written alike says of its parameters.
    mutating func join(_ other: PathTemplate) {
        origins.formUnion(other.origins)
        for (place, part) in other.parts.enumerated() where place < parts.count {
            guard case .parameter(let name, let own) = parts[place], case .parameter(_, let others) = part else {
                continue
            }
            parts[place] = .parameter(name, own.union(others))
        }
    }

    /// The singular of the word before it and `Id`, else what its class is called, else `param`.
    private static func name(_ origins: PathOrigins, behind before: String?) -> String {
        if let before, let noun = noun(before) { return noun + "Id" }
        let identifiers = origins.identifiers
        guard identifiers.count == 1, !origins.contains(.word), !origins.contains(.sibling) else { return "param" }
        switch identifiers[0] {
        case .date: return "date"
        case .dateTime: return "dateTime"
        case .email: return "email"
        case .ipv4: return "address"
        case .uuid: return "uuid"
        default: return "param"
        }
    }

    /// `order-items` becomes `orderItem`; `nil` for what is no word of ASCII letters and digits.
    private static func noun(_ word: String) -> String? {
        guard let first = word.utf8.first, first | 0x20 &- 0x61 < 26, word.utf8.count <= 64,
            !Array(word.utf8).withUnsafeBytes({ IdentifierClass.isVersion($0) })
        else { return nil }
        var parts: [[UInt8]] = [[]]
        for byte in word.utf8 {
            if byte == 0x2D || byte == 0x5F || byte == 0x2E {
                if parts[parts.count - 1].isEmpty == false { parts.append([]) }
            } else {
                guard byte | 0x20 &- 0x61 < 26 || byte &- 0x30 < 10 else { return nil }
                parts[parts.count - 1].append(byte)
            }
        }
        parts.removeAll(where: \.isEmpty)
        var name: [UInt8] = []
        for (place, part) in parts.enumerated() {
            var part = place == parts.count - 1 ? singular(part) : part
            let isLetter = part[0] | 0x20 &- 0x61 < 26
            if isLetter { part[0] = place == 0 ? part[0] | 0x20 : part[0] & 0xDF }
            name += part
        }
        return String(decoding: name, as: UTF8.self)
    }

    private static func singular(_ word: [UInt8]) -> [UInt8] {
        func ends(_ end: String) -> Bool {
            word.count > end.utf8.count + 1 && word.suffix(end.utf8.count).elementsEqual(end.utf8)
        }
        if ends("ies") { return word.dropLast(3) + Array("y".utf8) }
        for end in ["sses", "xes", "ches", "shes", "zes"] where ends(end) { return word.dropLast(2) }
        if ends("ss") || ends("us") || ends("is") { return word }
        return ends("s") ? word.dropLast() : word
    }
}
