import Shared

extension Replaying.Result {
    /// Something is missing.
    var isLossy: Bool { SummaryReport.isLossy(summary) || capture.isIncomplete }

    /// The HTML report of a run with bodies and a journal.
    /// - Parameter inputs: their paths; a report says their names, and not where they lay.
    func report(_ choice: MapView.Choice, _ inputs: [String]) -> String {
        let style = TextStyle(width: 110)
        var account = SummaryReport(style)
        var capture = capture
        for place in capture.files.indices { capture.files[place].name = Self.name(capture.files[place].name) }
        capture.write(&account, summary, style)
        account.add(summary, skipped: capture.skipped)
        return HTMLReport.text(
            map, choice, summary,
            HTMLReport.Sources(
                inputs: inputs.map { Self.name($0) }, from: summary.provenance(isLossy: isLossy), isLossy: isLossy,
                complaints: capture.complaints, account: account.text))
    }

    private static func name(_ path: String) -> String {
        path == "-" ? "standard input" : path.split(separator: "/").last.map(String.init) ?? path
    }
}
