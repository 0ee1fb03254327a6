import FoundationEssentials
import Hummingbird

/// `productpage`: the page of a book, and an API for what is on it.
struct ProductPage: Sendable {
    let details: Upstream
    let reviews: Upstream
    let ratings: Upstream

    private struct Product: Encodable {
        var id = 0
        var title = "The Comedy of Errors"
        var descriptionHtml =
            #"<a href="https://en.wikipedia.org/wiki/The_Comedy_of_Errors">Wikipedia Summary</a>: a comedy by <b>William Shakespeare</b>."#
    }

    var router: Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: RefusalMiddleware())
        router.get("/health") { _, _ in "Product page is healthy" }
        router.get("/") { _, _ in Self.index }
        router.get("/index.html") { _, _ in Self.index }
        router.get("/productpage") { request, _ in try await page(request) }
        router.post("/login") { request, _ in try await Self.login(request) }
        router.get("/logout") { request, _ in
            Self.redirect(request, cookie: "user=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/")
        }
        router.get("/api/v1/products") { _, _ in try Response.json([Product()]) }
        for (path, upstream, attempts, what) in [
            ("/api/v1/products/:id", details, 1, "product details"),
            // Bookinfo asks twice, so that its users can see what retries do to timeouts.
            ("/api/v1/products/:id/reviews", reviews, 2, "product reviews"),
            ("/api/v1/products/:id/ratings", ratings, 1, "product ratings"),
        ] {
            router.get("\(path)") { request, context in
                let id = try context.number("id", orSay: "please provide numeric product ID")
                let (status, body) = await Self.get(upstream, id, request, attempts: attempts, what)
                return Response.json(bytes: body, status: HTTPResponse.Status(code: status))
            }
        }
        return router
    }

    private static func get(
        _ upstream: Upstream, _ id: Int, _ request: Request, attempts: Int, _ what: String
    ) async -> (status: Int, body: ByteBuffer) {
        var status = 500
        for _ in 0..<attempts {
            guard let answer = await upstream.get(id, for: request) else { continue }
            if answer.status == 200 { return answer }
            status = answer.status
        }
        let error = #"{"error":"Sorry, \#(what) are currently unavailable for this book."}"#
        return (status, ByteBuffer(string: error))
    }

    // MARK: - Pages

    private static var index: Response {
        .html("<!DOCTYPE html><title>Simple Bookstore App</title><a href=\"/productpage\">The Comedy of Errors</a>\n")
    }

    private func page(_ request: Request) async throws -> Response {
        let details = await Self.get(details, 0, request, attempts: 1, "product details")
        let reviews = await Self.get(reviews, 0, request, attempts: 2, "product reviews")
        let product = Product()
        return .html(
            """
            <!DOCTYPE html><title>Simple Bookstore App</title>
            <h1>\(product.title)</h1><p>\(product.descriptionHtml)</p>
            <h2>Book Details</h2><pre>\(Self.escaped(details.body))</pre>
            <h2>Book Reviews</h2><pre>\(Self.escaped(reviews.body))</pre>

            """)
    }

    private static func escaped(_ json: ByteBuffer) -> String {
        String(buffer: json).replacing("&", with: "&amp;").replacing("<", with: "&lt;")
    }

    // MARK: - Users

    private static func login(_ request: Request) async throws -> Response {
        let form = try await request.body.collect(upTo: 4096)
        let user = String(buffer: form).split(separator: "&").first { $0.hasPrefix("username=") }?.dropFirst(9) ?? ""
        // It is still percent-encoded, which is what a cookie may hold.
        return redirect(request, cookie: "user=\(user.filter { $0.isASCII && $0 != ";" && !$0.isWhitespace }); Path=/")
    }

    private static func redirect(_ request: Request, cookie: String) -> Response {
        let back = request.headers[.referer] ?? "/productpage"
        return Response(status: .found, headers: [.location: back, .setCookie: cookie])
    }
}
