import Testing

@testable import traffic

@Suite struct `The choices` {
    private static func steps(_ seed: UInt64, postgres: Bool = true, redis: Bool = true) -> [Step] {
        let choices = Choices(seed: seed, postgres: postgres, redis: redis)
        return (0..<230).map { choices[$0] }
    }

    @Test func `are the same for the same seed, in any order`() {
        let choices = Choices(seed: 7, postgres: true, redis: true)
        #expect(Self.steps(7) == (0..<230).reversed().map { choices[$0] }.reversed())
        #expect(Self.steps(7) != Self.steps(8))
    }

    @Test func `hold every kind in every round`() {
        let round = Self.steps(1).prefix(23)
        var routes: Set<String> = []
        var forms: Set<String> = []
        var pipelines = 0
        for step in round {
            switch step {
            case .http(let request): routes.insert(request.route)
            case .postgres(let statement): forms.insert("\(statement.form)\(statement.expectedError ?? "")")
            case .redis(let commands): pipelines += commands.count > 1 ? 1 : 0
            }
        }
        #expect(routes == ["GET /", "GET /healthz", "POST /echo", "GET /slow"])
        #expect(
            forms == ["text", "text22012", "parameters", #"prepared(name: "by_name")"#, #"prepared(name: "insert")"#])
        #expect(pipelines == 1)
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
