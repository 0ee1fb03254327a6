import Hummingbird

/// `details`: facts about a book.
enum Details {
    private struct Book: Encodable {
        var id: Int
        var author = "William Shakespeare"
        var year = 1595
        var type = "paperback"
        var pages = 200
        var publisher = "PublisherA"
        var language = "English"
        var isbn10 = "1234567890"
        var isbn13 = "123-1234567890"

        private enum CodingKeys: String, CodingKey {
            case id, author, year, type, pages, publisher, language
            case isbn10 = "ISBN-10"
            case isbn13 = "ISBN-13"
        }
    }

    static var router: Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: RefusalMiddleware())
        router.get("/health") { _, _ in try Response.json(["status": "Details is healthy"]) }
        router.get("/details/:id") { _, context in
            try Response.json(Book(id: try context.number("id", orSay: "please provide numeric product id")))
        }
        return router
    }
}

extension RequestContext {
    /// A part of the path that is a number, as Bookinfo's products are.
    func number(_ name: Substring, orSay reason: String) throws(Refusal) -> Int {
        guard let number = parameters[name].flatMap({ Int($0) }) else { throw Refusal(.badRequest, reason) }
        return number
    }
}
