import Testing

@testable import replay

/// Each process has its own order of what has none (Swift's hashes have a seed of their own in each): no output shows it.
@Suite struct `Outputs that are made twice` {
    private static let inputs: [[String]] = [
        ["Fixtures/demo/shop/input.pcap", "--names", "Fixtures/demo/shop/names"],
        ["Fixtures/demo/bookinfo/input.pcap", "--names", "Fixtures/demo/bookinfo/names"],
        ["Fixtures/demo/live/input.tape", "Fixtures/demo/shop/input.pcap", "Fixtures/kafka/kafka-python/input.pcap"],
        ["http2/streams", "websocket/browser", "amqp/operations"].map { "Fixtures/\($0)/input.pcap" },
    ]

    /// What a process writes; FOLDER stands for one of its own.
    private func made(_ arguments: [String]) throws -> String {
        let folder = TemporaryFolder()
        let outcome = try Executable.replay(arguments.map { $0.replacing("FOLDER", with: folder.path) })
        let files = folder.names.map { "\($0): " + (folder.text($0) ?? "") }.joined()
        let all = ["\(outcome.status)", outcome.output, outcome.errors, files].joined(separator: "\n")
        return all.replacing(folder.path, with: "FOLDER")
    }

    @Test(arguments: Export.Format.allCases) func `are the same bytes in each format`(_ format: Export.Format) throws {
        for inputs in Self.inputs {
            var arguments = ["export", format.rawValue] + inputs
            switch format {
            case .conditions:
                arguments += ["--workload-uri", "web=urn:x", "--workload-uri", "orders=urn:y", "-o", "FOLDER/"]
            case .openapi, .asyncapi, .proto, .policies: arguments += ["-o", "FOLDER/"]
            default: break
            }
            let first = try made(arguments)
            #expect(try made(arguments) == first, "\(arguments)")
        }
    }

    @Test(arguments: [
        ["--service-map", "FOLDER/map.yaml", "--output", "FOLDER/log", "--json"], ["state", "-o", "FOLDER/state"],
        ["paths"], ["explain", "--connection", "1"], ["query", "SELECT * FROM operations"],
    ])
    func `are the same bytes in what is no export`(_ command: [String]) throws {
        for inputs in Self.inputs {
            let arguments = command[0].hasPrefix("-") ? inputs + command : command + inputs
            let first = try made(arguments)
            #expect(try made(arguments) == first, "\(arguments)")
        }
    }
}
