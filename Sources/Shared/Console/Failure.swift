/// Why what was asked could not be done: what and where, with the remedy where there is one.
///
/// Exit status 2.
package struct Failure: Error, Equatable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
