import FoundationEssentials
import Hummingbird
import Synchronization

/// What `ratings` says of a book: stars by reviewer.
struct BookRatings: Codable {
    var id: Int
    var ratings: JSONValue

    /// The stars that a reviewer gave.
    func stars(of reviewer: String) -> Int? {
        guard case .object(let ratings) = ratings, case .number(let stars)? = ratings[reviewer] else { return nil }
        return Int(exactly: stars)
    }
}

/// `ratings`: stars, kept in memory.
final class Ratings: Sendable {
    /// Books that were given other ratings; 1000 at most.
    private let given = Mutex<[Int: JSONValue]>([:])
    private static let capacity = 1000
    private static let standard = JSONValue.object(["Reviewer1": .number(5), "Reviewer2": .number(4)])
    private static let bodyLimit = 64 << 10

    var router: Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: RefusalMiddleware())
        router.get("/health") { _, _ in try Response.json(["status": "Ratings is healthy"]) }
        router.get("/ratings/:id") { _, context in try self.ratings(of: try Self.id(context)) }
        router.post("/ratings/:id") { request, context in
            let id = try Self.id(context)
            let body = try await request.body.collect(upTo: Self.bodyLimit)
            guard let ratings = try? JSONDecoder().decode(JSONValue.self, from: Data(body.readableBytesView)) else {
                throw Refusal(.badRequest, "please provide valid ratings JSON")
            }
            let isKept = self.given.withLock { given in
                guard given.count < Self.capacity || given[id] != nil else { return false }
                given[id] = ratings
                return true
            }
            guard isKept else {
                throw Refusal(HTTPResponse.Status(code: 507), "\(Self.capacity) books have ratings already")
            }
            return try self.ratings(of: id)
        }
        return router
    }

    private func ratings(of id: Int) throws -> Response {
        try .json(BookRatings(id: id, ratings: given.withLock { $0[id] } ?? Self.standard))
    }

    private static func id(_ context: some RequestContext) throws(Refusal) -> Int {
        try context.number("id", orSay: "please provide numeric product ID")
    }
}
