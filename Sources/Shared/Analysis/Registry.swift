/// A protocol: what it is called, how it is recognised, and what reads it.
///
/// `Protocols/Standard.swift` has the list.
package struct ProtocolRow: Sendable {
    /// As `protocol` in events and in the map has it.
    package let name: StaticString
    /// As `protocol` of messages and of the map's endpoints has it, with the version: `http/1.1`.
    let wireName: StaticString
    let category: Category
    /// The ports on which the protocol is at home.
    ///
    /// A port alone is worth confidence 60 and never more.
    package let ports: [UInt16]
    /// Ports of another protocol whose messages have the same form: there they are not of this one.
    let foreignPorts: [UInt16]
    package let role: Role
    /// The document that says what is on the wire.
    package let document: StaticString
    let detectors: [any Detector.Type]
    /// What knows its datagrams, where it has such; on its ports alone.
    let datagrams: (any DatagramDetector.Type)?
    /// What TLS calls the protocol (ALPN: IANA's registry of "TLS Application-Layer Protocol Negotiation (ALPN)
    /// Protocol IDs").
    let alpn: [StaticString]
    /// What HTTP's Upgrade calls the protocol (RFC 9110, section 16.7), in capitals: it is compared without case.
    let upgrade: [StaticString]
    /// What finds passwords and tokens in its messages, where it has messages of its own to log in.
    let logins: (any LoginSearch.Type)?
    /// Makes what reads it; `Recognised.init` where it is named and not read.
    let make: @Sendable (Run) -> any Analyzer

    /// What the protocol is used for, as `category` has it.
    enum Category: Sendable {
        case http, tls, database, cache, messageBus, nameService, prefix

        var name: StaticString {
            switch self {
            case .http: "http"
            case .tls: "tls"
            case .database: "database"
            case .cache: "cache"
            case .messageBus: "message_bus"
            case .nameService: "name_service"
            case .prefix: "prefix"
            }
        }
    }

    /// How a connection that talks it appears.
    package enum Role: Sendable {
        /// By its exchanges; the connection itself is no event.
        case exchanges
        /// As an edge of its own, known by its payload.
        case service
        /// What it carries is hidden: the connection appears as the protocol that is at home on its port, if one is.
        case envelope
        /// It stands before what is talked: the connection appears as that.
        case prefix
    }

    init(
        name: StaticString, wireName: StaticString? = nil, category: Category, ports: [UInt16],
        foreignPorts: [UInt16] = [], role: Role,
        document: StaticString,
        detectors: [any Detector.Type], datagrams: (any DatagramDetector.Type)? = nil, alpn: [StaticString] = [],
        upgrade: [StaticString] = [], logins: (any LoginSearch.Type)? = nil,
        make: @escaping @Sendable (Run) -> any Analyzer
    ) {
        self.name = name
        self.wireName = wireName ?? name
        self.category = category
        self.ports = ports
        self.foreignPorts = foreignPorts
        self.role = role
        self.document = document
        self.detectors = detectors
        self.datagrams = datagrams
        self.alpn = alpn
        self.upgrade = upgrade
        self.logins = logins
        self.make = make
    }
}

/// The number of a protocol in the registry of a run.
package struct ProtocolID: Hashable, Sendable, BitwiseCopyable {
    package let raw: UInt8
    package var index: Int { Int(raw) }

    /// None of the registry's.
    static let none = ProtocolID(raw: .max)
}

/// The protocols that a run knows: a value, so that another list, and a test's own protocol, can be given to `Profiler`.
package struct Registry: Sendable {
    package let rows: [ProtocolRow]
    /// All detectors with their rows, from the strictest to the loosest; equally strict ones in the order of the rows.
    let detectors: [Entry]
    /// The services by their default ports, in the order of the rows.
    private let homes: [(port: UInt16, row: ProtocolID)]
    /// The protocols by the ports of others that have their form.
    private let strangers: [(port: UInt16, row: ProtocolID)]

    struct Entry: Sendable {
        let detector: any Detector.Type
        let row: ProtocolID
    }

    /// - Parameter rows: in the order in which summaries name them; 255 at the most.
    package init(_ rows: [ProtocolRow]) {
        precondition(rows.count < 256, "a protocol's number is a byte")
        self.rows = rows
        var all: [Entry] = []
        for (number, row) in rows.enumerated() {
            let id = ProtocolID(raw: UInt8(number))
            all += row.detectors.map { Entry(detector: $0, row: id) }
        }
        homes = rows.enumerated().filter { $0.element.role == .service }.flatMap { number, row in
            row.ports.map { ($0, ProtocolID(raw: UInt8(number))) }
        }
        strangers = rows.enumerated().flatMap { number, row in
            row.foreignPorts.map { ($0, ProtocolID(raw: UInt8(number))) }
        }
        detectors = Strictness.allCases.flatMap { strictness in all.filter { $0.detector.strictness == strictness } }
    }

    package subscript(id: ProtocolID) -> ProtocolRow { rows[id.index] }

    package var ids: [ProtocolID] { rows.indices.map { ProtocolID(raw: UInt8($0)) } }

    /// The protocol that hides what it carries.
    var envelope: ProtocolID? { ids.first { self[$0].role == .envelope } }

    /// The protocol that goes by this name.
    package func id(named name: String) -> ProtocolID? { ids.first { "\(self[$0].name)" == name } }

    /// The protocol that TLS calls so.
    func row(alpn name: String) -> ProtocolID? {
        ids.first { self[$0].alpn.contains { "\($0)" == name } }
    }

    /// The protocol that HTTP's Upgrade calls so, in any case of letters.
    func row(upgrade name: RawSpan) -> ProtocolID? {
        ids.first { self[$0].upgrade.contains { name.isWordIgnoringCase($0, at: 0..<name.byteCount) } }
    }

    /// What finds passwords and tokens in messages by which clients log in.
    var logins: [any LoginSearch.Type] { rows.compactMap(\.logins) }

    /// Ports on which datagrams are looked at.
    package var datagramPorts: [UInt16] { rows.filter { $0.datagrams != nil }.flatMap(\.ports) }

    /// The protocol that a connection between these ports does not talk, though it may look so.
    func stranger(to local: UInt16, _ remote: UInt16) -> ProtocolID? {
        for (port, row) in strangers where port == local || port == remote { return row }
        return nil
    }

    /// The service that is at home on `port`, if one is.
    func atHome(on port: UInt16) -> ProtocolID? { homes.first { $0.port == port }?.row }
}
