import Console
import Shared

/// What was read, for the summary's beginning: the files and their packets.
struct CaptureReport {
    var files: [CaptureFile]
    var packets: PacketStatistics
    var flows: FlowStatistics
    var multipath: (connections: UInt64, subflows: UInt64, lost: UInt64)
    /// Inputs that were not begun, because of an interruption.
    var unreadInputs: Int
    /// Inputs that were begun later than their time, because too many overlap.
    var lateInputs: UInt64
    /// Why the filters have left nothing; empty where they have left something.
    var unfitting = ""

    /// What chose among the packets.
    var filter: Filter?

    /// A filter, and how much it let through.
    struct Filter {
        var expression: String
        var packets: UInt64
        var passed: UInt64
    }

    /// - Parameter inputs: how many there are.
    init<Sink>(_ tape: borrowing Tape<Sink>, filter: PacketFilter? = nil, inputs: Int) {
        self.filter = filter.map { Filter(expression: $0.expression, packets: $0.packets, passed: $0.passed) }
        files = tape.files
        unreadInputs = Interruption.isRequested ? inputs - files.count : 0
        lateInputs = tape.lateInputs
        packets = tape.packets
        multipath = tape.multipath
        flows = tape.flows
    }

    /// Whether Ctrl-C or SIGTERM cost a part of the tape; it does not where a writer has ended by the same signal, and
    /// all that it wrote was read.
    var wasInterrupted: Bool { unreadInputs > 0 || files.contains { $0.failure == DescriptorBytes.interrupted } }

    /// Whether an input was a capture.
    private var hasPackets: Bool { files.isEmpty || read.contains { $0.events == nil && $0.tapes == nil } }

    /// Those of the inputs that are no copies of others.
    private var read: [CaptureFile] { files.filter { $0.original == nil } }

    /// What a state says that it was made of.
    var source: StateSource {
        StateSource(tapes: read.reduce(0) { $0 &+ ($1.tapes ?? 1) }, isIncomplete: isIncomplete)
    }

    /// Whether events are missing of which no loss on the tape speaks: it was interrupted, or is newer than this program.
    var isIncomplete: Bool {
        wasInterrupted || lateInputs > 0 || files.contains { $0.skipped > 0 || $0.isIncomplete }
    }

    /// Whether something of the inputs could not be read.
    var isLossy: Bool {
        isIncomplete || packets.malformed > 0 || !packets.unknownLinkType.isEmpty || !packets.notUnpacked.isEmpty
            || packets.refused > 0 || multipath.lost > 0
            || files.contains { $0.failure != nil || $0.damaged > 0 }
    }

    /// Of more inputs nobody reads the names.
    private static let namedFiles = 8

    /// What further inputs hold together, for people.
    private static func amounts(of files: ArraySlice<CaptureFile>) -> [String] {
        let copies = files.count { $0.original != nil }
        let read = files.filter { $0.original == nil }
        let tapes = read.reduce(0) { $0 &+ ($1.tapes ?? 0) }
        let events = read.reduce(0) { $0 &+ ($1.events ?? 0) }
        let packets = read.reduce(0) { $1.events == nil && $1.tapes == nil ? $0 &+ $1.packets : $0 }
        var amounts = ["and \(Quantity.count(UInt64(files.count))) more"]
        if packets > 0 { amounts.append(Quantity.count(packets, "packet")) }
        if events > 0 { amounts.append(Quantity.count(events, "event")) }
        if tapes > 0 { amounts.append("of " + Quantity.count(tapes, "tape")) }
        if copies > 0 { amounts.append("copies of others, counted once: \(Quantity.count(UInt64(copies)))") }
        return amounts
    }

    private var kind: String {
        if read.allSatisfy({ $0.tapes != nil }) { return "State" }
        if read.contains(where: { $0.tapes != nil }) { return "Input" }
        return read.allSatisfy { $0.events != nil } ? "Trace" : "Capture"
    }

