/// How long to wait before a server that is away is tried again: twice as long each time, or as it has said itself.
package struct RetryPause: Sendable {
    /// Seconds.
    private var next = shortest

    private static let shortest = 1
    /// What a server says is held to it, too.
    private static let longest = 30

    package init() {}

    /// - Parameter retryAfter: seconds, where the server has said so.
    /// - Returns: seconds.
    package mutating func seconds(_ retryAfter: Int?) -> Int {
        defer { next = min(next * 2, Self.longest) }
        return min(max(retryAfter ?? next, Self.shortest), Self.longest)
    }
}
