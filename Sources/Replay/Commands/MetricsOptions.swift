import ArgumentParser
import Console
import Shared

/// `--format` and `--totals`: how `export metrics` writes.
struct MetricsOptions: ParsableArguments {
    @Option(
        name: .customLong("format"),
        help: ArgumentHelp(
            "metrics: openmetrics, whose points have times, or prometheus, the older text, with the last point alone (default: openmetrics).",
            valueName: "form"))
    var form: String?

    @Flag(help: "metrics: only the totals, at the tape's end, in place of a point an interval.")
    var totals = false

    func fileForm() throws(Failure) -> MetricsFile.Form {
        guard let form else { return .openmetrics }
        guard let known = MetricsFile.Form(rawValue: form) else {
            let forms = MetricsFile.Form.allCases.map(\.rawValue).joined(separator: " and ")
            throw Failure("--format \(form): is not known; there are \(forms)")
        }
        return known
    }

    /// The last point of each series is all that the older text takes.
    func points(_ form: MetricsFile.Form) -> ObservedMetrics.Points {
        totals || form == .prometheus ? .total : .intervals
    }
}

extension Replaying {
    /// A run whose metrics have their times.
    mutating func prepareForMetrics() {
        options.journal = .first(0)
        options.journalsLatencies = true
        // A credential in a path must not become a label.
        options.redact = true
    }
}

extension Replaying.Result {
    func metrics(_ points: ObservedMetrics.Points) -> [Metric] {
        ObservedMetrics.all(map, summary, points, from: summary.provenance(isLossy: isLossy))
    }
}
