import Shared

/// What was read, for the summary's beginning: the files and their packets.
struct CaptureReport {
    var files: [CaptureFile]
    var packets: PacketStatistics
    var flows: FlowStatistics
    var wasInterrupted = false

    init<Sink>(_ tape: Tape<Sink>) {
        files = tape.files
        packets = tape.packets
        flows = tape.flows
    }

    func write(_ report: inout SummaryReport, _ summary: Summary, _ style: TextStyle) {
        for (place, file) in files.enumerated() {
            let label = place == 0 ? (files.count == 1 ? "Capture" : "Captures") : ""
            report.line(label, [style.safe(file.name), Quantity.count(file.packets, "packet")])
        }
        if wasInterrupted { report.line("", ["interrupted: the tape ends here"], tone: .warning) }
        if let first = summary.firstEvent, let last = summary.lastEvent {
            let duration = Quantity.duration(nanoseconds: max(last.since(first), 0))
            let second = "\(first)".prefix(19).map { $0 == "T" ? " " : $0 }
            report.line("Tape", ["\(duration) from \(String(second)) UTC"])
        }
        var kinds = ["\(Quantity.count(packets.segments)) TCP"]
        if packets.otherProtocol > 0 { kinds.append("\(Quantity.count(packets.otherProtocol)) other IP") }
        if packets.notIP > 0 { kinds.append("\(Quantity.count(packets.notIP)) not IP") }
        if packets.fragments > 0 { kinds.append("\(Quantity.count(packets.fragments)) fragments") }
        if flows.strayedSegments > 0 { kinds.append("\(Quantity.count(flows.strayedSegments)) of no connection") }
        if flows.ignoredBytes > 0 { kinds.append("\(Quantity.bytes(flows.ignoredBytes)) after the end") }
        report.line("Packets", kinds)
    }

    func write(_ json: inout SummaryJSON) {
        json.array("inputs", files) { json, file in
            json.string("name", file.name)
            json.number("packets", file.packets)
            if let failure = file.failure { json.string("failure", failure) }
        }
        json.object("packets") { json in
            json.number("total", packets.packets)
            json.number("captured_bytes", packets.bytes)
            json.number("tcp_segments", packets.segments)
            json.number("fragments", packets.fragments)
            json.number("other_protocol", packets.otherProtocol)
            json.number("not_ip", packets.notIP)
            json.number("malformed", packets.malformed)
            json.number("without_connection", flows.strayedSegments)
            json.number("ignored", flows.ignoredSegments)
            json.number("ignored_bytes", flows.ignoredBytes)
        }
        if !packets.unknownLinkType.isEmpty {
            json.object("unknown_link_types") { json in
                for (type, count) in packets.unknownLinkType.sorted(by: { $0.key < $1.key }) {
                    json.number("\(type)", count)
                }
            }
        }
    }

    /// One line for each thing that was lost in reading, with its place.
    var complaints: [String] {
        var lines = files.compactMap { file in
            file.failure.map {
                "\(file.name): \($0), after packet \(Quantity.count(file.packets)); what precedes it was read"
            }
        }
        for (type, count) in packets.unknownLinkType.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "link type \(LinkLayer.name(type)) is not one that replay reads: "
                    + "\(Quantity.count(count, "packet")) skipped")
        }
        return lines
    }
}
