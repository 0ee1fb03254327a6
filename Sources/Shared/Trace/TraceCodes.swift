/// How the cases of the event model are written on a trace: by number in the binary form, by name in the text form.
///
/// They are for ever: a case that is moved or renamed in the source keeps its number and name here, and a new one gets
/// a new number.
protocol TraceCoded: Equatable, Sendable {
    static var traceCases: [Self] { get }
    var traceCode: UInt8 { get }
    var traceName: StaticString { get }
}

extension TraceCoded {
    init?(traceCode: UInt8) {
        guard let found = Self.traceCases.first(where: { $0.traceCode == traceCode }) else { return nil }
        self = found
    }

    init?(traceName: [UInt8]) {
        guard let found = Self.traceCases.first(where: { traceName.span.bytes.isWhole($0.traceName) }) else {
            return nil
        }
        self = found
    }
}

extension TraceCoded where Self: CaseIterable {
    static var traceCases: [Self] { Array(allCases) }
}

extension RawSpan {
    fileprivate func isWhole(_ text: StaticString) -> Bool { byteCount == text.utf8CodeUnitCount && has(text) }
}

extension Direction: TraceCoded {
    var traceCode: UInt8 {
        switch self {
        case .send: 0
        case .receive: 1
        }
    }
    var traceName: StaticString {
        switch self {
        case .send: "send"
        case .receive: "receive"
        }
    }
}

extension StreamLayer: TraceCoded {
    var traceCode: UInt8 {
        switch self {
        case .wire: 0
        case .plaintext: 1
        }
    }
    var traceName: StaticString {
        switch self {
        case .wire: "wire"
        case .plaintext: "plaintext"
        }
    }
}

extension Role: TraceCoded {
    static var traceCases: [Role] { [.client, .server, .unknown] }
    var traceCode: UInt8 {
        switch self {
        case .client: 0
        case .server: 1
        case .unknown: 2
        }
    }
    var traceName: StaticString {
        switch self {
        case .client: "client"
        case .server: "server"
        case .unknown: "unknown"
        }
    }
}

extension GapReason: TraceCoded {
    var traceCode: UInt8 { trace.code }
    var traceName: StaticString { trace.name }
    private var trace: (code: UInt8, name: StaticString) {
        switch self {
        case .packetLost: (0, "packet_lost")
        case .snaplen: (1, "snaplen")
        case .reassemblyLimit: (2, "reassembly_limit")
        case .captureLimit: (3, "capture_limit")
        case .eventLost: (4, "event_lost")
        case .sendfile: (5, "sendfile")
        case .splice: (6, "splice")
        case .ioUring: (7, "io_uring")
        case .unreadable: (8, "unreadable")
        case .unseen: (9, "unseen")
        case .redacted: (10, "redacted")
        }
    }
}

extension ConnectionClosed.How: TraceCoded {
    var traceCode: UInt8 { trace.code }
    var traceName: StaticString { trace.name }
    private var trace: (code: UInt8, name: StaticString) {
        switch self {
        case .orderly: (0, "orderly")
        case .reset: (1, "reset")
        case .idle: (2, "idle")
        case .tapeEnd: (3, "tape_end")
        case .superseded: (4, "superseded")
        case .connectFailed: (5, "connect_failed")
        }
    }
}

extension Loss.Reason: TraceCoded {
    var traceCode: UInt8 { trace.code }
    var traceName: StaticString { trace.name }
    private var trace: (code: UInt8, name: StaticString) {
        switch self {
        case .linkType: (0, "link_type")
        case .malformedHeader: (1, "malformed_header")
        case .incompleteFragments: (2, "incomplete_fragments")
        case .truncatedFile: (3, "truncated_file")
        case .tableFull: (4, "table_full")
        case .ringFull: (5, "ring_full")
        case .damagedRecord: (6, "damaged_record")
        case .notUnpacked: (7, "not_unpacked")
        case .packetRefused: (8, "packet_refused")
        case .multipath: (9, "multipath")
        case .misplaced: (10, "misplaced")
        case .captureDropped: (11, "capture_dropped")
        case .missingPart: (12, "missing_part")
        }
    }
}