    func write(_ report: inout SummaryReport, _ summary: Summary, _ style: TextStyle) {
        let named = files.count > Self.namedFiles ? Self.namedFiles - 1 : files.count
        for (place, file) in files.prefix(named).enumerated() {
            let label = place == 0 ? (files.count == 1 ? kind : kind + "s") : ""
            report.line(label, [style.safe(file.name), style.safe(file.amount)])
        }
        if named < files.count { report.line("", Self.amounts(of: files[named...])) }
        if wasInterrupted { report.line("", ["interrupted: the tape ends here"], tone: .warning) }
        if let first = summary.firstEvent, let last = summary.lastEvent {
            let duration = Quantity.duration(nanoseconds: max(last.since(first), 0))
            let second = "\(first)".prefix(19).map { $0 == "T" ? " " : $0 }
            report.line("Tape", ["\(duration) from \(String(second)) UTC"])
        }
        guard hasPackets else { return }
        if let filter {
            report.line(
                "Filter",
                [
                    style.safe(filter.expression),
                    "\(Quantity.count(filter.passed)) of \(Quantity.count(filter.packets, "packet")) passed",
                ])
        }
        var kinds = ["\(Quantity.count(packets.segments)) TCP"]
        if packets.datagrams > 0 { kinds.append("\(Quantity.count(packets.datagrams)) UDP") }
        if packets.otherProtocol > 0 { kinds.append("\(Quantity.count(packets.otherProtocol)) other IP") }
        if packets.notIP > 0 { kinds.append("\(Quantity.count(packets.notIP)) not IP") }
        if packets.fragments > 0 { kinds.append("\(Quantity.count(packets.fragments)) fragments") }
        if flows.strayedSegments > 0 { kinds.append("\(Quantity.count(flows.strayedSegments)) of no connection") }
        let notUnpacked = packets.notUnpacked.values.reduce(0, &+)
        if notUnpacked > 0 { kinds.append("\(Quantity.count(notUnpacked)) not unpacked") }
        if flows.ignoredBytes > 0 { kinds.append("\(Quantity.bytes(flows.ignoredBytes)) outside of any stream") }
        report.line("Packets", kinds)
        if multipath.subflows > 0 || multipath.lost > 0 {
            var parts = [
                Quantity.count(multipath.connections, "connection"),
                Quantity.count(multipath.subflows, "further subflow"),
            ]
            if multipath.lost > 0 { parts.append(Quantity.count(multipath.lost, "segment") + " without a place") }
            report.line("Multipath TCP", parts)
        }
    }

    func write(_ json: inout IndentedJSON) {
        json.array("inputs", files) { json, file in
            json.string("name", file.name)
            if let original = file.original {
                json.string("copy_of", original)
            } else if let tapes = file.tapes {
                json.number("tapes", tapes)
                json.number("skipped", file.skipped)
            } else if let events = file.events {
                json.number("events", events)
                json.number("damaged", file.damaged)
                json.number("skipped", file.skipped)
            } else {
                json.number("packets", file.packets)
            }
            if let failure = file.failure { json.string("failure", failure) }
        }
        guard hasPackets else { return }
        if let filter {
            json.object("filter") { json in
                json.string("expression", filter.expression)
                json.number("packets", filter.packets)
                json.number("passed", filter.passed)
            }
        }
        json.object("packets") { json in
            json.number("total", packets.packets)
            json.number("captured_bytes", packets.bytes)
            json.number("tcp_segments", packets.segments)
            json.number("fragments", packets.fragments)
            if packets.datagrams > 0 { json.number("udp_datagrams", packets.datagrams) }
            json.number("other_protocol", packets.otherProtocol)
            json.number("not_ip", packets.notIP)
            json.number("malformed", packets.malformed)
            json.number("without_connection", flows.strayedSegments)
            json.number("ignored", flows.ignoredSegments)
            json.number("ignored_bytes", flows.ignoredBytes)
            for (name, count) in others + limits where count > 0 { json.number(name, count) }
        }
        if multipath.subflows > 0 || multipath.lost > 0 {
            json.object("multipath") { json in
                json.number("connections", multipath.connections)
                json.number("further_subflows", multipath.subflows)
                json.number("lost_segments", multipath.lost)
            }
        }
        if !packets.notUnpacked.isEmpty {
            json.object("not_unpacked") { json in
                for (tunnel, count) in packets.notUnpacked.sorted(by: { $0.key < $1.key }) {
                    json.number(tunnel.name, count)
                }
            }
        }
        if !packets.unknownLinkType.isEmpty {
            json.object("unknown_link_types") { json in
                for (type, count) in packets.unknownLinkType.sorted(by: { $0.key < $1.key }) {
                    json.number("\(type)", count)
                }
            }
        }
    }

