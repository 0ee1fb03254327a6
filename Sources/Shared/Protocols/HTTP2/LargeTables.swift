/// How many directions at once begin with thousands of header fields that nobody has seen.
///
/// Each takes half a megabyte, and who sends what makes no sense could have one for some hundred bytes. Without one a direction
/// knows less of its fields, and says so.
final class LargeTables {
    private var taken = 0

    init() {}

    private static let most = 64

    /// - Returns: `false` where there are as many as may be.
    func take() -> Bool {
        guard taken < Self.most else { return false }
        taken &+= 1
        return true
    }

    func giveBack() { taken &-= 1 }
}
