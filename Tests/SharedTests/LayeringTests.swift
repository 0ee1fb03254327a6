import Foundation
import Testing

/// The layering of `Sources/Shared` (docs/design.md, The rooms): its rooms are in the order in which an event passes through them, and
/// each uses only those above it.
@Suite struct `The layering of Shared` {
    /// From top to bottom; `Limits.swift` is what every room may look up.
    static let order = [
        "Limits.swift", "Bytes", "Event", "Trace", "Schema", "Codings", "Streams", "Analysis", "SQL", "HTTP",
        "Protocols",
        "Connections", "Naming", "ServiceMap", "Environment", "Output", "Export",
        "Profiler.swift", "Profiler+Conversations.swift", "Profiler+Views.swift",
    ]
    /// Targets of their own, and what is no source.
    static let others = [
        "CCodecs", "CCrypto", "CNghttp2", "Collector", "Command", "Console", "Containers", "Digest", "Shared.docc",
        "Shipping",
    ]
    static let folder = "Sources/Shared"

    struct Source {
        var room: Int
        var path: String
        /// Without comments and literals.
        var code: String
    }

    static func sources() throws -> [Source] {
        try order.enumerated().flatMap { room, name in
            let paths =
                name.hasSuffix(".swift")
                ? [name]
                : (FileManager.default.enumerator(atPath: "\(folder)/\(name)")?.compactMap { $0 as? String } ?? [])
                    .filter { $0.hasSuffix(".swift") }.sorted().map { "\(name)/\($0)" }
            return try paths.map { path in
                let text = try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
                let code = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                    line.replacing(/"(\\.|[^"\\])*"/, with: "\"\"").replacing(/\/\/.*/, with: "")
                }
                return Source(room: room, path: path, code: code.joined(separator: "\n"))
            }
        }
    }

    @Test func `are all that there is`() throws {
        let found = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
        #expect(Set(found).subtracting(Self.order).subtracting(Self.others).isEmpty)
    }

    @Test func `have no arrow that points up`() throws {
        let sources = try Self.sources()
        var rooms: [String: Int] = [:]
        for source in sources {
            let declarations = source.code.matches(
                of:
                    /^(?:@\w+(?:\([^)]*\))? )*(?:package |final |indirect )*(?:struct|class|enum|protocol|typealias) (\w+)/
                    .anchorsMatchLineEndings())
            for declaration in declarations { rooms[String(declaration.1)] = source.room }
        }
        #expect(rooms["UniqueBytes"] == 1 && rooms["EventLog"] == 15, "the declarations are found")
        for source in sources {
            for name in Set(source.code.matches(of: /\b[A-Z]\w+\b/).map { String($0.0) }).sorted() {
                guard let room = rooms[name], room > source.room else { continue }
                Issue.record("\(source.path) uses \(name), which is declared below it, in \(Self.order[room])")
            }
        }
    }
}
