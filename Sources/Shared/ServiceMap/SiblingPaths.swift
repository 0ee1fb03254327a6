/// Words side by side that are asked for alike, and answered alike, are one parameter: names of things, which no single one
/// tells from a word of the interface.
///
/// This looks at a whole trie, so it is done where a map is written, never before.
struct SiblingPaths {
    /// What was asked at a node, and what came.
    struct Signature {
        /// How: of each method whether there were bodies.
        var profile: Set<UInt64> = []
        /// The keys of the requests' bodies, each with its method.
        var asked: Set<UInt64> = []
        /// Those of the answers' bodies, with the class of the status, too.
        var answered: Set<UInt64> = []

        mutating func formUnion(_ other: Signature) {
            profile.formUnion(other.profile)
            asked.formUnion(other.asked)
            answered.formUnion(other.answered)
        }
    }

    /// More words than so many have to be alike; both are measured (Benchmarks/README.md).
    private static let least = 12
    /// Where no body tells anything.
    private static let leastWithoutKeys = 20

    private var signatures: [UInt32: Signature]
    /// Whether a word, by its number, is spelled as code is (`isCode`).
    private let isCode: (UInt32) -> Bool

    init(_ signatures: [UInt32: Signature], isCode: @escaping (UInt32) -> Bool) {
        self.signatures = signatures
        self.isCode = isCode
    }

    /// Letters alone, and a capital behind a small one: `ListConnectors`.
    ///
    /// Programs have such names; what people name has dashes and small letters. Interfaces that have all operations side by side
    /// answer many of them alike.
    static func isCode(_ word: UnsafeRawBufferPointer) -> Bool {
        var before: UInt8 = 0
        var changes = 0
        for byte in word {
            guard byte | 0x20 &- 0x61 < 26 else { return false }
            if before &- 0x61 < 26, byte &- 0x41 < 26 { changes += 1 }
            before = byte
        }
        return changes > 0
    }

    /// - Parameter node: what is below it is looked at.
    mutating func fold(_ trie: inout PathTrie, below node: UInt32) {
        let words = trie.children(node).filter {
            trie.nodes[Int($0)].kind == .literal && !isCode(trie.nodes[Int($0)].text)
        }
        if words.count > Self.least {
            for group in groups(words, trie) {
                let own = group.reduce(into: [UInt32]()) { subtree($1, trie, &$0) }
                trie.merge(group, below: node, as: .sibling)
                for old in own {
                    let new = trie.current(old)
                    guard new != old, let moved = signatures.removeValue(forKey: old) else { continue }
                    signatures[new, default: Signature()].formUnion(moved)
                }
            }
        }
        for child in trie.children(node) { fold(&trie, below: child) }
    }

    private func subtree(_ node: UInt32, _ trie: borrowing PathTrie, _ found: inout [UInt32]) {
        found.append(node)
        for child in trie.children(node) { subtree(child, trie, &found) }
    }

    /// What is at a node and below it, each with how far below.
    private func whole(_ node: UInt32, _ trie: borrowing PathTrie, depth: UInt64 = 0, _ result: inout Signature) {
        if let own = signatures[node] {
            for element in own.profile { result.profile.insert(element | depth << 56) }
            for element in own.asked { result.asked.insert(element | depth << 56) }
            for element in own.answered { result.answered.insert(element | depth << 56) }
        }
        for child in trie.children(node) { whole(child, trie, depth: depth + 1, &result) }
    }

    private func groups(_ words: [UInt32], _ trie: borrowing PathTrie) -> [[UInt32]] {
        // In the order of their first words.
        var alike: [[(word: UInt32, signature: Signature)]] = []
        var places: [Set<UInt64>: Int] = [:]
        for word in words {
            var signature = Signature()
            whole(word, trie, &signature)
            let place = places[signature.profile] ?? alike.count
            if place == alike.count {
                places[signature.profile] = place
                alike.append([])
            }
            alike[place].append((word, signature))
        }
        var groups: [[UInt32]] = []
        for members in alike where members.count > Self.least {
            // Who overlaps with whom is transitive: a group is what hangs together.
            var leaders = Array(members.indices)
            func leader(_ member: Int) -> Int {
                var member = member
                while leaders[member] != member { member = leaders[member] }
                return member
            }
            for left in members.indices {
                for right in members.indices.dropFirst(left + 1) {
                    let (a, b) = (leader(left), leader(right))
                    if a != b, Self.areAlike(members[left].signature, members[right].signature) {
                        leaders[max(a, b)] = min(a, b)
                    }
                }
            }
            for first in members.indices where leaders[first] == first {
                let group = members.indices.filter { leader($0) == first }
                let least = members[first].signature.answered.isEmpty ? Self.leastWithoutKeys : Self.least
                if group.count > least { groups.append(group.map { members[$0].word }) }
            }
        }
        return groups
    }

    private static func areAlike(_ a: Signature, _ b: Signature) -> Bool {
        overlap(a.answered, b.answered) && overlap(a.asked, b.asked)
    }

    /// More than half of all keys of both are keys of each.
    private static func overlap(_ a: Set<UInt64>, _ b: Set<UInt64>) -> Bool {
        if a.isEmpty || b.isEmpty { return a.isEmpty && b.isEmpty }
        let common = (a.count < b.count ? a : b).count { (a.count < b.count ? b : a).contains($0) }
        return common * 2 > a.count + b.count - common
    }
}
