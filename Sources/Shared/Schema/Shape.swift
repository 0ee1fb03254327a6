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
    /// One of several kinds, in their order; only where variants were joined.
    case union([Shape])

    package struct Member: Equatable, Hashable, Sendable {
        package var key: String
        var shape: Shape
        /// Not all objects have it; only where variants were joined.
        var isOptional = false
        /// It stands for any number of keys, which are data.
        var isPattern = false
    }
}
