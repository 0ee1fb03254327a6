import Collector
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
        _ result: Replaying.Result, _ resource: OTLPFile.Resource, to output: String
    ) throws(Failure) -> [String] {
        let file = try OutputFile(output, option: "--output")
        for request in requests(result, resource) {
            try file.write((request.body + [0x0A]).span.bytes)
        }
        try file.commit()
        return leftOut(result)
    }

    /// Sends it, and says on standard output what became of it.
    /// - Returns: what could not be said, and what the collector did not take.
    /// - Throws: where it took nothing at all.
    static func send(
        _ result: Replaying.Result, _ resource: OTLPFile.Resource, to endpoint: OTLPEndpoint, patience: Int,
        isJSON: Bool
    ) throws(Failure) -> [String] {
        let delivery = TelemetryDelivery(requests(result, resource), to: endpoint, patience: patience)
        if !delivery.isWhole, delivery.requests == 0, let first = delivery.complaints.first {
            let lost = delivery.unsent.total > 0 ? delivery.unsent : delivery.rejected
            throw Failure(
                "\(first); not sent: \(TelemetryDelivery.text(lost)); \(delivery.remedy)")
        }
        for warning in delivery.warnings { Terminal.complain(warning) }
        try StandardOutput.write(isJSON ? delivery.json : delivery.text)
        let unsent = delivery.unsent.total > 0 ? ["not sent: \(TelemetryDelivery.text(delivery.unsent))"] : []
        return leftOut(result) + delivery.complaints + unsent
    }

    private static func leftOut(_ result: Replaying.Result) -> [String] {
        guard result.refusedSpans > 0 else { return [] }
        let what = Quantity.count(
            result.refusedSpans, "exchange, operation or connection", "exchanges, operations or connections")
        return ["left out: \(what) for which there was no room; --since and --until choose a part of the time"]
    }

    static func requests(
        _ result: Replaying.Result, _ resource: OTLPFile.Resource, version: String = ProgramVersion.number
    ) -> [OTLPFile.Request] {
        OTLPFile.requests(
            result.map, result.summary, from: result.summary.provenance(isLossy: result.isLossy), resource: resource,
            version: version)
    }
}
