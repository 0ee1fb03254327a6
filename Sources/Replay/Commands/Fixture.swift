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
        "input.pcap", "input.pcapng", "input.pcap.gz", "input.pcapng.gz", "input.tape", "input.jsonl",
    ]
    /// The outputs that are compared, in the order in which `replay()` gives them.
    static let goldens = ["events.jsonl", "service_map.yaml", "summary.json"]

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

    /// What a replay gives now: the contents of the goldens, in their order.
    func replay() throws(Failure) -> [[UInt8]] {
        var replaying = Replaying()
        replaying.readsAhead = false
        replaying.options.environments = false
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
        let summary = SummaryJSON.text(result.summary) { result.capture.write(&$0) }
        return [log, Array(ServiceMapFile.yaml(result.map).utf8), Array(summary.utf8)]
    }

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
