import ArgumentParser
import Collector
import Command
import Console
import Shared

/// `--endpoint` and what belongs to it: where `export otlp` sends to.
struct CollectorOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "otlp: send it to a collector, as http://127.0.0.1:4318, by HTTP; a file gets it only with --output.",
            valueName: "url"))
    var endpoint: String?

    @Option(
        name: .customLong("header"),
        help: ArgumentHelp("otlp: send this header with each request, as a key to an account.", valueName: "name=value")
    )
    var headers: [String] = []

    @Option(help: ArgumentHelp("otlp: wait so long for each answer (default: 10000).", valueName: "milliseconds"))
    var timeout: String?

    @Option(help: ArgumentHelp("otlp: how requests are packed, gzip or none (default: gzip).", valueName: "form"))
    var compression: String?

    @Option(help: ArgumentHelp("otlp: try an endpoint that is away for so long (default: 30).", valueName: "seconds"))
    var retryFor: NumberArgument?

    @Option(
        name: .customLong("resource"),
        help: ArgumentHelp(
            "otlp: an attribute of all resources; service.name names only what is of the whole tape.",
            valueName: "key=value"))
    var resources: [String] = []

    /// What is said of all resources.
    func resource() throws(Failure) -> OTLPFile.Resource {
        var resource = OTLPFile.Resource()
        for text in resources { try resource.add(text[...], "--resource \(text)") }
        return resource
    }

    /// Where to, and for how many seconds it is tried; `nil`: nothing is sent.
    func collector() throws(Failure) -> (endpoint: OTLPEndpoint, patience: Int)? {
        guard let url = endpoint else {
            let others = [
                ("--header", !headers.isEmpty), ("--timeout", timeout != nil), ("--compression", compression != nil),
                ("--retry-for", retryFor != nil),
            ]
            guard let (option, _) = others.first(where: \.1) else { return nil }
            throw Failure("\(option): is for what is sent; give --endpoint, too")
        }
        var endpoint = try OTLPEndpoint(url, "--endpoint")
        // Nothing goes elsewhere than where an option says: replay reads no variable.
        endpoint.isDirect = true
        // What a header says is a secret more often than not.
        for text in headers { try endpoint.addHeader(text[...], "--header") }
        if let timeout { try endpoint.setTimeout(timeout, "--timeout") }
        if let compression { try endpoint.setCompression(compression, "--compression") }
        return (endpoint, try retryFor?.number("--retry-for", in: 0...86_400) ?? 30)
    }
}
