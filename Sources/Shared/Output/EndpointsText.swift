/// The endpoints of a connection as they stand in events, for each sender: written once a connection, copied into
/// each event.
package struct EndpointsText {
    private var fromLocal: [UInt8] = []
    private var fromRemote: [UInt8] = []

    package init() {}

    package mutating func removeAll() {
        fromLocal.removeAll(keepingCapacity: true)
        fromRemote.removeAll(keepingCapacity: true)
    }

    /// `"source_ip":"…","source_port":…,"dest_ip":"…","dest_port":…` of what the side sends.
    package mutating func append(_ opened: ConnectionOpened, isSend: Bool, to log: inout JSONWriter) {
        if fromLocal.isEmpty {
            Self.write(opened.local, opened.remote, to: &fromLocal)
            Self.write(opened.remote, opened.local, to: &fromRemote)
        }
        let text = isSend ? fromLocal : fromRemote
        log.members(text.span.bytes)
    }

    private static func write(_ source: Endpoint, _ destination: Endpoint, to text: inout [UInt8]) {
        text.append(contentsOf: #""source_ip":""#.utf8)
        source.address.append(to: &text)
        text.append(contentsOf: #"","source_port":\#(source.port),"dest_ip":""#.utf8)
        destination.address.append(to: &text)
        text.append(contentsOf: #"","dest_port":\#(destination.port)"#.utf8)
    }
}
