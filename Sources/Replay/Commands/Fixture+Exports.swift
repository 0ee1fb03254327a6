import Console
import Shared

/// What exports write of a fixture, each where there is a golden of it: those of one group come of one run.
extension Fixture {
    /// In place of the version, which would change files that are otherwise the same.
    private static let version = "0"
    /// A folder of profiles, and of what they rest on.
    private static let conditions = "conditions"

    func pictures(_ result: Replaying.Result) -> [Golden] {
        let isLossy = result.isLossy
        let from = result.summary.provenance(isLossy: isLossy)
        let graph = { ServiceGraph(result.map) }
        return some([
            ("graph.dot", { DOTFile.text(graph(), from: from) }),
            ("graph.mmd", { MermaidFile.text(graph(), from: from) }),
            ("graph.svg", { GraphPicture.text(graph(), from: from, isLossy: isLossy) }),
        ])
    }

    /// What services serve: by their bodies and messages.
    func interfaces() throws(Failure) -> [Golden] {
        var goldens: [Golden] = []
        if has("report.html") {
            let result = try replay { replaying in
                replaying.options.journal = .first(100)
                replaying.withBodies = true
            }.result
            goldens.append(Golden("report.html", result.report(MapView.Choice(), [tape])))
        }
        if has("openapi.yaml") {
            let result = try replay { replaying in
                replaying.options.interfaces = true
                replaying.withBodies = true
            }.result
            goldens.append(Golden("openapi.yaml", try ExportedText.openapi.text(result, service: nil).text))
        }
        let texts: [(name: String, format: ExportedText)] = [
            ("schema.json", .schema), ("sketch.proto", .proto),
        ]
        if texts.contains(where: { has($0.name) }) {
            let result = try replay { $0.withBodies = true }.result
            for text in texts where has(text.name) {
                goldens.append(Golden(text.name, try text.format.text(result, service: nil).text))
            }
        }
        // With bodies, which show what a reader finds of each, and without what looks like a credential.
        if has("exchanges.har") {
            let result = try replay { replaying in
                replaying.options.archive = HARFile.Content()
                replaying.options.archive?.withBodies = true
                replaying.options.redact = true
            }.result
            let from = result.summary.provenance(isLossy: result.isLossy)
            if let archive = result.archive {
                goldens.append(Golden(name: "exchanges.har", content: archive.text(from: from, version: Self.version)))
            }
        }
        return goldens
    }

    func telemetry() throws(Failure) -> [Golden] {
        var goldens: [Golden] = []
        if has("metrics.txt") {
            let result = try replay { $0.prepareForMetrics() }.result
            goldens.append(Golden("metrics.txt", MetricsFile.text(result.metrics(.total), .openmetrics)))
        }
        if has("otlp.jsonl") {
            let result = try replay { $0.prepareForTraces() }.result
            let requests = TelemetryOutput.requests(result, OTLPFile.Resource(), version: Self.version)
            goldens.append(Golden(name: "otlp.jsonl", content: requests.flatMap { $0.body + [0x0A] }))
        }
        return goldens
    }

    /// What workloads need, and who may talk to whom.
    func surroundings() throws(Failure) -> [Golden] {
        let texts = [ExportedText.asyncapi, .policies, .compose].filter { has("\($0).yaml") }
        guard !texts.isEmpty || has(Self.conditions) else { return [] }
        let result = try replay { replaying in
            replaying.prepareForConditions()
            replaying.options.payloads = true
        }.result
        var goldens = has(Self.conditions) ? conditions(result) : []
        for format in texts {
            goldens.append(Golden("\(format).yaml", try format.text(result, service: nil).text))
        }
        return goldens
    }

    /// The profile of each workload that has one, and what it rests on.
    private func conditions(_ result: Replaying.Result) -> [Golden] {
        let isLossy = result.isLossy
        let from = result.summary.provenance(isLossy: isLossy)
        return ConditionsFinder.workloads(result.map).flatMap { name -> [Golden] in
            guard
                let (profile, evidence) = try? ConditionsFinder.profile(
                    of: name, uri: "https://example.org/tapedeck/\(name)", result.map, result.surroundings)
            else { return [] }
            let file = "\(Self.conditions)/\(ServiceFiles.fileName(name))"
            return [
                Golden("\(file).yaml", ConditionsFile.profile(profile, from: from, .suffix)),
                Golden(
                    "\(file).evidence.yaml",
                    ConditionsFile.evidence(evidence, of: profile, from: from, isLossy: isLossy)),
            ]
        }
    }

    private func some(_ all: [(name: String, text: () -> String)]) -> [Golden] {
        all.filter { has($0.name) }.map { Golden($0.name, $0.text()) }
    }
}
