/// Who says something on a connection, by role: the client called connect, the server called accept.
///
/// Never by who spoke first. Where the source did not see the handshake the grammar of the first message decides.
package enum Side: UInt8, Sendable {
    case client, server

    package var other: Side { self == .client ? .server : .client }
}
