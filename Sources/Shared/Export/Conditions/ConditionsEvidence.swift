/// What a profile rests on, and what it could not say; it has no field for that, so it is a file beside it.
package struct ConditionsEvidence: Equatable, Sendable {
    /// By the conditions' names, in their order.
    var conditions: [Grounds] = []
    /// What was seen and is in no condition, in the order in which it was met.
    var leftOut: [LeftOut] = []
    /// Variables that tell of a destination, and are not declared.
    var unbound: [Variable] = []

    /// Of one condition.
    struct Grounds: Equatable, Sendable {
        var name: String
        var kind: String
        /// As the map calls it, where that is no host's name or address.
        var destination: String?
        var firstSeen: Timestamp
        var lastSeen: Timestamp
        var count: UInt64
        /// As the map has it: 90 where the payload says so, 60 where only the port does.
        var confidence: Int
        var operations: [Operation] = []
        var variables: [Binding] = []
        var losses: [Loss] = []
        var notes: [String] = []
    }

    /// What was asked, and how often.
    struct Operation: Equatable, Sendable {
        var text: String
        var count: UInt64
    }

    /// A variable that is declared, and why.
    struct Binding: Equatable, Sendable {
        var name: String
        var property: String
        var reason: String
    }

    /// What of a body is not in a schema.
    struct Loss: Equatable, Sendable {
        /// Method and path.
        var operation: String
        /// `request` or `response`.
        var body: String
        /// Keys from the body down, with points between; empty for the body itself.
        var place: String
        var reason: String
    }

    struct LeftOut: Equatable, Sendable {
        /// Where that is no host's name or address.
        var destination: String?
        var what: String
        var count: UInt64
        var reason: String
        /// The workload needs it, and the profile can't say so.
        var isLoss: Bool

        /// For people.
        var text: String {
            [what, destination.map { "of \($0)" }, "(\(reason))"].compactMap { $0 }.joined(separator: " ")
        }
    }

    struct Variable: Equatable, Sendable {
        var name: String
        var reason: String
    }

    /// How much of what the workload needs is not in the profile.
    package var lost: Int { leftOut.count(where: \.isLoss) }
    /// How much of bodies is not.
    package var lostOfBodies: Int { conditions.reduce(0) { $0 + $1.losses.count } }
}
