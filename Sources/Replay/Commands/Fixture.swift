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
    /// A folder of profiles, and of what they rest on.
    private static let conditions = "conditions"

    /// An output that is compared.
    struct Golden {
        var name: String
        var content: [UInt8]
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

    /// What a replay gives now: event log, map and summary; and log and map as `--compat` has them, and pictures, where there is a
    /// golden of them.
    func replay() throws(Failure) -> Outcome {
        let (log, result) = try replay(.all)
        let summary = SummaryJSON.text(result.summary) { result.capture.write(&$0) }
        var goldens = [
            Golden(name: "events.jsonl", content: log),
            Golden(name: "service_map.yaml", content: Array(ServiceMapFile.yaml(result.map).utf8)),
            Golden(name: "summary.json", content: Array(summary.utf8)),
        ]
        let compat = (log: "events.compat.jsonl", map: "service_map.compat.yaml")
        if access(path(compat.map), F_OK) == 0 || access(path(compat.log), F_OK) == 0 {
            let (log, result) = try replay(.compat)
            goldens.append(Golden(name: compat.log, content: log))
            goldens.append(Golden(name: compat.map, content: Array(ServiceMapFile.yaml(result.map, .compat).utf8)))
        }
        let isLossy = result.isLossy
        let graph = { ServiceGraph(result.map) }
        let from = result.summary.provenance(isLossy: isLossy)
        let pictures: [(name: String, text: () -> String)] = [
            ("graph.dot", { DOTFile.text(graph(), from: from) }),
            ("graph.mmd", { MermaidFile.text(graph(), from: from) }),
            ("graph.svg", { GraphPicture.text(graph(), from: from, isLossy: isLossy) }),
        ]
        for picture in pictures where access(path(picture.name), F_OK) == 0 {
            goldens.append(Golden(name: picture.name, content: Array(picture.text().utf8)))
        }
        if access(path("report.html"), F_OK) == 0 {
            let (_, result) = try replay(.all, journal: 100)
            let text = result.report(MapView.Choice(), [tape])
            goldens.append(Golden(name: "report.html", content: Array(text.utf8)))
        }
        if access(path(Self.conditions), F_OK) == 0 { goldens += try conditionsGoldens() }
        if access(path("openapi.yaml"), F_OK) == 0 {
            let (_, result) = try replay(.all, describes: true)
            let texts = OpenAPIFile.descriptions(result.map, from: from, OpenAPIFile.Style()).map(\.text).filter {
                !$0.isEmpty
            }
            goldens.append(Golden(name: "openapi.yaml", content: Array(texts.joined(separator: "---\n").utf8)))
        }
        if access(path("metrics.txt"), F_OK) == 0 {
            let (_, result) = try replay(.all, forMetrics: true)
            let text = MetricsFile.text(result.metrics(.total), .openmetrics)
            goldens.append(Golden(name: "metrics.txt", content: Array(text.utf8)))
        }
        let texts = [ExportedText.asyncapi, .policies, .compose].filter { access(path("\($0).yaml"), F_OK) == 0 }
        if !texts.isEmpty {
            let (_, result) = try replay(.all, forConditions: true)
            for format in texts {
                goldens.append(
                    Golden(name: "\(format).yaml", content: Array(try format.text(result, service: nil).text.utf8)))
            }
        }
        return Outcome(goldens: goldens, beyond: try beyondContract(result))
    }

    /// The profile of each workload that has one, and what it rests on.
    private func conditionsGoldens() throws(Failure) -> [Golden] {
        let (_, result) = try replay(.all, forConditions: true)
        let isLossy = result.isLossy
        let from = result.summary.provenance(isLossy: isLossy)
        var goldens: [Golden] = []
        for name in ConditionsFinder.workloads(result.map) {
            guard
                let (profile, evidence) = try? ConditionsFinder.profile(
                    of: name, uri: "https://example.org/tapedeck/\(name)", result.map, result.surroundings)
            else { continue }
            let file = "\(Self.conditions)/\(ServiceFiles.fileName(name))"
            let texts = [
                ("\(file).yaml", ConditionsFile.profile(profile, from: from, .suffix)),
                ("\(file).evidence.yaml", ConditionsFile.evidence(evidence, of: profile, from: from, isLossy: isLossy)),
            ]
            goldens += texts.map { Golden(name: $0, content: Array($1.utf8)) }
        }
        return goldens
    }

    private func beyondContract(_ result: Replaying.Result) throws(Failure) -> [MapDifference.Change]? {
        guard access(path(Self.contract), F_OK) == 0 else { return nil }
        guard let text = TextFile.read(path(Self.contract)) else {
            throw Failure("\(path(Self.contract)): can't be read: \(String(cString: strerror(errno)))")
        }
        do throws(MapFacts.Fault) {
            return MapDifference(try MapFacts(map: text), MapFacts(result.map)).beyond
        } catch {
            throw Failure("\(path(Self.contract)): \(error)")
        }
    }

    /// - Parameters:
    ///   - journal: exchanges that a report shows.
    ///   - describes: what interfaces look like is wanted, too.
    ///   - forConditions: what workloads need is.
    ///   - forMetrics: when it was is.
    private func replay(
        _ fields: FieldSet, journal: Int? = nil, describes: Bool = false, forConditions: Bool = false,
        forMetrics: Bool = false
    ) throws(Failure) -> (log: [UInt8], Replaying.Result) {
        var replaying = Replaying()
        replaying.readsAhead = false
        replaying.options.environments = false
        replaying.options.fields = fields
        replaying.options.journal = journal.map { .first($0) }
        replaying.options.interfaces = describes
        replaying.withBodies = journal != nil || describes
        if forConditions { replaying.prepareForConditions() }
        if forMetrics { replaying.prepareForMetrics() }
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
