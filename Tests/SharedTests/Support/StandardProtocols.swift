@testable import Shared

/// The protocols of the standard registry, by name.
extension ProtocolID {
    static let http = standard("http")
    static let http2 = standard("http/2")
    static let websocket = standard("websocket")
    static let tls = standard("tls")
    static let postgres = standard("postgres")
    static let mysql = standard("mysql")
    static let mongodb = standard("mongodb")
    static let mssql = standard("mssql")
    static let redis = standard("redis")
    static let memcached = standard("memcached")
    static let kafka = standard("kafka")
    static let amqp = standard("amqp")
    static let nats = standard("nats")
    static let dns = standard("dns")
    static let proxyProtocol = standard("proxy_protocol")
    static let socks = standard("socks")

    private static func standard(_ name: String) -> ProtocolID { Registry.standard.id(named: name)! }

    /// Those that appear as an edge of their own.
    static let services = Registry.standard.ids.filter { Registry.standard[$0].role == .service }

    var row: ProtocolRow { Registry.standard[self] }
    var name: String { "\(row.name)" }
}
