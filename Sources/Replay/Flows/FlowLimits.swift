import Shared

/// The bounds of the flow table, each with its reason, and what it has to know of what it is given.
struct FlowLimits: Sendable {
    /// Flows at one time: what Linux's own connection tracking holds by default on a large machine
    /// (nf_conntrack_max: 262,144).
    var flows = 1 << 18
    /// Closed ones among them, kept so that late segments aren't taken for a new connection.
    var closedFlows = 1 << 14

    /// Packets are left out on purpose, by a filter.
    var isFiltered = false
    /// The tape is of several captures at one time, and a connection may be in some of them.
    var hasCopies = false

    /// How long nothing may be heard of a flow, by stage.
    func patienceNanoseconds(_ stage: Flow.Stage) -> Int64 {
        let second: Int64 = 1_000_000_000
        return switch stage {
        // Linux sends SYN for 127 s (tcp_syn_retries 6).
        case .opening: 130 * second
        // Above the usual time-outs of idle connections: 350 s in cloud load balancers, 75 s in HTTP servers. A
        // connection that goes on later is opened again, as joined late.
        case .open: 600 * second
        // Linux's connection tracking gives FIN-WAIT and CLOSE-WAIT 120 s at most.
        case .halfClosed: 120 * second
        // Time for a few retransmissions of what is missing.
        case .closing: 10 * second
        // Twice the maximum segment lifetime that stacks use (60 s; RFC 9293 says 2 min.).
        case .closed: 120 * second
        }
    }
}

/// Ports of UDP whose datagrams are looked at: those of the registry's protocols that have such.
enum DatagramPorts {
    private static let read = Registry.standard.datagramPorts

    static func areRead(_ source: UInt16, _ destination: UInt16) -> Bool { isRead(source) || isRead(destination) }

    static func isRead(_ port: UInt16) -> Bool { read.contains(port) }
}

/// Ports that belong to a service and hardly ever to a client.
enum ServicePorts {
    private static let home: [UInt64] = {
        var bits = [UInt64](repeating: 0, count: 1024)
        let others: [UInt16] = [
            1080, 1194, 1521, 1883, 2049, 2181, 2375, 2376, 3000, 3128, 3268, 3389, 4000, 5000, 5060, 5201, 5601, 5900,
            6443, 7000, 7001, 8000, 8001, 8008, 8080, 8081, 8082, 8083, 8088, 8443, 8500, 8888, 9000, 9042, 9090, 9200,
            9300, 9443, 10250, 15672,
        ]
        let services = Registry.standard.rows.flatMap(\.ports)
        for port in Array(1..<1024) + others + services { bits[Int(port) >> 6] |= 1 << UInt64(port & 63) }
        return bits
    }()

    /// Whether a service is likely to listen on this port, rather than a client to have been given it.
    static func isHome(_ port: UInt16) -> Bool { home[Int(port) >> 6] >> UInt64(port & 63) & 1 == 1 }
}
