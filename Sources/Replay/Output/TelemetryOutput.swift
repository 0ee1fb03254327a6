import Command
import Console
import Shared

extension Replaying {
    /// A run of which exchanges, operations and connections are wanted one by one.
    mutating func prepareForTraces() {
        prepareForMetrics()
        options.spans = TelemetryOutput.mostSpans
    }
}

/// Where telemetry goes as OpenTelemetry's protocol has it: one request a line.
enum TelemetryOutput {
    /// They are kept to the end, when all names are known; 4 million take about a gigabyte.
    static let mostSpans = 4_000_000

    /// - Returns: what could not be said.
    static func write(
        _ result: Replaying.Result, to output: String
    ) throws(Failure) -> [String] {
        let file = try OutputFile(output, option: "--output")
        for request in requests(result) {
            try file.write((request.body + [0x0A]).span.bytes)
        }
        try file.commit()
        guard result.refusedSpans > 0 else { return [] }
        let what = Quantity.count(
            result.refusedSpans, "exchange, operation or connection", "exchanges, operations or connections")
        return ["left out: \(what) for which there was no room; --since and --until choose a part of the time"]
    }

    static func requests(_ result: Replaying.Result) -> [OTLPFile.Request] {
        OTLPFile.requests(
            result.map, result.summary, from: result.summary.provenance(isLossy: result.isLossy),
            version: ProgramVersion.number)
    }
}
