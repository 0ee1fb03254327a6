/// The structure of a JSON value: types, no values (docs/contract.md, section 5).
package indirect enum Shape: Equatable, Hashable, Sendable {
    /// No body at all.
    case empty
    /// A body that is not JSON.
    case nonJSON
    case null, boolean, number, string
    /// Keys in byte order, each once.
    case object([Member])
    /// The distinct shapes of the elements.
    case array([Shape])

    package struct Member: Equatable, Hashable, Sendable {
        package var key: String
        var shape: Shape
    }
}
