private import FoundationEssentials
package import Shared

/// What an endpoint says of a request that it has taken (opentelemetry-proto, `ExportTracePartialSuccess` and its like).
package struct OTLPAnswer: Equatable, Sendable {
    /// Spans, data points or log records that it did not take; they are not sent again.
    package var rejected: UInt64 = 0
    /// Why, or what it has to say where it took all.
    package var message = ""

    /// All was taken.
    init() {}

    /// - Parameter body: an object of JSON; of what is none nothing is known but that the request was taken.
    init(_ body: [UInt8]) {
        guard let said = try? JSONDecoder().decode(Response.self, from: Data(body)).partialSuccess else { return }
        // Whatever the signal is, one of them is there.
        rejected =
            [said.rejectedSpans, said.rejectedDataPoints, said.rejectedLogRecords].compactMap(\.?.value).max() ?? 0
        message = String(String.UnicodeScalarView((said.errorMessage ?? "").unicodeScalars.prefix(Self.longestMessage)))
    }

    /// For people.
    package func text(_ signal: OTLPFile.Signal) -> String {
        let what = rejected > 0 ? "\(signal.item.text(rejected)) not taken" : "taken"
        return message.isEmpty ? what : "\(what): \(message)"
    }

    /// Of what it says to people.
    private static let longestMessage = 200

    private struct Response: Decodable { var partialSuccess: PartialSuccess? }

    private struct PartialSuccess: Decodable {
        var rejectedSpans: Count?
        var rejectedDataPoints: Count?
        var rejectedLogRecords: Count?
        var errorMessage: String?
    }

    /// A number of 64 bits, which protobuf's JSON has as text, and some as a number.
    private struct Count: Decodable {
        var value: UInt64

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            self.value = (try? value.decode(UInt64.self)) ?? UInt64((try? value.decode(String.self)) ?? "") ?? 0
        }
    }
}
