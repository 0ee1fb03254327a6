import Shared

/// The results of `replay check`, for people and for programs.
enum CheckReport {
    static func text(_ results: [CheckResult], _ style: TextStyle) -> String {
        var lines: [String] = []
        for result in results {
            let name = style.tone(.strong, style.safe(result.folder))
            if let failure = result.failure { lines.append("\(name): \(style.tone(.bad, style.safe(failure)))") }
            if let beyond = result.beyond, !beyond.isEmpty {
                let what = Quantity.count(UInt64(beyond.count), "thing")
                lines.append("\(name): \(style.tone(.bad, "\(what) not in \(Fixture.contract)"))")
                lines += beyond.map { "  \(style.safe(DifferenceReport.sentence($0, style.symbol("→", "->"))))" }
            }
            for file in result.files {
                switch file.state {
                case .same: break
                case .missing:
                    lines.append(
                        "\(name): \(style.tone(.bad, "no \(file.name)")); "
                            + "write it with: replay check --update \(style.safe(result.folder))")
                case .differs(let old, let new):
                    lines.append("\(name): \(style.tone(.bad, "\(file.name) differs"))")
                    lines += TextDiff(old, new).lines(style)
                case .written(let changed):
                    let what = changed.map { Quantity.count(UInt64($0), "line") + " changed" } ?? "new"
                    lines.append("\(name): \(file.name) written, \(what)")
                }
            }
        }
        let different = results.count(where: \.isDifferent)
        let verdict = "\(Quantity.count(UInt64(results.count), "fixture")), \(different) differ"
        lines.append(style.tone(different == 0 ? .good : .bad, different == 1 ? verdict + "s" : verdict))
        return lines.joined(separator: "\n") + "\n"
    }

    static func json(_ results: [CheckResult]) -> String {
        IndentedJSON.text { json in
            json.number("fixtures", UInt64(results.count))
            json.number("differ", UInt64(results.count(where: \.isDifferent)))
            json.array("results", results) { json, result in
                json.string("fixture", result.folder)
                if let failure = result.failure { json.string("failure", failure) }
                if let beyond = result.beyond {
                    json.array("beyond_contract", beyond) { DifferenceReport.write($1, &$0) }
                }
                json.object("files") { json in
                    for file in result.files { json.string(file.name, state(file.state)) }
                }
            }
        }
    }

    private static func state(_ state: CheckResult.State) -> String {
        switch state {
        case .same: "same"
        case .missing: "missing"
        case .differs: "differs"
        case .written: "written"
        }
    }
}
