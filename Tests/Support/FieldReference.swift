import Foundation

/// A page of `docs/` whose tables tests hold against what is written: a table has its first column in code spans, and
/// goes by the heading above it.
package struct FieldReference {
    package struct Row {
        /// What the first cell names, without the code span.
        package var name: String
        package var cells: [String: String]
    }

    private var tables: [String: [Row]] = [:]

    /// - Parameter column: what the first column of the tables is called that are read.
    package init(_ path: String = "docs/fields.md", column: String) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        var heading = ""
        var columns: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("#") {
                heading = line.drop { $0 == "#" }.filter { $0 != "`" }.trimmingCharacters(in: .whitespaces)
            }
            guard line.hasPrefix("|") else {
                columns = []
                continue
            }
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { $0.trimmingCharacters(in: .whitespaces) }
            if columns.isEmpty {
                columns = cells
            } else if columns[0] == column, cells.count == columns.count, !cells[0].hasPrefix("---") {
                let name = cells[0].filter { $0 != "`" }
                tables[heading, default: []].append(
                    Row(name: name, cells: Dictionary(uniqueKeysWithValues: zip(columns, cells))))
            }
        }
    }

    package var headings: Set<String> { Set(tables.keys) }

    /// The rows below a heading.
    package func rows(_ heading: String) throws -> [Row] {
        guard let rows = tables[heading] else { throw Failed("no table below the heading \(heading)") }
        return rows
    }

    package func names(_ heading: String) throws -> [String] { try rows(heading).map(\.name) }
}

/// The fields that objects of one kind were seen with, to be held against a table.
package struct SeenFields {
    private let listed: [String]
    private var seen: Set<String> = []
    /// Fields that the table does not list, or lists elsewhere; each once.
    package private(set) var faults: Set<String> = []

    package init(_ listed: [String]) { self.listed = listed }

    /// - Parameter names: of one object's fields, in the order in which they are written.
    package mutating func add(_ names: [String]) {
        seen.formUnion(names)
        var place = -1
        for name in names {
            guard let found = listed.firstIndex(of: name) else {
                faults.insert("\(name) is written and not listed")
                continue
            }
            if found <= place { faults.insert("\(name) is written before \(listed[place])") }
            place = found
        }
    }

    /// What does not agree with the table, and what it lists that nothing was seen with.
    package var differences: [String] {
        (faults + listed.filter { !seen.contains($0) }.map { "\($0) is listed and never written" }).sorted()
    }
}

/// JSON whose objects keep the order of their members, and numbers their text.
package indirect enum OrderedJSON {
    case object([(name: String, value: OrderedJSON)])
    case array([OrderedJSON])
    case text(String)
    /// A number, `true`, `false` or `null`.
    case word(String)

    package init(_ text: String) throws {
        var bytes = Array(text.utf8)[...]
        self = try Self.value(&bytes)
        Self.skip(&bytes)
        guard bytes.isEmpty else { throw Failed("JSON goes on: \(String(decoding: bytes.prefix(40), as: UTF8.self))") }
    }

    package var members: [(name: String, value: OrderedJSON)] {
        if case .object(let members) = self { members } else { [] }
    }
    package var names: [String] { members.map(\.name) }
    package var elements: [OrderedJSON] { if case .array(let elements) = self { elements } else { [] } }
    package var text: String? { if case .text(let text) = self { text } else { nil } }
    package subscript(name: String) -> OrderedJSON? { members.first { $0.name == name }?.value }

    /// The members' paths, `inputs[].name`, in the order in which they stand.
    /// - Parameter isLeaf: a member whose value is not looked into.
    package func paths(isLeaf: (String) -> Bool) -> [String] {
        var paths: [String] = []
        add(to: &paths, below: "", isLeaf)
        return paths
    }

    private func add(to paths: inout [String], below path: String, _ isLeaf: (String) -> Bool) {
        for (name, value) in members {
            let own = path + name
            paths.append(own)
            if isLeaf(own) { continue }
            value.add(to: &paths, below: own + ".", isLeaf)
            for element in value.elements { element.add(to: &paths, below: own + "[].", isLeaf) }
        }
    }

    // MARK: Reading

    private static func skip(_ bytes: inout ArraySlice<UInt8>) {
        while let first = bytes.first, [0x20, 0x0A, 0x0D, 0x09].contains(first) { bytes.removeFirst() }
    }

    private static func value(_ bytes: inout ArraySlice<UInt8>) throws -> OrderedJSON {
        skip(&bytes)
        switch bytes.first {
        case UInt8(ascii: "{"):
            var members: [(name: String, value: OrderedJSON)] = []
            try list(&bytes, end: "}") { bytes in
                let name = try string(&bytes)
                skip(&bytes)
                guard bytes.popFirst() == UInt8(ascii: ":") else { throw Failed("JSON: no colon behind \(name)") }
                members.append((name, try value(&bytes)))
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [OrderedJSON] = []
            try list(&bytes, end: "]") { bytes in elements.append(try value(&bytes)) }
            return .array(elements)
        case UInt8(ascii: "\""): return .text(try string(&bytes))
        default:
            let word = bytes.prefix { ![0x2C, 0x5D, 0x7D, 0x20, 0x0A].contains($0) }
            guard !word.isEmpty else { throw Failed("JSON: no value") }
            bytes = bytes.dropFirst(word.count)
            return .word(String(decoding: word, as: UTF8.self))
        }
    }

    private static func list(
        _ bytes: inout ArraySlice<UInt8>, end: Unicode.Scalar, _ element: (inout ArraySlice<UInt8>) throws -> Void
    ) throws {
        bytes.removeFirst()
        skip(&bytes)
        if bytes.first == UInt8(ascii: end) {
            bytes.removeFirst()
            return
        }
        while true {
            skip(&bytes)
            try element(&bytes)
            skip(&bytes)
            switch bytes.popFirst() {
            case UInt8(ascii: ","): continue
            case UInt8(ascii: end): return
            default: throw Failed("JSON: no \(end)")
            }
        }
    }

    private static func string(_ bytes: inout ArraySlice<UInt8>) throws -> String {
        guard bytes.first == UInt8(ascii: "\"") else { throw Failed("JSON: no string") }
        var place = bytes.startIndex + 1
        var isEscaped = false
        while place < bytes.endIndex {
            if isEscaped {
                isEscaped = false
            } else if bytes[place] == UInt8(ascii: "\\") {
                isEscaped = true
            } else if bytes[place] == UInt8(ascii: "\"") {
                let literal = Data(bytes[bytes.startIndex...place])
                bytes = bytes[(place + 1)...]
                // What an escape means is Foundation's business.
                let decoded = try JSONSerialization.jsonObject(with: literal, options: .fragmentsAllowed)
                return decoded as? String ?? ""
            }
            place += 1
        }
        throw Failed("JSON: a string without an end")
    }
}
