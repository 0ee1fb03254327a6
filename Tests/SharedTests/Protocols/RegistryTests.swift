import Foundation
import Testing

@testable import Shared

/// A protocol is one file, one line in the registry, and one folder of fixtures.
@Suite struct `The registry` {
    /// The names of the types that conform to `Detector`, by the file that declares them.
    static func detectors() throws -> [String] {
        let folder = "Sources/Shared/Protocols"
        return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }.flatMap {
            try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8).matches(of: /enum (\w+): Detector \{/)
                .map { String($0.1) }
        }
    }

    @Test func `asks every detector of the folder, each once`() throws {
        let asked = Registry.all.map { String(describing: $0) }
        #expect(Set(asked) == Set(try Self.detectors()))
        #expect(asked.count == Set(asked).count)
    }

    @Test(arguments: ServiceProtocol.allCases)
    func `has a detector and fixtures for every protocol`(_ service: ServiceProtocol) throws {
        #expect(Registry.all.contains { $0.verdict == .service(service) })
        let folder = "Fixtures/\(service.name)"
        let scenarios = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(!scenarios.isEmpty, "record one: Fixtures/record.sh \(service.name)/…")
    }

    @Test func `asks for a request before all others`() throws {
        // Connections of HTTP are recognised without asking the rest.
        #expect(Registry.all.first is HTTP1Detector.Type)
    }
}
