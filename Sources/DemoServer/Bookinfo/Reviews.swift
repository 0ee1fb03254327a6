import Console
import FoundationEssentials
import Hummingbird

/// `reviews`: two reviews of each book; from v2 on with the stars that `ratings` knows.
struct Reviews: Sendable {
    /// The colour of the stars; `nil`: reviews without ratings.
    let stars: String?
    let ratings: Upstream

    private struct Book: Encodable {
        var id: String
        var podname: String?
        /// The public demo always has it, and says "null" where CLUSTER_NAME is not set.
        var clustername: String?
        var reviews: [Review]
    }

    private struct Review: Encodable {
        var reviewer: String
        var text: String
        var rating: Rating?
    }

    private struct Rating: Encodable {
        var stars: Int?
        var color: String?
        var error: String?
    }

    private static let texts = [
        ("Reviewer1", "An extremely entertaining play by Shakespeare. The slapstick humour is refreshing!"),
        (
            "Reviewer2",
            "Absolutely fun and entertaining. The play lacks thematic depth when compared to other plays by Shakespeare."
        ),
    ]

    var router: Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: RefusalMiddleware())
        router.get("/health") { _, _ in try Response.json(["status": "Reviews is healthy"]) }
        router.get("/reviews/:id") { request, context in
            let id = try context.number("id", orSay: "please provide numeric product ID")
            let given = stars == nil ? nil : await givenRatings(id, request)
            return try Response.json(
                Book(
                    id: "\(id)", podname: Terminal.environment("HOSTNAME") ?? "",
                    clustername: Terminal.environment("CLUSTER_NAME"),
                    reviews: Self.texts.map { reviewer, text in
                        Review(reviewer: reviewer, text: text, rating: rating(given?.stars(of: reviewer)))
                    }))
        }
        return router
    }

    private func givenRatings(_ id: Int, _ request: Request) async -> BookRatings? {
        // As the public demo: who shows black stars is patient.
        let timeout = stars == "black" ? Duration.seconds(10) : .milliseconds(2500)
        guard let (status, body) = await ratings.get(id, for: request, timeout: timeout), status == 200 else {
            return nil
        }
        return try? JSONDecoder().decode(BookRatings.self, from: Data(body.readableBytesView))
    }

    private func rating(_ given: Int?) -> Rating? {
        guard let stars else { return nil }
        guard let given else { return Rating(error: "Ratings service is currently unavailable") }
        return Rating(stars: given, color: stars)
    }
}
