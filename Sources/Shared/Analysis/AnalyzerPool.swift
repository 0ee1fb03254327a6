/// Analyzers that nobody uses, to be used again with their buffers.
///
/// Apart from `Run`, which the analyzers hold: it must not hold them.
final class AnalyzerPool {
    private let run: Run
    /// For each row.
    private var spares: [[any Analyzer]]

    init(_ run: Run) {
        self.run = run
        spares = Array(repeating: [], count: run.registry.rows.count)
    }

    /// An analyzer of the row, made ready.
    func take(_ row: ProtocolID, _ start: Start) -> any Analyzer {
        let analyzer = spares[row.index].popLast() ?? run.registry[row].make(run)
        analyzer.begin(start)
        return analyzer
    }

    func giveBack(_ analyzer: any Analyzer, _ row: ProtocolID) {
        if spares[row.index].count < Self.limit { spares[row.index].append(analyzer) }
    }

    private static let limit = 256
}
