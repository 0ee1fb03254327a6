/// The summary for programs: one JSON object, indented, with fixed order.
///
/// Counters that are zero are left out where they are one of many (`by_verdict`, `anomalies`), so that a new kind
/// changes nothing in what is there.
package enum SummaryJSON {
    /// - Parameters:
    ///   - capture: what the source has to say of itself, put first.
    ///   - map: what there is to say of the service map, put last.
    package static func text(
        _ summary: Summary, capture: (inout IndentedJSON) -> Void = { _ in },
        map: (inout IndentedJSON) -> Void = { _ in }
    ) -> String {
        IndentedJSON.text { json in
            capture(&json)
            json.write(summary)
            map(&json)
        }
    }

    /// `joinedLate` as `joined_late`.
    package static func snakeCase(_ name: String) -> String {
        var text = ""
        for character in name {
            if character.isUppercase { text += "_" }
            text += character.lowercased()
        }
        return text
    }
}

extension IndentedJSON {
    fileprivate mutating func write(_ summary: Summary) {
        if let first = summary.firstEvent, let last = summary.lastEvent {
            string("first_event", "\(first)")
            string("last_event", "\(last)")
        }
        object("connections") { json in
            json.number("opened", summary.connections.opened)
            json.number("joined_late", summary.connections.joinedLate)
            if summary.connections.copies > 0 { json.number("copies", summary.connections.copies) }
            json.object("by_verdict") { json in
                for (name, count) in summary.connections.verdicts.nonZero { json.number(name, count) }
            }
            json.counts("closed", summary.connections.closed)
        }
        object("messages") { json in
            json.number("requests", summary.messages.requests)
            json.number("responses", summary.messages.responses)
            json.number("exchanges", summary.messages.exchanges)
            json.number("unanswered_requests", summary.messages.unansweredRequests)
            if summary.messages.again > 0 { json.number("by_both_sides", summary.messages.again) }
            if summary.messages.housekeeping > 0 { json.number("housekeeping", summary.messages.housekeeping) }
            json.members(summary.messages.said)
        }
        if summary.operations.total > 0 {
            object("operations") { json in
                json.number("total", summary.operations.total)
                json.counts("by_status", summary.operations.byStatus)
                if summary.operations.again.total > 0 {
                    json.number("by_both_sides", summary.operations.again.total)
                }
                if summary.operations.housekeeping > 0 {
                    json.number("housekeeping", summary.operations.housekeeping)
                }
                if summary.operations.textUnknown > 0 {
                    json.number("text_unknown", summary.operations.textUnknown)
                }
            }
        }
        write("bytes", summary.bytes)
        if summary.innerBytes.total > 0 {
            object("layers") { json in json.write("plaintext", summary.innerBytes) }
        }
        write(summary.tls)
        object("anomalies") { json in
            for (anomaly, count) in summary.anomalies.nonZero { json.number("\(anomaly.name)", count) }
        }
        if !summary.unread.isEmpty {
            object("unread") { json in
                if summary.unread.datagrams > 0 {
                    json.number("datagrams", summary.unread.datagrams)
                    json.number("datagram_bytes", summary.unread.datagramBytes)
                    json.counts("datagram_gaps", summary.unread.datagramGaps)
                }
            }
        }
        if summary.hidden.total > 0 { counts("hidden", summary.hidden) }
        if summary.unwritten.total > 0 { counts("unwritten", summary.unwritten) }
        if summary.rejected.total > 0 { counts("rejected", summary.rejected) }
        object("lost") { json in
            json.members(summary.losses)
            if summary.strayConnections > 0 { json.number("stray_connections", summary.strayConnections) }
        }
        counts("limits_reached", summary.limits)
        write(summary.notUnderstood)
    }

    private mutating func write(_ tls: Summary.TLS) {
        guard !tls.isEmpty else { return }
        object("tls") { json in
            let counts: [(name: StaticString, count: UInt64)] = [
                ("secrets", tls.secrets), ("sessions", tls.sessions), ("unused_secrets", tls.unusedSecrets),
                ("decrypted", tls.decrypted),
            ]
            for (name, count) in counts where count > 0 { json.number("\(name)", count) }
            if tls.closed.total > 0 { json.counts("closed", tls.closed) }
            let programs = tls.closedProgramsByCount
            if !programs.isEmpty {
                json.object("closed_programs") { json in for (name, count) in programs { json.number(name, count) } }
            }
            let records: [(name: StaticString, count: UInt64)] = [
                ("decrypted", tls.records), ("failed", tls.failed), ("unverified", tls.unverified),
                ("lost", tls.lost), ("waited", tls.waited),
            ]
            guard tls.records &+ tls.failed > 0 else { return }
            json.object("records") { json in
                for (name, count) in records where count > 0 { json.number("\(name)", count) }
            }
        }
    }

    /// Ports beyond these are many and say little.
    private static let namedPorts = 20

    private mutating func write(_ part: Summary.NotUnderstood) {
        guard part.connections > 0 else { return }
        object("not_understood") { json in
            json.number("connections", part.connections)
            json.number("bytes", part.bytes)
            json.object("by_protocol") { json in
                for (name, count) in part.nonZero { json.number(name, count) }
                if part.unknown > 0 { json.number("unknown", part.unknown) }
            }
            if part.unknown > 0 {
                json.object("unknown_ports") { json in
                    for (port, count) in part.ports(Self.namedPorts) { json.number("\(port)", count) }
                }
            }
        }
    }

    private mutating func write(_ key: String, _ ledger: Summary.ByteLedger) {
        object(key) { json in
            json.number("total", ledger.total)
            json.number("parsed", ledger.parsed)
            json.number("recognised", ledger.recognised)
            json.counts("gaps", ledger.gaps)
            if ledger.neededGaps.total > 0 { json.counts("needed_gaps", ledger.neededGaps) }
            json.counts("unparsed", ledger.unparsed)
            json.boolean("balanced", ledger.isBalanced)
            json.number("retransmitted", ledger.retransmitted)
            json.number("retransmitted_different", ledger.retransmittedDifferent)
        }
    }

    mutating func counts<Key>(_ key: String, _ tally: Tally<Key>) {
        object(key) { $0.members(tally) }
    }

    private mutating func members<Key>(_ tally: Tally<Key>) {
        for (name, count) in tally.nonZero { number(SummaryJSON.snakeCase("\(name)"), count) }
    }
}
