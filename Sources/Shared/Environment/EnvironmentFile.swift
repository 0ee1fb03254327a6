internal import Yams

/// The environment file: a YAML document for each process, as soon as it is first seen on the network (SPEC.md,
/// section 4).
package struct EnvironmentFile {
    /// Prefixes of the variables that are kept, case-sensitive; empty: all.
    let prefixes: [String]
    /// Whether values that look like credentials are hidden.
    let redacts: Bool
    private var text: [UInt8] = []
    /// Stands before base64 in the document that is being made: Yams writes no tags, so that `!!binary` is put in its
    /// place afterwards.
    private var marker = ""
    private var written: [ProcessKey: ProcessIdentity] = [:]

    package init(prefixes: [String], redacts: Bool) {
        self.prefixes = prefixes
        self.redacts = redacts
    }

    /// Lends the documents written since the last call, and forgets them.
    package mutating func drain(_ body: (RawSpan) -> Void) {
        if !text.isEmpty { body(text.span.bytes) }
        text.removeAll(keepingCapacity: true)
    }

    /// The process has ended: should its pid and start time ever come again, it is another.
    package mutating func forget(_ key: ProcessKey) { written[key] = nil }

    /// Writes a process' document; again where an exec has changed what it says.
    package mutating func write(_ process: ProcessIdentity) {
        if case .unavailable(let reason) = process.environment, reason.isEmpty { return }
        guard written[process.key] != process else { return }
        written[process.key] = process
        chooseMarker(process)
        var pairs: [(Node, Node)] = [
            (Self.key("adi_profile_pid"), Node(String(process.key.pid), Tag(.int))),
            (Self.key("adi_profile_match"), value(Array((process.profile ?? "").utf8))),
        ]
        if let name = process.profileName { pairs.append((Self.key("adi_profile_name"), value(Array(name.utf8)))) }
        pairs.append((Self.key("adi_profile_cmdline"), value(Array(process.commandLine.utf8))))
        switch process.environment {
        case .block(let block): pairs.append((Self.key("adi_profile_env"), variables(block)))
        case .unavailable(let reason): pairs.append((Self.key("error"), value(Array(reason.utf8))))
        }
        let document = Node.mapping(Node.Mapping(pairs, Tag(.map), .block))
        do {
            let yaml = try Yams.serialize(
                node: document, width: -1, allowUnicode: true, explicitStart: true, sortKeys: false)
            text += Array(yaml.utf8).replacing(Array("\"\(marker)".utf8), with: Array("!!binary \"".utf8))
        } catch {
            // What libyaml can't write must not take the other processes' documents with it.
            text += "---\nadi_profile_pid: \(process.key.pid)\nerror: \"can't be written as YAML\"\n".utf8
        }
    }

    /// A text that the document does not have.
    private mutating func chooseMarker(_ process: ProcessIdentity) {
        guard case .block(let block) = process.environment else { return }
        var number = 0
        repeat {
            marker = "binary-\(number):"
            number += 1
        } while [block, Array(process.commandLine.utf8)].contains { $0.firstRange(of: Array(marker.utf8)) != nil }
    }

    /// The variables that are kept, in the order of the environment; of two of one name the first counts (getenv).
    private func variables(_ block: [UInt8]) -> Node {
        var known: Set<ArraySlice<UInt8>> = []
        var pairs: [(Node, Node)] = []
        for entry in block.split(separator: 0) {
            // An entry without `=` is no variable; one that begins with it has no name.
            guard let equals = entry.firstIndex(of: UInt8(ascii: "=")), equals > entry.startIndex else { continue }
            let name = entry[..<equals]
            guard prefixes.isEmpty || prefixes.contains(where: { name.starts(with: $0.utf8) }),
                known.insert(name).inserted
            else { continue }
            var content = Array(entry[(equals + 1)...])
            if redacts { content = Redaction.value(content, ofKey: String(decoding: name, as: UTF8.self)) }
            pairs.append((scalar(Array(name), .any), value(content)))
        }
        return .mapping(Node.Mapping(pairs, Tag(.map), pairs.isEmpty ? .flow : .block))
    }

    private static func key(_ name: String) -> Node { Node(name, Tag(.str), .plain) }

    private func value(_ bytes: [UInt8]) -> Node { scalar(bytes, .doubleQuoted) }

    /// Text, or what is not UTF-8 as base64 behind the marker.
    private func scalar(_ bytes: [UInt8], _ style: Node.Scalar.Style) -> Node {
        if let text = String(validating: bytes, as: UTF8.self) {
            // A plain name that reads as a number or as null would lose its type.
            let quoted: Node.Scalar.Style = style == .any && Node(text).tag != Tag(.str) ? .doubleQuoted : style
            return Node(text, Tag(.str), quoted)
        }
        return Node(marker + Base64Text.encode(bytes), Tag(.str), .doubleQuoted)
    }
}

/// Base64 (RFC 4648, section 4).
private enum Base64Text {
    static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<Swift.min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for place in 0..<3 { bits = bits << 8 | UInt32(place < group.count ? group[start + place] : 0) }
            for place in 0..<4 {
                let digit = Int(bits >> UInt32(18 - 6 * place) & 0x3F)
                text.append(place <= group.count ? alphabet[digit] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
