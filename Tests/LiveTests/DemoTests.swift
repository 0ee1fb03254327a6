import Foundation
import TestSupport
import Testing
import Yams

extension Live {
    /// The scripts that `make demo-live` and `make demo-bookinfo` run.
    @Suite struct `The demo` {
        @Test(arguments: [[], ["--tls"]])
        func `live shows who talks to whom, and all of it as it really happened`(_ options: [String]) throws {
            let run = try DemoRun("live.sh", options)
            // The script grades what was seen, and its exit status is the grade's.
            #expect(run.end.status == 0, "\(run.end.errors)\(run.end.output)")
            let order = "{items: [{quantity: number, sku: string}], order: number}"
            let orderEcho = "{echo: \(order), timestamp: string}"
            let (message, messageEcho) = ("{message: string}", "{echo: {message: string}, timestamp: string}")
            let asked = [
                "GET / null -> {message: string, service: string}", "GET /healthz null -> {status: string}",
                "GET /slow null -> {waited_ms: number}", "POST /echo \(order) -> \(orderEcho)",
                "POST /echo \(message) -> \(messageEcho)",
            ]
            let said =
                [order, message].map { "WS /ws \($0) -> null" }
                + [orderEcho, messageEcho].map { "WS /ws null -> \($0)" }
            // Over HTTP/1.1 and HTTP/2 alike.
            let ofService = (asked + asked + said + ["GET /ws null -> null"]).map { "http-service \($0)" }
            #expect(
                try run.map() == [
                    "http-service": ["nats: nats"],
                    "request-logger": ["nats: nats", "redis: redis"],
                    "traffic-generator": ofService.sorted() + ["postgres: postgres", "redis: redis"],
                ])
            #expect(run.end.output.contains(run.text("map.yaml")), "the map is shown")
            for title in ["Service map", "Summary", "Grade of the live capture", "Grade of tcpdump's capture"] {
                #expect(run.end.output.contains("\n\(title)\n"))
            }
            #expect(run.end.output.contains("Lost            nothing"))
            // traffic has two workers, and each has three connections to http-service and one to PostgreSQL; both sides are seen.
            #expect(run.end.output.contains("16 connections decrypted") == (options == ["--tls"]))
            #expect(run.text("map.yaml").contains("tls: true") == (options == ["--tls"]))
            // Command lines are on the tape, and it is a fixture: the run's folders, others in each run, must not be.
            for folder in ["/tmp/tapedeck-demo-", run.folder.path] {
                #expect(!contains(run.folder.bytes("run.tape") ?? [], folder), "\(folder)")
            }
            #expect(try run.leftovers() == [])
        }

        @Test(arguments: [[], ["--tls"]])
        func `Bookinfo shows the versions of reviews, and nothing of who did not opt in`(_ options: [String]) throws {
            let run = try DemoRun("bookinfo.sh", options)
            #expect(run.end.status == 0, "\(run.end.errors)\(run.end.output)")
            // All that is seen is read, or the map would not be as it is in the clear.
            #expect(run.end.output.contains(" connections decrypted") == (options == ["--tls"]))
            let stars = "{rating: {color: string, stars: number}, reviewer: string, text: string}"
            let reviews = ["\(stars)", "{reviewer: string, text: string}"].map {
                "null -> {id: string, podname: string, reviews: [\($0)]}"
            }
            #expect(
                try run.map() == [
                    "browser": reviews.map { "productpage GET /api/v1/products/{productId}/reviews \($0)" } + [
                        "productpage GET /productpage null -> non-json"
                    ],
                    "productpage": [
                        "details:9080 GET /details/{detailId} null -> {ISBN-10: string, ISBN-13: string, author: string, id: number, "
                            + "language: string, pages: number, publisher: string, type: string, year: number}"
                    ] + reviews.map { "reviews GET /reviews/{reviewId} \($0)" },
                    "reviews": [
                        "ratings GET /ratings/{ratingId} null -> {id: number, ratings: {Reviewer1: number, Reviewer2: number}}"
                    ],
                ])
            let kinds = try run.entries().reduce(into: [:]) { $0[$1.destination] = $1.kind }
            #expect(
                kinds == [
                    "productpage": "process", "reviews": "process", "ratings": "process", "details:9080": "external",
                ])

            let documents = try Array(Yams.load_all(yaml: run.text("env.yaml"))).compactMap { $0 as? [String: Any] }
            let environments = documents.map { document in
                let variables = document["adi_profile_env"] as? [String: String] ?? [:]
                let text = variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
                return "\(document["adi_profile_name"] ?? "") \(document["adi_profile_match"] ?? ""): \(text)"
            }
            let ratings = "RATINGS_HOSTNAME=ratings RATINGS_SERVICE_PORT=9080"
            #expect(
                Set(environments) == [
                    "ratings local: ", "browser local: ",
                    "productpage local: DETAILS_HOSTNAME=details DETAILS_SERVICE_PORT=9080 REVIEWS_HOSTNAME=reviews "
                        + "REVIEWS_SERVICE_PORT=9080",
                    "reviews dev: \(ratings) SERVICE_VERSION=v1", "reviews dev: \(ratings) SERVICE_VERSION=v2",
                    "reviews dev: \(ratings) SERVICE_VERSION=v3",
                ])
            for name in ["env.yaml", "map.yaml", "events.jsonl", "run.tape"] {
                #expect(!contains(run.folder.bytes(name) ?? [], "bookinfo details"), "\(name)")
                guard name != "run.tape" else { continue }
                #expect(!contains(run.folder.bytes(name) ?? [], "not-to-be-shown"), "\(name)")
            }
            #expect(try run.leftovers() == [])
        }

        @Test(arguments: [SIGINT, SIGTERM])
        func `live stops everything that it started when it is interrupted`(_ signal: Int32) throws {
            let run = try DemoRun("live.sh", environment: ["TOTAL_REQUESTS": "0"]) { script in
                _ = try script.line { $0.hasPrefix("making traffic") }
                script.signal(signal)
            }
            #expect(run.end.status == 128 + signal)
            #expect(try run.leftovers() == [])
        }

        @Test func `live stops everything that it started when one of them fails`() throws {
            let run = try DemoRun("live.sh", environment: ["TOTAL_REQUESTS": "many"])
            #expect(run.end.status == 2)
            #expect(run.end.errors.contains("TOTAL_REQUESTS many: write a number"), "\(run.end.errors)")
            #expect(try run.leftovers() == [])
        }

        @Test func `live says that it needs root`() throws {
            let setpriv = try Programs.find("setpriv", package: "util-linux")
            let nobody = ["--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "/bin/bash"]
            let script = try Child(setpriv, nobody + [Programs.demo("live.sh")])
            let end = try script.wait()
            #expect(end.status == 2)
            #expect(end.errors == "live.sh: live capture needs root: sudo make demo-live\n")
            #expect(try DemoRun.leftovers("tapedeck-demo-\(script.pid)") == [])
        }
    }
}

