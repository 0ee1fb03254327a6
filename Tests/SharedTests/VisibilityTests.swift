import Foundation
import Testing

/// What other targets of the package see of `Shared`: what they use, and no more.
@Suite struct `What Shared shows` {
    /// Types that nobody else names, by what they are a part of: others get or give them without their name.
    static let parts = [
        "Ask": "Sink", "ConnectFailure": "ConnectionEvent",
        "ConditionsProfile": "ConditionsFinder", "ConnectionEvent": "Sink",
        "Limit": "Summary", "Limits": "Profiler", "MessageHead": "Message", "PartyID": "Token",
        "ProtocolRow": "Registry", "Shape": "ServiceMapDocument", "TLSClosed": "Summary",
        "Token": "Sink", "TraceStep": "TraceReading", "UniqueBytes": "Message",
        "UnparsedReason": "Summary",
    ]

    @Test func `is named by another target, or a part of what is`() throws {
        let shown = try Set(
            `The layering of Shared`.sources().flatMap { source in
                source.code.matches(
                    of:
                        /^(?:@\w+(?:\([^)]*\))? )*package (?:final |indirect )*(?:struct|class|enum|protocol|typealias) (\w+)/
                        .anchorsMatchLineEndings()
                ).map { String($0.1) }
            })
        #expect(shown.contains("Profiler"), "the declarations are found")
        let named = try Self.namesElsewhere().intersection(shown)
        for type in shown.subtracting(named).sorted() {
            guard let whole = Self.parts[type] else {
                Issue.record("\(type) is `package`, and no other target names it: leave the word out")
                continue
            }
            #expect(shown.contains(whole), "\(type) is a part of \(whole)")
        }
        #expect(Set(Self.parts.keys).subtracting(shown).isEmpty, "there is no such type")
        #expect(Set(Self.parts.keys).intersection(named).isEmpty, "these are named elsewhere, and need no exception")
    }

    /// All words of the sources that see `Shared` from outside; what is imported `@testable` sees all of it.
    private static func namesElsewhere() throws -> Set<String> {
        let inside = `The layering of Shared`.order.map { "Sources/Shared/\($0)" }
        var names: Set<String> = []
        for folder in ["Sources", "Tests"] {
            for case let file as String in FileManager.default.enumerator(atPath: folder) ?? .init() {
                let path = "\(folder)/\(file)"
                guard path.hasSuffix(".swift"), !inside.contains(where: { path == $0 || path.hasPrefix($0 + "/") })
                else { continue }
                let code = try String(contentsOfFile: path, encoding: .utf8).replacing(/\/\/.*/, with: "")
                guard code.contains(/^(?:\w+ )?import Shared$/.anchorsMatchLineEndings()) else { continue }
                names.formUnion(code.matches(of: /\b[A-Z]\w*/).map { String($0.0) })
            }
        }
        return names
    }
}