    /// What was left out of which no loss on the tape speaks.
    var skipped: [String] {
        var parts: [String] = []
        let records = files.reduce(UInt64(0)) { $0 &+ $1.skipped }
        if records > 0 {
            parts.append(Quantity.count(records, "record") + " of a kind that this version does not know")
        }
        if lateInputs > 0 { parts.append("the order of time, of \(Quantity.count(lateInputs, "input"))") }
        if wasInterrupted { parts.append("what comes after the interruption") }
        return parts
    }

    /// Bytes of segments that belong to no stream, by their kind.
    private var others: [(String, UInt64)] { [("probe_bytes", flows.probeBytes), ("reset_bytes", flows.resetBytes)] }

    /// How often a bound of the source was reached, by its name.
    private var limits: [(String, UInt64)] {
        let interfaces = files.reduce(0) { $0 &+ $1.refusals.interfaces }
        return [
            ("evicted_connections", flows.evictedFlows), ("evicted_datagrams", packets.evictedFragments),
            ("refused_interfaces", interfaces), ("late_inputs", lateInputs),
        ]
    }

    /// One line for each thing that was lost in reading, with its place.
    var complaints: [String] {
        var lines = files.flatMap { Self.complaints($0) }
        if unreadInputs > 0 { lines.append("interrupted: \(Quantity.count(UInt64(unreadInputs), "input")) not read") }
        for (type, count) in packets.unknownLinkType.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "link type \(LinkLayer.name(type)) is not one that replay reads: "
                    + "\(Quantity.count(count, "packet")) skipped")
        }
        for (tunnel, count) in packets.notUnpacked.sorted(by: { $0.key < $1.key }) {
            lines.append("\(tunnel.name) is not unpacked: \(Quantity.count(count, "packet")) skipped")
        }
        if packets.evictedFragments > 0 {
            lines.append(
                "more than \(Fragments.datagrams) datagrams were in parts at one time: "
                    + "\(Quantity.count(packets.evictedFragments, "datagram")) let go of")
        }
        if lateInputs > 0 {
            lines.append(
                "more than \(InputOrder.openLimit) inputs overlap: \(Quantity.count(lateInputs, "input")) read later "
                    + "than its time; merge them before (mergecap)")
        }
        if !unfitting.isEmpty { lines.append(unfitting) }
        return lines
    }

    private static func complaints(_ file: CaptureFile) -> [String] {
        var lines = file.complaints.map { "\(file.name): \($0)" }
        let unnamed = file.damaged &- min(UInt64(file.complaints.count), file.damaged)
        if unnamed > 0 {
            lines.append(
                "\(file.name): \(Quantity.count(unnamed, file.complaints.isEmpty ? "damaged record" : "more damaged record"))"
                    + " skipped")
        }
        if file.skipped > 0 {
            lines.append(
                "\(file.name): \(Quantity.count(file.skipped, "record")) of a kind that this version does not know "
                    + "skipped; read it with a newer one")
        }
        if file.refusals.interfaces > 0 {
            let packets =
                file.refusals.packets > 0 ? ", and \(Quantity.count(file.refusals.packets, "packet")) of them" : ""
            lines.append(
                "\(file.name): describes more than \(Quantity.count(UInt64(PcapngFile.interfaceLimit))) interfaces: "
                    + "\(Quantity.count(file.refusals.interfaces)) skipped\(packets)")
        }
        if file.refusals.blocks > 0 {
            lines.append(
                "\(file.name): \(Quantity.count(file.refusals.blocks, "block")) that make no sense skipped (of an interface "
                    + "that is not described, or longer than it is)")
        }
        if file.refusals.lateTimes > 0 {
            lines.append(
                "\(file.name): \(Quantity.count(file.refusals.lateTimes, "packet")) of times beyond the year 2262, "
                    + "which are shown as its last moment")
        }
        if file.refusals.earlyTimes > 0 {
            lines.append(
                "\(file.name): \(Quantity.count(file.refusals.earlyTimes, "packet")) of times before the year 1678, "
                    + "which are shown as the first moment of all, in 1677")
        }
        if let failure = file.failure {
            let place = file.events.map { "event \(Quantity.count($0))" } ?? "packet \(Quantity.count(file.packets))"
            lines.append("\(file.name): \(failure), after \(place); what precedes it was read")
        }
        return lines
    }
}

extension CaptureFile {
    /// Packets or events, for people.
    fileprivate var amount: String {
        if let original { return "a copy of \(original), counted once" }
        if let tapes { return "of " + Quantity.count(tapes, "tape") }
        return events.map { Quantity.count($0, "event") } ?? Quantity.count(packets, "packet")
    }
}
