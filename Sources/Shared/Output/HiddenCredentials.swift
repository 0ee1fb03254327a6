/// What was hidden in a tape that was written again: `replay redact`.
package struct HiddenCredentials {
    /// Distinct values by what they looked like.
    private var values = Tally<Credential>()
    /// Where their bytes were replaced.
    private let places: Int
    /// Streams whose bytes became gaps, and how many bytes these are.
    private let gaps: (streams: Int, bytes: UInt64)

    package init(_ found: [FoundCredential], places: Int, gaps: (streams: Int, bytes: UInt64)) {
        for each in found { values[each.credential] &+= 1 }
        self.places = places
        self.gaps = gaps
    }

    /// A line or two for people.
    /// - Parameter output: what was written.
    package func text(_ output: String) -> String {
        let kinds = values.nonZero.map { "\(SummaryReport.words("\($0.key)")) \(Quantity.count($0.count))" }
        let found =
            kinds.isEmpty
            ? "nothing looks like a credential"
            : "\(Quantity.count(values.total, "value")) hidden (\(kinds.joined(separator: ", "))), "
                + "in \(Quantity.count(UInt64(places), "place")); none was found again"
        guard gaps.streams > 0 else { return "\(output): \(found)\n" }
        let streams = Quantity.count(UInt64(gaps.streams), "stream")
        return "\(output): \(found)\n  \(Quantity.bytes(gaps.bytes)) of \(streams) became gaps: "
            + "what they hold is coded, or could not be looked into\n"
    }

    package var json: String {
        IndentedJSON.text { json in
            json.counts("hidden", values)
            json.number("places", UInt64(places))
            json.object("gaps") { json in
                json.number("streams", UInt64(gaps.streams))
                json.number("bytes", gaps.bytes)
            }
        }
    }
}
