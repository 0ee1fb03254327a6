/// The summary for people: what was on the tape, what was understood, what was lost and why.
package struct SummaryReport {
    private let style: TextStyle
    private var lines: [String] = []

    /// Columns of the names on the left.
    private static let labelColumns = 16

    package init(_ style: TextStyle) { self.style = style }

    package var text: String { lines.joined(separator: "\n") + "\n" }

    /// - Parameter skipped: what the source says of what it left out, beside the summary's losses.
    package mutating func add(_ summary: Summary, skipped: [String] = []) {
        connections(summary.connections)
        notUnderstood(summary)
        messages(summary.messages)
        said(summary.messages.said)
        operations(summary.operations)
        bytes("Bytes", "in streams", summary.bytes)
        if summary.innerBytes.total > 0 { bytes("Plaintext", "within them", summary.innerBytes) }
        tls(summary.tls)
        anomalies(summary.anomalies)
        unread(summary.unread)
        hidden(summary.hidden)
        lost(summary, skipped)
        legend(summary)
    }

    // MARK: - Lines

    package mutating func blank() { lines.append("") }

    /// A line of a name and what is to say of it; too long, it goes on below.
    package mutating func line(_ label: String, _ parts: [String], tone: TextStyle.Tone = .plain) {
        var text = ""
        var isFirst = true
        let indent = String(repeating: " ", count: Self.labelColumns)
        func finish(_ lines: inout [String]) {
            let start = isFirst ? style.tone(.strong, label.padded(Self.labelColumns)) : indent
            lines.append("  " + start + style.tone(tone, text))
            isFirst = false
            text = ""
        }
        let separator = style.symbol(" · ", ", ")
        let columns = style.width - Self.labelColumns - 2
        for part in parts {
            if !text.isEmpty, text.count + separator.count + part.count > columns { finish(&lines) }
            if !text.isEmpty { text += separator }
            guard text.count + part.count > columns else {
                text += part
                continue
            }
            // Longer than a line: it breaks between words, and on a terminal inside of those that are longer still.
            for word in part.split(separator: " ", omittingEmptySubsequences: false) {
                if !text.isEmpty, text.count + 1 + word.count > columns { finish(&lines) }
                let shown = style.cutsNames ? style.fitted(String(word), columns) : String(word)
                text += text.isEmpty ? shown : " \(shown)"
            }
        }
        finish(&lines)
    }

    // MARK: - Sections

    private mutating func connections(_ connections: Summary.Connections) {
        line(
            "Connections",
            [Quantity.count(connections.opened)]
                + connections.verdicts.nonZero.map { "\(Self.spaced($0.name)) \(Quantity.count($0.count))" })
        var ends = connections.closed.nonZero.map { "\(Quantity.count($0.count)) \(Self.ending($0.key))" }
        if connections.joinedLate > 0 { ends.insert("\(Quantity.count(connections.joinedLate)) joined late", at: 0) }
        if connections.copies > 0 { ends.append("\(Quantity.count(connections.copies)) seen again elsewhere") }
        if !ends.isEmpty { line("", ends, tone: .faint) }
    }

    /// What nobody can say more of than that it was there.
    private mutating func notUnderstood(_ summary: Summary) {
        let part = summary.notUnderstood
        guard part.connections > 0 else { return }
        var kinds = part.nonZero.map { "\(Quantity.count($0.count)) \($0.name)" }
        if part.unknown > 0 {
            let ports = part.ports(Self.namedPorts)
            let more = part.unknown &- ports.reduce(0) { $0 &+ $1.count }
            let places =
                ports.map { $0.port == 0 ? "Unix sockets" : ":\($0.port)" }
                + (more > 0 ? ["\(Quantity.count(more)) on other ports"] : [])
            kinds.append("\(Quantity.count(part.unknown)) unknown on \(places.joined(separator: ", "))")
        }
        let share = Quantity.share(part.bytes, of: summary.bytes.total)
        let all = "\(Quantity.count(part.connections, "connection")), \(share) of the bytes: "
        line("Not understood", [all + kinds.joined(separator: ", ")], tone: .warning)
    }

    private static let namedPorts = 3

    private mutating func messages(_ messages: Summary.Messages) {
        guard messages.requests > 0 || messages.responses > 0 else { return }
        var parts = [
            Quantity.count(messages.requests, "request"), Quantity.count(messages.responses, "response"),
            Quantity.count(messages.exchanges, "exchange"),
        ]
        var unanswered = messages.unansweredRequests
        if messages.again > 0 {
            // What each side has told of is in the log; how much was said is less.
            parts = [
                Quantity.count(messages.distinct, "exchange"), "\(Quantity.count(messages.again)) seen by both sides",
            ]
            unanswered = messages.distinctUnanswered
        }
        if unanswered > 0 { parts.append("\(Quantity.count(unanswered)) unanswered") }
        if messages.housekeeping > 0 { parts.append("\(Quantity.count(messages.housekeeping)) housekeeping") }
        line("HTTP", parts)
    }

    private mutating func said(_ said: Tally<MessageDetails.Kind>) {
        guard said.total > 0 else { return }
        let names: [(MessageDetails.Kind, String)] = [
            (.websocket, "WebSocket message"), (.control, "control frame"), (.sse, "server-sent event"),
            (.ndjson, "JSON line"),
        ]
        line("Conversations", names.filter { said[$0.0] > 0 }.map { Quantity.count(said[$0.0], $0.1) })
    }

    private mutating func operations(_ operations: Summary.Operations) {
        guard operations.total > 0 else { return }
        var parts = [Quantity.count(operations.distinct)]
        if operations.again.total > 0 { parts.append("\(Quantity.count(operations.again.total)) seen by both sides") }
        for (status, count) in operations.byStatus.nonZero where status != .ok {
            let once = count &- operations.again[status]
            if once > 0 { parts.append("\(Quantity.count(once)) \(status.name)".replacing("_", with: " ")) }
        }
        let housekeeping = operations.housekeeping &- operations.housekeepingAgain
        if housekeeping > 0 { parts.append("\(Quantity.count(housekeeping)) housekeeping") }
        if operations.textUnknown > 0 { parts.append("\(Quantity.count(operations.textUnknown)) of unknown text") }
        line("Operations", parts)
    }

    /// - Parameter kind: what the bytes are, behind their number.
    private mutating func bytes(_ name: String, _ kind: String, _ ledger: Summary.ByteLedger) {
        let seen = Quantity.share(ledger.total &- ledger.gaps.total, of: ledger.total)
        let all = "\(Quantity.bytes(ledger.total)) \(kind)"
        line(name, ledger.gaps.total > 0 ? [all, "\(seen) of them seen"] : [all])
        share("parsed", ledger.parsed, of: ledger.total, .good)
        share("recognised", ledger.recognised, of: ledger.total, .good)
        for (reason, count) in ledger.gaps.nonZero {
            share("gap: \(Self.words("\(reason)"))", count, of: ledger.total, .bad)
        }
        for (reason, count) in ledger.neededGaps.nonZero {
            line("", ["\(Quantity.bytes(count)) of \(Self.words("\(reason)")) that a message needed"], tone: .bad)
        }
        for (reason, count) in ledger.unparsed.nonZero {
            share("unparsed: \(Self.words("\(reason)"))", count, of: ledger.total, .warning)
        }
        if ledger.retransmitted > 0 {
            let differing = ledger.retransmittedDifferent
            line(
                "",
                ["\(Quantity.bytes(ledger.retransmitted)) came again"]
                    + (differing > 0 ? ["\(Quantity.bytes(differing)) of them with other content"] : []),
                tone: .faint)
        }
        if !ledger.isBalanced {
            line("", ["the balance does not add up: please report this capture"], tone: .bad)
        }
    }

    private mutating func share(_ name: String, _ part: UInt64, of whole: UInt64, _ tone: TextStyle.Tone) {
        guard part > 0 else { return }
        let columns = 20
        let filled = whole == 0 ? 0 : Int((Double(part) / Double(whole) * Double(columns)).rounded(.up))
        let bar = String(repeating: style.symbol("█", "#"), count: min(filled, columns))
        // Where there is little room, it is for the words.
        let indent = style.width >= 68 ? Self.labelColumns : 2
        let nameColumns = min(30, style.width - indent - 19)
        let text =
            "  " + String(repeating: " ", count: indent) + style.fitted(name, nameColumns).padded(nameColumns)
            + Quantity.bytes(part).leftPadded(9) + Quantity.share(part, of: whole).leftPadded(8)
        lines.append(text + (style.width >= 88 ? "  " + style.tone(tone, bar) : ""))
    }

    private mutating func tls(_ tls: Summary.TLS) {
        guard !tls.isEmpty else { return }
        if tls.secrets > 0 {
            var parts = [
                "\(Quantity.count(tls.secrets, "secret")) of \(Quantity.count(tls.sessions, "session"))",
                "\(Quantity.count(tls.decrypted, "connection")) decrypted",
                "\(Quantity.count(tls.records, "record")) opened",
            ]
            if tls.failed > 0 { parts.append("\(Quantity.count(tls.failed)) that no key opens") }
            if tls.lost > 0 { parts.append("\(Quantity.count(tls.lost)) not captured") }
            if tls.unverified > 0 { parts.append("\(Quantity.count(tls.unverified)) cut, and shown unverified") }
            if tls.waited > 0 { parts.append("\(Quantity.count(tls.waited)) waited for a secret") }
            if tls.unusedSecrets > 0 { parts.append("\(Quantity.count(tls.unusedSecrets, "secret")) of no use") }
            line("TLS", parts)
            line("", ["these secrets open the recording, and others of the same sessions"], tone: .warning)
        }
        if tls.closed.total > 0 {
            let reasons = tls.closed.nonZero.map { "\(Quantity.count($0.count)) \(Self.reason($0.key))" }
            line(tls.secrets > 0 ? "" : "TLS", ["closed: " + reasons.joined(separator: ", ")], tone: .warning)
            let programs = tls.closedProgramsByCount
            if !programs.isEmpty {
                let named = programs.prefix(Self.namedPrograms).map { "\(Quantity.count($0.count)) of \($0.name)" }
                let many =
                    programs.count > named.count
                    ? [Quantity.count(UInt64(programs.count - named.count), "program") + " more"] : []
                line("", ["these are " + (named + many).joined(separator: ", ")], tone: .warning)
            }
        }
    }

    private static let namedPrograms = 6

    /// With what would help.
    private static func reason(_ why: TLSClosed) -> String {
        switch why {
        case .noSecret: "without a secret (a key log opens them: --tls-keys, written by SSLKEYLOGFILE)"
        case .joinedLate: "older than the capture (only a new handshake helps)"
        case .handshakeLost: "whose handshake was not captured whole"
        case .unsupported: "of a version or cipher suite that is not read"
        case .wrongSecret: "that their secrets do not open"
        case .placeLost: "whose records were not found again behind a loss"
        }
    }

    private mutating func anomalies(_ anomalies: Tally<Anomaly>) {
        let counts = anomalies.nonZero.map { "\(Self.spaced("\($0.key.name)")) \(Quantity.count($0.count))" }
        if !counts.isEmpty { line("Anomalies", counts, tone: .warning) }
    }

    private mutating func unread(_ unread: Summary.Unread) {
        guard !unread.isEmpty else { return }
        var parts: [String] = []
        if unread.datagrams > 0 {
            let missing = unread.datagramGaps.total
            parts.append(
                "\(Quantity.count(unread.datagrams, "datagram")) of \(Quantity.bytes(unread.datagramBytes))"
                    + (missing > 0 ? ", \(Quantity.bytes(missing)) of them not captured" : ""))
        }
        line("Not read", parts)
    }

    private mutating func hidden(_ hidden: Tally<Credential>) {
        let counts = hidden.nonZero.map { "\(Self.words("\($0.key)")) \(Quantity.count($0.count))" }
        if !counts.isEmpty { line("Hidden", counts) }
    }

    private mutating func lost(_ summary: Summary, _ skipped: [String]) {
        var parts = skipped
        for (reason, count) in summary.losses.nonZero { parts.append(Self.loss(reason, count)) }
        if summary.strayConnections > 0 {
            let strays = Quantity.count(summary.strayConnections, "connection")
            parts.append("\(strays) without an open or with events after the close")
        }
        for (output, bytes) in summary.unwritten.nonZero {
            parts.append("\(Quantity.bytes(bytes)) of the \(Self.words("\(output)")) not written")
        }
        for (item, count) in summary.rejected.nonZero { parts.append("\(item.text(count)) not taken by the collector") }
        for (reason, count) in summary.bytes.gaps.nonZero {
            parts.append("\(Quantity.bytes(count)) \(Self.words("\(reason)"))")
        }
        for (reason, count) in summary.innerBytes.gaps.nonZero {
            parts.append("\(Quantity.bytes(count)) of plaintext \(Self.words("\(reason)"))")
        }
        for (reason, count) in summary.unread.datagramGaps.nonZero {
            parts.append("\(Quantity.bytes(count)) of datagrams \(Self.words("\(reason)"))")
        }
        if !parts.isEmpty {
            line("Lost", parts, tone: .bad)
        } else if summary.limits.nonZero.contains(where: \.key.isLoss) {
            line("Lost", ["what the limits left out"], tone: .bad)
        } else {
            line("Lost", ["nothing"], tone: .good)
        }
        let limits = summary.limits.nonZero.map { "\(Self.words("\($0.key)")) \(Quantity.count($0.count))" }
        if !limits.isEmpty { line("Limits", limits, tone: .warning) }
    }

    /// What the summary's words mean, of those that it has.
    private mutating func legend(_ summary: Summary) {
        let ledgers = [summary.bytes, summary.innerBytes]
        var words: [String] = []
        func explain(_ isThere: Bool, _ text: String) { if isThere { words.append(text) } }
        explain(summary.connections.joinedLate > 0, "joined late: begun before the capture")
        explain(
            summary.connections.verdicts.byPortOnly > 0,
            "by port only: the port is a protocol's, and what was said does not tell")
        explain(
            ledgers.contains { $0.recognised > 0 },
            "recognised: the protocol is known, its messages are not taken apart")
        explain(ledgers.contains { $0.gaps.total > 0 }, "gap: on the wire and not captured")
        explain(ledgers.contains { $0.unparsed.total > 0 }, "unparsed: captured and not understood")
        explain(ledgers.contains { $0.retransmitted > 0 }, "came again: sent more than once, counted once")
        if !words.isEmpty { line("Legend", words, tone: .faint) }
    }

    /// Whether anything is missing that should have been captured: exit status 1.
    ///
    /// What is left out by a setting, or by its nature has no buffer to capture, is shown and is no loss, unless a message
    /// needed it: a head, or lengths.
    package static func isLossy(_ summary: Summary) -> Bool {
        let missing = [summary.bytes, summary.innerBytes].contains { ledger in
            ledger.neededGaps.total > 0 || ledger.gaps.nonZero.contains { !$0.key.isLeftOut }
        }
        let isLeftOut = summary.limits.nonZero.contains(where: \.key.isLoss)
        let isUntold = summary.unwritten.total > 0 || summary.rejected.total > 0
        return summary.losses.total > 0 || isUntold || summary.strayConnections > 0 || missing || isLeftOut
    }

    private static func ending(_ how: ConnectionClosed.How) -> String {
        switch how {
        case .orderly: "closed in order"
        case .reset: "reset"
        case .idle: "fell silent"
        case .tapeEnd: "open at the end"
        case .superseded: "replaced by a new one"
        case .connectFailed: "never connected"
        }
    }

    private static func loss(_ reason: Loss.Reason, _ count: UInt64) -> String {
        switch reason {
        case .linkType: Quantity.count(count, "packet") + " of an unknown link type"
        case .malformedHeader: Quantity.count(count, "packet") + " with a malformed header"
        case .incompleteFragments: Quantity.count(count, "fragment") + " of incomplete datagrams"
        case .truncatedFile: Quantity.count(count, "file") + " cut short"
        case .tableFull: Quantity.count(count, "connection") + " let go of, the table was full"
        case .ringFull: Quantity.count(count, "record") + " lost, the ring buffer was full"
        case .damagedRecord: Quantity.count(count, "damaged record") + " of the trace"
        case .notUnpacked: Quantity.count(count, "packet") + " in tunnels that are not unpacked"
        case .packetRefused: Quantity.count(count, "packet") + " of interfaces beyond the limit"
        case .multipath: Quantity.count(count, "segment") + " of Multipath TCP without its order"
        case .captureDropped: Quantity.count(count, "packet") + " dropped by the machine that captured"
        case .missingPart: Quantity.count(count, "part") + " of tapes that never came"
        case .misplaced: Quantity.count(count, "segment") + " with data that have no place in their stream"
        }
    }

    // MARK: - Words

    /// `joinedLate` as `joined late`.
    static func words(_ name: String) -> String { spaced(SummaryJSON.snakeCase(name)) }

    private static func spaced(_ name: String) -> String { String(name.map { $0 == "_" ? " " : $0 }) }
}
