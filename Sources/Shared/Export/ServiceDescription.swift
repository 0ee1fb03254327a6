/// What a format says of one service.
package struct ServiceDescription: Equatable, Sendable {
    package var service: String
    /// Empty where nothing can be described.
    package var text: String
    /// What could not be said, for people: how many, and of what kind.
    package var leftOut: [String]
}
