extension ProtocolRow {
    /// gRPC, which is known by the media type of HTTP/2's messages: no connection talks it, but exchanges do.
    static let grpc = ProtocolRow(
        name: "grpc", category: .http, ports: [], role: .exchanges, document: "grpc/grpc: PROTOCOL-HTTP2.md",
        detectors: [], make: Recognised.init)
}
