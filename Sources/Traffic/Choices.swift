/// One step of the traffic: a request, a statement, or a command or more.
enum Step: Equatable, Sendable {
    case http(HTTPRequest)
    case postgres(Statement)
    /// Several are a pipeline: all are sent before the first answer is read.
    case redis([Command])
}

struct HTTPRequest: Equatable, Sendable {
    var method: String
    /// With its query.
    var path: String
    /// JSON; empty where there is none.
    var body = ""

    /// `GET /slow`: what the request has in common with others.
    var route: String { method + " " + path.prefix { $0 != "?" } }
}

struct Statement: Equatable, Sendable {
    enum Form: Equatable, Sendable {
        /// The text alone (the simple protocol).
        case text
        /// Text and parameters apart (the extended protocol).
        case parameters
        /// Prepared once for each connection.
        case prepared(name: String)
    }

    var form: Form
    /// Its verb: what is asked for.
    var operation: String
    /// The tables that it acts on.
    var targets = ["traffic"]
    /// Its text with `?` in the place of each literal: what an event log may keep of it.
    var pattern: String
    /// What stands in these places.
    var literals: [String] = []
    var parameters: [String] = []
    /// The SQLSTATE that it is to fail with, where it is meant to fail.
    var expectedError: String?

    /// As it is sent.
    var text: String {
        let pieces = pattern.split(separator: "?", omittingEmptySubsequences: false)
        return zip(pieces, literals + [""]).map { $0 + $1 }.joined()
    }
}

/// A command of Redis on one key.
struct Command: Equatable, Sendable {
    var name: String
    var key: String
    var values: [String] = []
    /// The first word of the error that it is to fail with, where it is meant to fail.
    var expectedError: String?

    /// As it is sent.
    var words: [String] { [name, key] + values }

    /// With one `?` for all of its values: what an event log may keep of it.
    var pattern: String { "\(name) \(key)" + (values.isEmpty ? "" : " ?") }
}

/// What the traffic does, as a function of the seed and the step's number alone: however many workers there are and in
/// whichever order they come, the same seed makes the same choices.
///
/// Steps are dealt from a shuffled deck, so that every kind comes in every round.
struct Choices: Sendable {
    let seed: UInt64
    private let deck: [Kind]

    private enum Kind: Sendable {
        case greeting, health, echo, slow
        case insert, select, update, prepared, preparedInsert, division, trim
        case string, hash, list, noNumber, pipeline
    }

    init(seed: UInt64, postgres: Bool, redis: Bool) {
        self.seed = seed
        deck =
            [.greeting, .greeting, .greeting, .health, .health, .echo, .echo, .echo, .echo, .slow]
            + (postgres ? [.insert, .insert, .select, .update, .prepared, .preparedInsert, .division, .trim] : [])
            + (redis ? [.string, .string, .hash, .list, .noNumber, .pipeline] : [])
    }

    subscript(number: Int) -> Step {
        var shuffling = SplitMix64(seed: seed, stream: UInt64(number / deck.count))
        let kind = deck.shuffled(using: &shuffling)[number % deck.count]
        var random = SplitMix64(seed: ~seed, stream: UInt64(number))
        return step(kind, &random)
    }

    private func step(_ kind: Kind, _ random: inout SplitMix64) -> Step {
        switch kind {
        case .greeting: .http(HTTPRequest(method: "GET", path: "/"))
        case .health: .http(HTTPRequest(method: "GET", path: "/healthz"))
        case .slow: .http(HTTPRequest(method: "GET", path: "/slow?ms=\(Int.random(in: 1...40, using: &random))"))
        case .echo: .http(HTTPRequest(method: "POST", path: "/echo", body: body(&random)))
        case .insert, .select, .update, .prepared, .preparedInsert, .division, .trim:
            .postgres(statement(kind, &random))
        case .string, .hash, .list, .noNumber, .pipeline: .redis(commands(kind, &random))
        }
    }

