import ArgumentParser
import Console
import Shared

/// `--spec`, `--json` and `--header-names`: how `export openapi` describes.
struct OpenAPIOptions: ParsableArguments {
    @Option(help: ArgumentHelp("openapi: of which version, 3.1 or 3.2 (default: 3.1).", valueName: "version"))
    var spec: String?

    @Flag(
        help:
            "openapi, asyncapi: as JSON, and not as YAML; compose: print the differences as JSON; otlp: what was sent.")
    var json = false

    @Flag(help: "openapi: name the fields of requests, too.")
    var headerNames = false

    func style(showsCounts: Bool) throws(Failure) -> OpenAPIFile.Style {
        var style = OpenAPIFile.Style()
        if let spec {
            guard let version = OpenAPIFile.Version(rawValue: spec) else {
                let versions = OpenAPIFile.Version.allCases.map(\.rawValue).joined(separator: " and ")
                throw Failure("--spec \(spec): is not known; there are \(versions)")
            }
            style.version = version
        }
        style.isJSON = json
        style.showsFields = headerNames
        style.showsCounts = showsCounts
        return style
    }
}
