extension Summary {
    /// What an export was made from, and whether something is missing, in one sentence or two.
    package func provenance(isLossy: Bool) -> String {
        var times = ""
        if let first = firstEvent, let last = lastEvent {
            var text = TimestampText()
            var bytes: [UInt8] = []
            text.append(first, to: &bytes)
            bytes += Array(" to ".utf8)
            text.append(last, to: &bytes)
            times = ", \(String(decoding: bytes, as: UTF8.self))"
        }
        // Each once, whoever has seen it.
        var parts = [Quantity.count(messages.distinct, "exchange")]
        if operations.total > 0 { parts.append(Quantity.count(operations.distinct, "operation")) }
        let lost = isLossy ? " Something was lost, so that there may be more than is said." : ""
        return "Made by Tapedeck from \(parts.joined(separator: " and "))\(times).\(lost)"
    }
}
