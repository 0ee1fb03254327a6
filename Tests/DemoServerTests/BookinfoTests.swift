import Foundation
import TestSupport
import Testing

@Suite struct Bookinfo {
    @Test func `details knows a book`() throws {
        let details = try Self.start("details")
        #expect(
            try details.get("/details/0").body
                == #"{"ISBN-10":"1234567890","ISBN-13":"123-1234567890","author":"William Shakespeare","id":0,"#
                + #""language":"English","pages":200,"publisher":"PublisherA","type":"paperback","year":1595}"#)
        #expect(try details.get("/health").body == #"{"status":"Details is healthy"}"#)
        let refused = try details.get("/details/x")
        #expect(refused.status == 400)
        #expect(refused.body == #"{"error":"please provide numeric product id"}"#)
    }

    @Test func `ratings keeps what it is given`() throws {
        let ratings = try Self.start("ratings")
        #expect(try ratings.get("/health").body == #"{"status":"Ratings is healthy"}"#)
        #expect(try ratings.get("/ratings/7").body == #"{"id":7,"ratings":{"Reviewer1":5,"Reviewer2":4}}"#)
        let given = try ratings.post("/ratings/7", #"{"Reviewer1":1}"#)
        #expect(given.status == 200)
        #expect(given.body == #"{"id":7,"ratings":{"Reviewer1":1}}"#)
        #expect(try ratings.get("/ratings/7").body == given.body)
        #expect(try ratings.get("/ratings/8").body == #"{"id":8,"ratings":{"Reviewer1":5,"Reviewer2":4}}"#)
        #expect(try ratings.post("/ratings/7", "{").body == #"{"error":"please provide valid ratings JSON"}"#)
        #expect(try ratings.post("/ratings/7", "{").status == 400)
        #expect(try ratings.get("/ratings/x").body == #"{"error":"please provide numeric product ID"}"#)
    }

    @Test func `reviews v1 has no ratings`() throws {
        let reviews = try Self.start("reviews", ["HOSTNAME": "pod-1"])
        let answer = try #require(try reviews.get("/reviews/0").json)
        #expect(answer["id"] as? String == "0")
        #expect(answer["podname"] as? String == "pod-1")
        #expect(answer.count == 3)
        let list = try #require(answer["reviews"] as? [NSDictionary])
        #expect(list.map { $0["reviewer"] as? String } == ["Reviewer1", "Reviewer2"])
        #expect(list.allSatisfy { $0.count == 2 && $0["text"] is String })
        #expect(try reviews.get("/reviews/x").status == 400)
    }

    @Test(
        arguments: [
            (["SERVICE_VERSION": "v2"], "black"), (["SERVICE_VERSION": "v3"], "red"),
            (["ENABLE_RATINGS": "true"], "black"), (["ENABLE_RATINGS": "true", "STAR_COLOR": "blue"], "blue"),
        ] as [([String: String], String)])
    func `reviews shows the stars of ratings`(_ settings: [String: String], _ color: String) throws {
        let ratings = try Self.start("ratings")
        let reviews = try Self.start(
            "reviews",
            ["RATINGS_HOSTNAME": "127.0.0.1", "RATINGS_SERVICE_PORT": "\(ratings.port)", "CLUSTER_NAME": "c"]
                .merging(settings) { $1 })
        let answer = try #require(try reviews.get("/reviews/0").json)
        #expect(answer["clustername"] as? String == "c")
        let list = try #require(answer["reviews"] as? [NSDictionary])
        #expect(
            list.map { $0["rating"] as? NSDictionary } == [
                ["stars": 5, "color": color] as NSDictionary, ["stars": 4, "color": color],
            ])
        _ = try ratings.post("/ratings/0", #"{"Reviewer2":2}"#)
        let changed = try #require(try reviews.get("/reviews/0").json?["reviews"] as? [NSDictionary])
        #expect(
            changed.map { $0["rating"] as? NSDictionary } == [
                ["error": "Ratings service is currently unavailable"] as NSDictionary, ["stars": 2, "color": color],
            ])
        _ = try ratings.stop()
        let without = try #require(try reviews.get("/reviews/0").json?["reviews"] as? [NSDictionary])
        #expect(
            without.allSatisfy {
                $0["rating"] as? NSDictionary == ["error": "Ratings service is currently unavailable"]
            })
    }

    @Test func `productpage asks the others`() throws {
        let ratings = try Self.start("ratings")
        let reviews = try Self.start(
            "reviews",
            [
                "RATINGS_HOSTNAME": "127.0.0.1", "RATINGS_SERVICE_PORT": "\(ratings.port)", "SERVICE_VERSION": "v3",
            ])
        let details = try Self.start("details")
        let page = try Self.start(
            "productpage",
            [
                "RATINGS_HOSTNAME": "127.0.0.1", "RATINGS_SERVICE_PORT": "\(ratings.port)",
                "REVIEWS_HOSTNAME": "127.0.0.1", "REVIEWS_SERVICE_PORT": "\(reviews.port)",
                "DETAILS_HOSTNAME": "127.0.0.1", "DETAILS_SERVICE_PORT": "\(details.port)",
            ])
        #expect(try page.get("/health").body == "Product page is healthy")
        #expect(try page.get("/").headers["content-type"] == "text/html; charset=utf-8")
        let html = try page.get("/productpage").body
        for text in ["The Comedy of Errors", "PublisherA", "Reviewer2", #""color":"red""#] {
            #expect(html.contains(text))
        }
        #expect(try page.get("/api/v1/products").body.hasPrefix(#"[{"descriptionHtml":"#))
        #expect(try page.get("/api/v1/products/0").body == details.get("/details/0").body)
        #expect(try page.get("/api/v1/products/0/reviews").body == reviews.get("/reviews/0").body)
        #expect(try page.get("/api/v1/products/0/ratings").body == ratings.get("/ratings/0").body)

        _ = try reviews.stop()
        let failed = try page.get("/api/v1/products/0/reviews")
        #expect(failed.status == 500)
        #expect(failed.body == #"{"error":"Sorry, product reviews are currently unavailable for this book."}"#)
        let broken = try page.get("/productpage")
        #expect(broken.status == 200)
        #expect(broken.body.contains("Sorry, product reviews are currently unavailable"))
    }

    @Test func `productpage knows its user by a cookie`() throws {
        let page = try Self.start("productpage")
        let connection = try HTTPConnection(page.port)
        let fields = "Content-Type: application/x-www-form-urlencoded\r\nReferer: /productpage?u=normal\r\n"
        let login = try connection.exchange("POST", "/login", body: "username=jason&passwd=", fields: fields)
        #expect(login.status == 302)
        #expect(login.headers["location"] == "/productpage?u=normal")
        #expect(login.headers["set-cookie"] == "user=jason; Path=/")
        let logout = try connection.exchange("GET", "/logout")
        #expect(logout.status == 302)
        #expect(logout.headers["set-cookie"]?.hasPrefix("user=; Expires=Thu, 01 Jan 1970") == true)
    }

    private static func start(_ role: String, _ environment: [String: String] = [:]) throws -> DemoServer {
        try DemoServer(["bookinfo", role], environment)
    }
}