/// A script of the folder demo, run to its end.
private struct DemoRun {
    struct Entry {
        var service: String
        var destination: String
        var kind: String
        var text: String
    }

    let folder: TemporaryFolder
    let end: Child.Outcome
    /// What its processes carry in their environment, and its folders in their names.
    private let tag: String

    init(
        _ name: String, _ options: [String] = [], environment: [String: String] = [:],
        meanwhile: (Child) throws -> Void = { _ in }
    ) throws {
        folder = try TemporaryFolder()
        let bin = URL(fileURLWithPath: Programs.folder).path
        let script = try Child(
            "/bin/bash", [Programs.demo(name)] + options + ["--keep", folder.path],
            environment: ["BIN": bin].merging(environment) { $1 }, patience: 60)
        tag = "tapedeck-demo-\(script.pid)"
        try meanwhile(script)
        end = try script.wait()
    }

    func text(_ name: String) -> String { folder.text(name) ?? "" }

    /// The map's entries by service, as text.
    func map() throws -> [String: [String]] {
        try entries().reduce(into: [:]) { $0[$1.service, default: []].append($1.text) }.mapValues { $0.sorted() }
    }

    func entries() throws -> [Entry] {
        let root = try Yams.load(yaml: text("map.yaml")) as? [String: Any]
        let services = root?["services"] as? [[String: Any]] ?? []
        return services.flatMap { service in
            let name = service["name"] as? String ?? ""
            func word(_ entry: [String: Any], _ key: String) -> String { entry[key] as? String ?? "" }
            let endpoints = (service["endpoints"] as? [[String: Any]] ?? []).map { entry in
                let schemas = Self.shape(entry["request_schema"]) + " -> " + Self.shape(entry["response_schema"])
                return (entry, "\(word(entry, "method")) \(word(entry, "path")) \(schemas)", " ")
            }
            let connections = (service["connections"] as? [[String: Any]] ?? []).map {
                ($0, word($0, "protocol"), ": ")
            }
            return (endpoints + connections).map { entry, text, separator in
                let destination = word(entry, "destination")
                return Entry(
                    service: name, destination: destination, kind: word(entry, "destination_type"),
                    text: destination + separator + text)
            }
        }
    }

    private static func shape(_ value: Any?) -> String {
        switch value {
        case let value as [String: Any]:
            "{" + value.sorted { $0.key < $1.key }.map { "\($0.key): \(shape($0.value))" }.joined(separator: ", ") + "}"
        case let value as [Any]: "[" + value.map { shape($0) }.joined(separator: ", ") + "]"
        case let value as String: value
        default: "null"
        }
    }

    /// Processes and folders of the run that are still there.
    func leftovers() throws -> [String] { try Self.leftovers(tag) }

    static func leftovers(_ tag: String) throws -> [String] {
        let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
            guard Int32(name) != nil else { return false }
            let environment = FileManager.default.contents(atPath: "/proc/\(name)/environ") ?? Data()
            return contains(Array(environment), "DEMO_RUN=\(tag)\0")
        }
        return processes
            + (try FileManager.default.contentsOfDirectory(atPath: "/tmp").filter { $0.hasPrefix(tag + ".") })
    }
}
