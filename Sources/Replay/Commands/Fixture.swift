import Console
import Glibc
import Shared

/// A folder with a tape and what a replay of it is expected to give, byte for byte.
struct Fixture: Sendable {
    var folder: String
    /// The tape's name in the folder.
    var tape: String

    /// The names that a fixture's tape may have; the first that is there counts.
    static let tapes = [
        "input.pcap", "input.pcapng", "input.pcap.gz", "input.pcapng.gz", "input.tape", "input.jsonl", "input.state",
    ]
    /// What may be there and need not, in the form of a map: services, destinations, endpoints, operations, schemas.
    static let contract = "contract.yaml"
    /// An output that is compared.
    struct Golden {
        var name: String
        var content: [UInt8]

        init(name: String, content: [UInt8]) { (self.name, self.content) = (name, content) }
        init(_ name: String, _ text: String) { (self.name, content) = (name, Array(text.utf8)) }
    }

    /// What a replay gives.
    struct Outcome {
        var goldens: [Golden]
        /// What is there and not in the contract; `nil` where there is no contract.
        var beyond: [MapDifference.Change]?
    }

    /// The fixtures in a folder and below it, in the order of their names.
    static func below(_ folder: String) throws(Failure) -> [Fixture] {
        guard let entries = entries(folder) else {
            let reason = String(cString: strerror(errno))
            throw Failure("\(folder): \(errno == ENOTDIR ? "is no folder; name the folder of the fixture" : reason)")
        }
        var found: [Fixture] = []
        if let tape = tapes.first(where: { tape in entries.contains { $0.name == tape && !$0.isFolder } }) {
            found.append(Fixture(folder: folder, tape: tape))
        }
        for entry in entries where entry.isFolder { found += try below(join(folder, entry.name)) }
        return found
    }

    /// What a replay gives now: event log, map and summary; and log and map as `--compat` has them, and what exports write, where
    /// there is a golden of them.
    func replay() throws(Failure) -> Outcome {
        let (log, result) = try replay { _ in }
        let summary = SummaryJSON.text(result.summary) { result.capture.write(&$0) }
        var goldens = [
            Golden(name: "events.jsonl", content: log),
            Golden("service_map.yaml", ServiceMapFile.yaml(result.map)),
            Golden("summary.json", summary),
        ]
        let compat = (log: "events.compat.jsonl", map: "service_map.compat.yaml")
        if has(compat.map) || has(compat.log) {
            let (log, result) = try replay { $0.options.fields = .compat }
            goldens.append(Golden(name: compat.log, content: log))
            goldens.append(Golden(compat.map, ServiceMapFile.yaml(result.map, .compat)))
        }
        goldens += pictures(result)
        goldens += try interfaces()
        goldens += try telemetry()
        goldens += try surroundings()
        return Outcome(goldens: goldens, beyond: try beyondContract(result))
    }

    private func beyondContract(_ result: Replaying.Result) throws(Failure) -> [MapDifference.Change]? {
        guard has(Self.contract) else { return nil }
        guard let text = TextFile.read(path(Self.contract)) else {
            throw Failure("\(path(Self.contract)): can't be read: \(String(cString: strerror(errno)))")
        }
        do throws(MapFacts.Fault) {
            return MapDifference(try MapFacts(map: text), MapFacts(result.map)).beyond
        } catch {
            throw Failure("\(path(Self.contract)): \(error)")
        }
    }

    /// - Parameter prepare: what else is wanted of the run.
    func replay(_ prepare: (inout Replaying) -> Void) throws(Failure) -> (log: [UInt8], result: Replaying.Result) {
        var replaying = Replaying()
        replaying.readsAhead = false
        replaying.options.environments = false
        prepare(&replaying)
        let names = Self.join(folder, "names")
        if access(names, F_OK) == 0 { try NameOptions.add(names, to: &replaying.options.names) }
        var log: [UInt8] = []
        // Called by its name alone, a tape gives the same summary wherever the folder is.
        let result = try replaying.run([path(tape)], names: [tape]) { bytes throws(Failure) in
            bytes.withUnsafeBytes { log.append(contentsOf: $0) }
            return true
        }
        // Half a replay is nothing to compare with, least of all by `--update`.
        guard !result.capture.wasInterrupted else { throw Failure("\(folder): interrupted") }
        return (log, result)
    }

    /// There is a golden of that name.
    func has(_ name: String) -> Bool { access(path(name), F_OK) == 0 }

    func path(_ name: String) -> String { Self.join(folder, name) }

    private static func join(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    /// The entries of a folder, by name; without hidden ones, and without links to folders, which may run in circles.
    private static func entries(_ folder: String) -> [(name: String, isFolder: Bool)]? {
        guard let handle = opendir(folder) else { return nil }
        defer { closedir(handle) }
        var entries: [(name: String, isFolder: Bool)] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard !name.hasPrefix(".") else { continue }
            var status = stat()
            guard lstat(join(folder, name), &status) == 0 else { continue }
            entries.append((name, status.st_mode & S_IFMT == S_IFDIR))
        }
        return entries.sorted { $0.name < $1.name }
    }
}
