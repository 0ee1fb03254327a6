import Foundation
import Testing

@testable import Shared

/// A protocol is one folder, one line in the list, and one folder of fixtures.
@Suite struct `The registry` {
    private static let folder = "Sources/Shared/Protocols"

    /// The folders of protocols, with the text of all their files.
    private static func protocols() throws -> [(name: String, text: String)] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.contains(".") }.sorted().map { name in
            let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)")
            let texts = try files.map { try String(contentsOfFile: "\(folder)/\(name)/\($0)", encoding: .utf8) }
            return (name, texts.joined())
        }
    }

    @Test func `lists every folder of protocols, each once`() throws {
        let list = try String(contentsOfFile: "\(Self.folder)/Standard.swift", encoding: .utf8)
        let listed = list.matches(of: /^        \.(\w+),$/.anchorsMatchLineEndings()).map { String($0.1) }
        let declared = try Self.protocols().map { name, text in
            let rows = text.matches(of: /static let (\w+) = ProtocolRow\(/).map { String($0.1) }
            #expect(rows.count == 1, "Protocols/\(name) has one row")
            return rows.first ?? ""
        }
        #expect(listed.sorted() == declared.sorted())
        #expect(Registry.standard.rows.count == listed.count)
    }

    @Test func `asks every detector of the folders, each once`() throws {
        let declared = try Self.protocols().flatMap { _, text in
            text.matches(of: /enum (\w+): Detector \{/).map { String($0.1) }
        }
        let asked = Registry.standard.detectors.map { String(describing: $0.detector) }
        #expect(asked.sorted() == declared.sorted())
    }

    @Test(arguments: Registry.standard.ids)
    func `has fixtures for every protocol`(_ id: ProtocolID) throws {
        let folder = "Fixtures/\("\(id.name)".replacing("/", with: ""))"
        let scenarios = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(!scenarios.isEmpty, "record one: Fixtures/record.sh \(id.name)/…")
    }

    @Test func `has no name and no port twice`() {
        #expect(Set(Registry.standard.ids.map(\.name)).count == Registry.standard.rows.count)
        let ports = Registry.standard.rows.flatMap(\.ports)
        #expect(Set(ports).count == ports.count)
    }

    @Test func `asks from the strictest detector to the loosest`() throws {
        // Connections of HTTP are recognised without asking the rest.
        #expect(Registry.standard.detectors.first?.detector is HTTP1Detector.Type)
        #expect(Registry.standard.detectors.last?.detector is HTTP1ResponseDetector.Type)
        let order = Strictness.allCases
        let places = Registry.standard.detectors.compactMap { order.firstIndex(of: $0.detector.strictness) }
        #expect(places == places.sorted())
    }

    /// What is known of a protocol is in its folder; the words of other specifications' vocabularies (of Runtime Conditions, AsyncAPI
    /// and OpenTelemetry) are where these are written.
    @Test func `is the only place outside of the folders that names a protocol`() throws {
        let names = Registry.standard.rows.filter { $0.role == .service }.map { "\($0.name)" }
        let sources = try #require(FileManager.default.enumerator(atPath: "Sources/Shared"))
        for case let path as String in sources where path.hasSuffix(".swift") {
            let vocabularies = ["Export/Conditions/", "Export/Messaging/", "Export/Telemetry/"]
            if path.hasPrefix("Protocols/") || vocabularies.contains(where: path.hasPrefix) { continue }
            let code = try String(contentsOfFile: "Sources/Shared/\(path)", encoding: .utf8)
                .split(separator: "\n").filter { !$0.contains("///") && !$0.contains("// ") }.joined(separator: "\n")
            for name in names {
                #expect(!code.contains("\"\(name)\"") && !code.contains("case .\(name)"), "\(path) names \(name)")
            }
        }
    }
}
