import Testing

@testable import traffic

@Suite struct `The choices` {
    private static func steps(_ seed: UInt64, postgres: Bool = true, redis: Bool = true) -> [Step] {
        let choices = Choices(seed: seed, postgres: postgres, redis: redis)
        return (0..<240).map { choices[$0] }
    }

    @Test func `are the same for the same seed, in any order`() {
        let choices = Choices(seed: 7, postgres: true, redis: true)
        #expect(Self.steps(7) == (0..<240).reversed().map { choices[$0] }.reversed())
        #expect(Self.steps(7) != Self.steps(8))
    }

    @Test func `hold every kind in every round`() {
        let round = Self.steps(1).prefix(24)
        var routes: Set<String> = []
        var forms: Set<String> = []
        var pipelines = 0
        var errors: [String] = []
        for step in round {
            switch step {
            case .http(let request): routes.insert(request.route)
            case .postgres(let statement): forms.insert("\(statement.form)\(statement.expectedError ?? "")")
            case .redis(let commands):
                pipelines += commands.count > 1 ? 1 : 0
                errors += commands.compactMap(\.expectedError)
            }
        }
        #expect(routes == ["GET /", "GET /healthz", "POST /echo", "GET /slow"])
        #expect(
            forms == ["text", "text22012", "parameters", #"prepared(name: "by_name")"#, #"prepared(name: "insert")"#])
        #expect(pipelines == 1)
        #expect(errors == ["ERR"])
    }

    @Test func `a statement is its pattern with literals in it`() {
        let statements = Self.steps(1).compactMap { if case .postgres(let statement) = $0 { statement } else { nil } }
        for statement in statements {
            #expect(statement.pattern.count { $0 == "?" } == statement.literals.count)
            #expect(!statement.text.contains("?"))
        }
        let insert = Statement(form: .text, operation: "INSERT", pattern: "VALUES (?, ?)", literals: ["'a'", "7"])
        #expect(insert.text == "VALUES ('a', 7)")
        let command = Command(name: "SET", key: "k", values: ["v", "EX", "9"])
        #expect(command.words == ["SET", "k", "v", "EX", "9"])
        #expect(command.pattern == "SET k ?")
        #expect(Command(name: "GET", key: "k").pattern == "GET k")
    }

    @Test func `leave out what is not configured`() {
        for step in Self.steps(3, postgres: false, redis: false) {
            guard case .http = step else {
                Issue.record("\(step)")
                continue
            }
        }
        #expect(!Self.steps(3, redis: false).contains { if case .redis = $0 { true } else { false } })
    }
}
