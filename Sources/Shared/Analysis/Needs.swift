/// What the sinks of a run ask for: an analyzer builds nothing that nobody needs.
package struct Needs: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Each message, with its fields and its bytes (`Output.message`).
    package static let messages = Needs(rawValue: 1)
    /// Operations of databases, caches and message buses (`Output.operation`).
    package static let operations = Needs(rawValue: 4)
    /// The shapes of bodies that are no JSON text: forms, XML, lists of lines.
    static let media = Needs(rawValue: 8)
    /// When an exchange is over, of each view of it (`Sink.over`).
    package static let ends = Needs(rawValue: 2)
    /// Which trace operations belong to (`ServiceOperation.context`), as the headers of messages say.
    static let traces = Needs(rawValue: 32)
    /// What messages of message buses look like (`ServiceOperation.payloads`).
    static let payloads = Needs(rawValue: 64)
    /// What TLS carried, where it was opened (`Sink.opened`).
    package static let plaintext = Needs(rawValue: 16)
}
