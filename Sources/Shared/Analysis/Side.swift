/// Who says something on a connection, by role: the client called connect, the server called accept.
///
/// Never by who spoke first. Where the source did not see the handshake the grammar of the first message decides.
package enum Side: UInt8, Sendable {
    case client, server

    package var other: Side { self == .client ? .server : .client }
}

/// A value for each side.
package struct Sides<Value> {
    package var client: Value
    package var server: Value

    package init(client: Value, server: Value) {
        self.client = client
        self.server = server
    }

    @inline(__always)
    package subscript(side: Side) -> Value {
        get { side == .client ? client : server }
        set { if side == .client { client = newValue } else { server = newValue } }
    }
}

/// When some bytes came.
package struct Arrival: Sendable {
    /// The moment of the first of them, which may have waited for the others.
    package var first: Timestamp
    /// The moment of the last.
    package var last: Timestamp

    @inline(__always)
    package init(first: Timestamp, last: Timestamp) {
        self.first = first
        self.last = last
    }

    /// Bytes that came at once.
    @inline(__always)
    package init(_ moment: Timestamp) { self.init(first: moment, last: moment) }
}
