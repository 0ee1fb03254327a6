internal import Yams

/// The environments of profiled processes: YAML, one document a process (docs/contract.md, section 4).
///
/// Every value is in double quotes, so that no reader takes one for a number; what is not UTF-8 is `!!binary`. An entry
/// without `=`, as programs that rename themselves leave it behind, is a variable without a value: the empty one.
package struct EnvironmentFile {
    private let prefixes: [[UInt8]]
    private let redacts: Bool
    private let limit: Int
    /// What was written of the processes that live.
    private var written: [ProcessKey: ProcessIdentity] = [:]
    private var text: [UInt8] = []

    /// - Parameters:
    ///   - prefixes: of the variables that are kept; empty: all.
    ///   - redacts: hide values that look like credentials.
    package init(prefixes: [String], redacts: Bool, limits: Limits) {
        self.prefixes = prefixes.map { Array($0.utf8) }
        self.redacts = redacts
        limit = limits.participants
    }

    /// Bytes that were written and not taken yet.
    package var count: Int { text.count }

    /// Lends the documents written since the last call, and forgets them.
    package mutating func drain(_ body: (RawSpan) -> Void) {
        body(text.span.bytes)
        text.removeAll(keepingCapacity: text.capacity <= 1 << 20)
    }

    /// Writes what is known of a process, unless the same was written before.
    package mutating func write(_ process: ProcessIdentity) {
        if process.environment == .unavailable("") { return }
        var shown = process
        shown.comm = ""
        guard written[process.key] != shown else { return }
        // Without room a process may be written twice, but never not at all.
        if written.count < limit || written[process.key] != nil { written[process.key] = shown }
        writeHead(process)
        if case .block(let block) = process.environment { writeVariables(block) }
    }

    /// The process is gone.
    package mutating func end(_ process: ProcessKey) { written[process] = nil }

    // MARK: - Documents

    private mutating func writeHead(_ process: ProcessIdentity) {
        let commandLine = redacts ? Redaction.withoutPasswords(process.commandLine) : process.commandLine
        var pairs: [(Node, Node)] = [
            (Self.key("adi_profile_pid"), Node.scalar(.init("\(process.key.pid)", Tag(.int), .plain)))
        ]
        if let profile = process.profile { pairs.append((Self.key("adi_profile_match"), Self.quoted(profile))) }
        if let name = process.profileName, !name.isEmpty {
            pairs.append((Self.key("adi_profile_name"), Self.quoted(name)))
        }
        pairs.append((Self.key("adi_profile_cmdline"), Self.quoted(commandLine)))
        if case .unavailable(let reason) = process.environment {
            pairs.append((Self.key("error"), Self.quoted(reason)))
        }
        text += Self.yaml(pairs, startsDocument: true).utf8
    }

    private mutating func writeVariables(_ block: [UInt8]) {
        let variables = variables(block)
        text += "adi_profile_env:".utf8
        text += (variables.isEmpty ? " {}\n" : "\n").utf8
        for (name, value) in variables {
            // One line or, where the name is long, `? name` and `: value`.
            for line in Self.line(name, redacts ? Redaction.shown(value, ofVariable: name) : value)
                .split(separator: UInt8(ascii: "\n"))
            {
                text += "  ".utf8
                text += line
                text.append(UInt8(ascii: "\n"))
            }
        }
    }

    /// The variables that are kept, in the block's order; of two with the same name the first counts, as for getenv(3).
    private func variables(_ block: [UInt8]) -> [(name: [UInt8], value: [UInt8])] {
        var variables: [(name: [UInt8], value: [UInt8])] = []
        var names: Set<[UInt8]> = []
        for entry in block.split(separator: 0) {
            let equals = entry.firstIndex(of: UInt8(ascii: "=")) ?? entry.endIndex
            let name = Array(entry[..<equals])
            guard prefixes.isEmpty || prefixes.contains(where: { name.starts(with: $0) }) else { continue }
            if names.insert(name).inserted { variables.append((name, Array(entry[equals...].dropFirst()))) }
        }
        return variables
    }

    // MARK: - YAML

    /// `name: "value"`.
    ///
    /// Yams never writes a scalar's tag, so `!!binary` is put before the quotes afterwards.
    private static func line(_ name: [UInt8], _ value: [UInt8]) -> [UInt8] {
        let nameText = String(validating: name, as: UTF8.self)
        let valueText = String(validating: value, as: UTF8.self)
        let encoded = base64(value)
        let nameNode = nameText.map { key($0) } ?? quoted(base64(name))
        var line = Array(yaml([(nameNode, quoted(valueText ?? encoded))]).utf8)
        // Base64 needs no escapes: the value is what stands before the line's end.
        let tag = "!!binary ".utf8
        if valueText == nil { line.insert(contentsOf: tag, at: line.count - encoded.utf8.count - 3) }
        if nameText == nil { line.insert(contentsOf: tag, at: line.starts(with: "? ".utf8) ? 2 : 0) }
        return line
    }

    private static func yaml(_ pairs: [(Node, Node)], startsDocument: Bool = false) -> String {
        let mapping = Node.mapping(Node.Mapping(pairs, Tag(.map), .block))
        do {
            return try serialize(
                node: mapping, width: -1, allowUnicode: true, explicitStart: startsDocument, sortKeys: false)
        } catch {
            // libyaml takes every string that is UTF-8; what it refuses anyway shall not cost the rest of the file.
            return "# what stood here could not be written\n"
        }
    }

    private static func key(_ name: String) -> Node {
        .scalar(.init(name, Tag(.str), YAMLScalar.isPlain(name.utf8) ? .plain : .doubleQuoted))
    }

    private static func quoted(_ value: String) -> Node { .scalar(.init(value, Tag(.str), .doubleQuoted)) }

    private static func base64(_ bytes: [UInt8]) -> String {
        var json = JSONWriter(capacity: 1024)
        json.base64(bytes.span.bytes)
        return String(decoding: [UInt8](json.bytes).dropFirst().dropLast(), as: UTF8.self)
    }
}
