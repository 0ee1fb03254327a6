import FoundationEssentials

/// A request that was served, as it is published.
struct RequestRecord: Codable, Equatable {
    /// What NATS calls these messages.
    static let subject = "requests"

    var method: String
    /// Without the query.
    var path: String
    var status: Int
    /// When it was answered: RFC 3339, UTC.
    var time: String

    /// One that was answered just now.
    init(_ method: String, _ path: String, status: Int) {
        (self.method, self.path, self.status) = (method, path, status)
        time = Date.now.formatted(.timestamp)
    }

    var json: [UInt8] {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return Array(try encoder.encode(self))
        }
    }
}
