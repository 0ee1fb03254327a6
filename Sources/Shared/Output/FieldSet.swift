/// Which fields outputs have.
package enum FieldSet: Sendable {
    case all
    /// Those of the first versions: for readers that take no others (`--compat`).
    case compat
}
