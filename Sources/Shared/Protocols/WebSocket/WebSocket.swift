extension ProtocolRow {
    /// WebSocket (RFC 6455), by HTTP/1's Upgrade, HTTP/2's extended CONNECT (RFC 8441), or its frames.
    static let websocket = ProtocolRow(
        name: "websocket", category: .http, ports: [], role: .exchanges, document: "RFC 6455",
        detectors: [WebSocketDetector.self], upgrade: ["WEBSOCKET"], make: WebSocketAnalyzer.init)
}
