import ArgumentParser
import Command
import Console
import Shared

/// `replay export FORMAT INPUT…`, what was seen as other tools read it.
struct Export: ParsableCommand {
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case schema, openapi, asyncapi, proto, har, mermaid, dot, svg, html, conditions, policies, compose, metrics,
            otlp
    }

    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write what tapes show in a format of other tools.",
        discussion: """
            FORMATS
              schema   JSON Schema (draft 2020-12) of the bodies of each endpoint: of requests, and of responses by status
              openapi  OpenAPI 3.1 (--spec 3.2) of what each service serves over HTTP: one with --service, all into a folder
              asyncapi AsyncAPI 3.0 of what each service sends and receives: Kafka, NATS, AMQP, Redis' channels, WebSockets
              proto    what is called over gRPC as a sketch of the .proto files, with the numbers of fields; one a package
              har      the HTTP exchanges one by one, as an HTTP Archive 1.2; bodies only with --bodies, credentials hidden
              mermaid  who talks to whom, as a Mermaid flowchart for Markdown
              dot      the same for Graphviz
              svg      the same as a picture
              html     a report in one file: graph, services, operations, schemas, exchanges
              conditions
                       what a workload needs of others, as a Runtime Conditions Profile; what that rests on is beside it
              policies NetworkPolicies of Kubernetes that allow what was seen and nothing else: a draft; one with --service
              compose  whom each service needs, as depends_on of a compose file; --compare: what a file has and has not
              metrics  how often, how long and how often in vain, as OpenMetrics with times, to be filled into Prometheus
              otlp     the same with traces and logs, as OpenTelemetry's protocol has them: one JSON object a line, or
                       sent to a collector with --endpoint

            EXAMPLES
              replay export openapi capture.pcap --service orders -o orders.yaml
              replay export html capture.pcap -o report.html
              replay export metrics capture.pcap -o capture.metrics
              replay export otlp capture.pcap --endpoint http://127.0.0.1:4318
            """)

    @Argument(
        help:
            "schema, openapi, asyncapi, proto, har, mermaid, dot, svg, html, conditions, policies, compose, metrics or otlp"
    )
    var format: Format

    @Argument(help: "Tapes to read; - is standard input.", completion: .file())
    var inputs: [String]

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Write to a file (default: -, standard output).", valueName: "file"), completion: .file())
    var output = "-"

    @OptionGroup var reading: ReadingOptions

    @OptionGroup var filters: MapFilters

    @OptionGroup var openAPI: OpenAPIOptions

    @OptionGroup var archive: HAROptions

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("html: show so many exchanges one by one (default: 1000).", valueName: "number"))
    var exchanges: NumberArgument?

    @Flag(
        help:
            "Say how often keys were there, and how often null; openapi, asyncapi: how often operations were, and when."
    )
    var evidence = false

    @OptionGroup var conditions: ConditionsOptions

    @OptionGroup var policies: PolicyOptions

    @OptionGroup var composition: CompositionOptions

    @OptionGroup var metrics: MetricsOptions

    @OptionGroup var collector: CollectorOptions

    func run() throws {
        var replaying = try reading.replaying()
        let openAPIStyle = try openAPI.style(showsCounts: evidence)
        let profiles = try conditions.wanted()
        let label = try policies.key()
        let declared = try composition.declared()
        replaying.withBodies = [.schema, .openapi, .asyncapi, .proto, .html].contains(format)
        replaying.options.interfaces = format == .openapi
        replaying.options.payloads = format == .asyncapi
        var selection = try filters.selection()
        // What each service serves, or says, is described by all that is known of it, and not by who asks.
        if [.openapi, .asyncapi, .proto, .policies].contains(format) { selection.service = nil }
        replaying.options.selection = selection
        if format == .har { archive.apply(to: &replaying.options, selection) }
        let metricsForm = try metrics.fileForm()
        let (telemetryResource, receiver) = (try collector.resource(), try collector.collector())
        if format == .otlp { replaying.prepareForTraces() }
        if format == .metrics { replaying.prepareForMetrics() }
        if format == .conditions { replaying.prepareForConditions() }
        if [.policies, .compose].contains(format) { replaying.options.keepsPlaces = true }
        let shownExchanges = try exchanges?.number("--exchanges", in: 0...1_000_000) ?? 1000
        if format == .html { replaying.options.journal = .first(shownExchanges) }
        if let input = inputs.first(where: { output != "-" && OutputFile.takes(output, $0) }) {
            throw Failure("--output \(output): would overwrite the input \(input); choose another file")
        }
        let result = try replaying.run(inputs) { _ in true }
        // A document without a schema looks like one of a service that says nothing.
        guard format != .schema || result.capture.unfitting.isEmpty else {
            throw Failure("export schema: \(result.capture.unfitting)")
        }
        for line in result.capture.complaints { Terminal.complain(line) }
        let isLossy = result.isLossy
        let from = result.summary.provenance(isLossy: isLossy)
        let graph = { ServiceGraph(result.map) }
        var leftOut: [String] = []
        switch format {
        case .schema:
            try write(JSONSchemaFile.text(result.map, from: from, showsCounts: evidence))
        case .openapi:
            leftOut = try describe(result, openAPIStyle) { OpenAPIFile.descriptions($0, from: from, openAPIStyle) }
        case .asyncapi:
            leftOut = try describe(result, openAPIStyle) {
                AsyncAPIFile.descriptions($0, from: from, isJSON: openAPIStyle.isJSON, showsCounts: evidence)
            }
        case .proto: leftOut = try sketch(result, from: from)
        case .har: leftOut = try HAROptions.write(result, to: output)
        case .mermaid: try write(MermaidFile.text(graph(), from: from))
        case .dot: try write(DOTFile.text(graph(), from: from))
        case .svg: try write(GraphPicture.text(graph(), from: from, isLossy: isLossy))
        case .html: try write(result.report(MapView.Choice(), inputs))
        case .conditions: leftOut = try declare(profiles, result, from: from)
        case .policies: leftOut = try writePolicies(result, from: from, label: label)
        case .compose: leftOut = try compose(declared, result, from: from)
        case .metrics: try write(MetricsFile.text(result.metrics(metrics.points(metricsForm)), metricsForm))
        case .otlp:
            if output != "-" || receiver == nil {
                leftOut = try TelemetryOutput.write(result, telemetryResource, to: output)
            }
            if let (endpoint, patience) = receiver {
                leftOut = try TelemetryOutput.send(
                    result, telemetryResource, to: endpoint, patience: patience, isJSON: openAPI.json)
            }
        }
        for line in leftOut { Terminal.complain(line) }
        if isLossy || !leftOut.isEmpty { throw ExitCode(1) }
    }

    func write(_ text: String) throws(Failure) {
        let file = try OutputFile(output, option: "--output")
        try file.write(text)
        try file.commit()
    }

    /// Writes a description of each service, or of the one that is wanted.
    /// - Returns: what could not be said.
    private func describe(
        _ result: Replaying.Result, _ style: OpenAPIFile.Style,
        _ descriptions: (ServiceMapDocument) -> [ServiceDescription]
    ) throws(Failure) -> [String] {
        let all = descriptions(result.map)
        let wanted = all.filter { !$0.leftOut.isEmpty && $0.service == filters.service ?? $0.service }
        let leftOut = wanted.map { "\($0.service): left out: \($0.leftOut.joined(separator: ", "))" }
        let described = all.filter { !$0.text.isEmpty }
        if described.isEmpty { for line in leftOut { Terminal.complain(line) } }
        let files = try ServiceFiles(
            described.map {
                ServiceFiles.Service(
                    name: $0.service,
                    files: [
                        ServiceFiles.File(
                            ending: ".\(format.rawValue).\(style.isJSON ? "json" : "yaml")", text: $0.text)
                    ])
            }, format: format.rawValue, wanted: filters.service)
        try files.write(to: output, inputs: inputs)
        return leftOut
    }

    /// Writes a sketch of each package, or of the one that is wanted.
    /// - Returns: what could not be said.
    private func sketch(_ result: Replaying.Result, from: String) throws(Failure) -> [String] {
        let (sketches, leftOut) = ProtoFile.sketches(result.map, from: from)
        if sketches.isEmpty { for line in leftOut { Terminal.complain("left out: \(line)") } }
        let files = try ServiceFiles(
            sketches.map {
                ServiceFiles.Service(name: $0.service, files: [ServiceFiles.File(ending: ".proto", text: $0.text)])
            }, format: format.rawValue, wanted: filters.service)
        try files.write(to: output, inputs: inputs)
        return leftOut.map { "left out: \($0)" }
    }
}
