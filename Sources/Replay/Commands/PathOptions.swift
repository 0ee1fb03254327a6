import ArgumentParser
import Console
import Glibc
import Shared

/// `--paths`, `--openapi` and `--raw-paths`.
struct PathOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file of path templates, one a line: /users/{id}; what fits one is written as it.", valueName: "file"),
        completion: .file())
    var paths: [String] = []

    @Option(
        help: ArgumentHelp("An OpenAPI description, JSON or YAML, whose paths are templates.", valueName: "file"),
        completion: .file())
    var openapi: [String] = []

    @Flag(help: "Write paths as they are, and no templates.")
    var rawPaths = false

    func read() throws(Failure) -> PathTemplates {
        var rules = PathRules()
        for path in paths {
            for (number, line) in try Self.text(path, "--paths").split(
                separator: "\n", omittingEmptySubsequences: false
            )
            .enumerated() {
                do throws(PathRules.Failure) {
                    try rules.add(line: String(line))
                } catch {
                    // A file of another kind may have lines of any length.
                    let reason = error.reason.count > 100 ? error.reason.prefix(100) + "…" : error.reason[...]
                    throw Failure("--paths \(path): line \(number + 1): \(reason)")
                }
            }
        }
        for path in openapi {
            let templates = OpenAPIPaths.read(try Self.text(path, "--openapi"))
            guard !templates.isEmpty else {
                throw Failure("--openapi \(path): no paths found; give an OpenAPI description")
            }
            for template in templates {
                do throws(PathRules.Failure) {
                    try rules.add(method: nil, host: nil, template: template)
                } catch {
                    throw Failure("--openapi \(path): \(error.reason)")
                }
            }
        }
        guard rawPaths else { return .inferred(rules) }
        guard rules.isEmpty else {
            throw Failure("--raw-paths: there are templates in --paths or --openapi; give one or the other")
        }
        return .raw
    }

    private static func text(_ path: String, _ option: String) throws(Failure) -> String {
        guard let text = TextFile.read(path) else {
            throw Failure("\(option) \(path): can't be read: \(String(cString: strerror(errno)))")
        }
        return text
    }
}