    /// Two shapes: an order, and a message with words beyond ASCII.
    private func body(_ random: inout SplitMix64) -> String {
        guard Bool.random(using: &random) else { return #"{"message":"\#(word(&random)), grüße"}"# }
        let items = (0..<Int.random(in: 1...8, using: &random)).map { _ in
            #"{"sku":"\#(word(&random))","quantity":\#(Int.random(in: 1...9, using: &random))}"#
        }
        return #"{"order":\#(Int.random(in: 1...9999, using: &random)),"items":[\#(items.joined(separator: ","))]}"#
    }

    private func statement(_ kind: Kind, _ random: inout SplitMix64) -> Statement {
        let (name, amount) = (word(&random), Int.random(in: 1...500, using: &random))
        return switch kind {
        case .insert:
            Statement(
                form: .text, operation: "INSERT", pattern: "INSERT INTO traffic (name, amount) VALUES (?, ?)",
                literals: ["'\(name)'", "\(amount)"])
        case .update:
            Statement(
                form: .parameters, operation: "UPDATE", pattern: "UPDATE traffic SET amount = $2 WHERE name = $1",
                parameters: [name, "\(amount)"])
        case .prepared:
            Statement(
                form: .prepared(name: "by_name"), operation: "SELECT",
                pattern: "SELECT id, amount FROM traffic WHERE name = $1 ORDER BY id DESC LIMIT ?", literals: ["5"],
                parameters: [name])
        case .preparedInsert:
            Statement(
                form: .prepared(name: "insert"), operation: "INSERT",
                pattern: "INSERT INTO traffic (name, amount) VALUES ($1, $2)", parameters: [name, "\(amount)"])
        case .division:
            Statement(
                form: .text, operation: "SELECT", targets: [], pattern: "SELECT ? / ?", literals: ["\(amount)", "0"],
                expectedError: "22012")
        case .trim:
            Statement(
                form: .text, operation: "DELETE",
                pattern: "DELETE FROM traffic WHERE id < (SELECT max(id) FROM traffic) - ?", literals: ["10000"])
        default:
            Statement(
                form: .text, operation: "SELECT",
                pattern: "SELECT name, sum(amount) FROM traffic GROUP BY name ORDER BY name")
        }
    }

    private func commands(_ kind: Kind, _ random: inout SplitMix64) -> [Command] {
        let (name, number) = (word(&random), "\(Int.random(in: 1...500, using: &random))")
        switch kind {
        case .hash: return [Command(name: "HSET", key: "traffic:stock", values: [name, number])]
        case .list: return [Command(name: "LPUSH", key: "traffic:recent", values: [name])]
        case .noNumber:
            return [Command(name: "INCRBY", key: "traffic:count:\(name)", values: [name], expectedError: "ERR")]
        case .pipeline:
            return [
                Command(name: "INCRBY", key: "traffic:count:\(name)", values: [number]),
                Command(name: "EXPIRE", key: "traffic:count:\(name)", values: ["3600"]),
                Command(name: "HGETALL", key: "traffic:stock"),
                Command(name: "LTRIM", key: "traffic:recent", values: ["0", "99"]),
                Command(name: "LRANGE", key: "traffic:recent", values: ["0", "9"]),
                Command(name: "GET", key: "traffic:\(name)"),
            ]
        default:
            return Bool.random(using: &random)
                ? [Command(name: "SET", key: "traffic:\(name)", values: ["\(number) größer", "EX", "3600"])]
                : [Command(name: "GET", key: "traffic:\(name)")]
        }
    }

    private func word(_ random: inout SplitMix64) -> String {
        Self.words[Int.random(in: Self.words.indices, using: &random)]
    }

    private static let words = ["anchor", "bolt", "candle", "drum", "engine", "flute", "globe", "hammer"]
}

/// Sebastiano Vigna's splitmix64: a stream of numbers for each pair of seed and stream.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64, stream: UInt64) {
        state = seed
        state = next() ^ stream
        state = next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
