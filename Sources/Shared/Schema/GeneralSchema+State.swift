/// General schemas, and shapes that a map keeps, as a state has them.
extension GeneralSchema {
    func write(_ state: inout StateWriter) {
        state.number(depth)
        facts.write(&state)
    }

    init(_ state: inout StateReader) throws(StateFault) {
        let depth = try state.number(Int.self)
        self.init(try SchemaFacts(&state, depth: SchemaFacts.deepest), depth: min(depth, SchemaFacts.deepest))
        fit()
    }
}

extension SchemaFacts {
    func write(_ state: inout StateWriter) {
        for count in [nulls, booleans, integers, fractions, texts, arrays, objects, others] { state.number(count) }
        state.number(formats.bits)
        state.number(keys.bits)
        state.flag(isTable)
        state.list(elements) { $1.write(&$0) }
        state.list(table) { $1.write(&$0) }
        state.list(members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) { state, member in
            state.text(member.key)
            state.number(member.value.times)
            member.value.facts.write(&state)
        }
    }

    /// - Parameter depth: levels that may follow.
    init(_ state: inout StateReader, depth: Int) throws(StateFault) {
        guard depth >= 0 else { throw .damaged }
        self.init()
        nulls = try state.number()
        booleans = try state.number()
        integers = try state.number()
        fractions = try state.number()
        texts = try state.number()
        arrays = try state.number()
        objects = try state.number()
        others = try state.number()
        formats = StringFormats(bits: try state.number(UInt16.self))
        keys = SchemaKeys(bits: try state.number(UInt16.self))
        isTable = try state.flag()
        elements = try state.list { state throws(StateFault) in try SchemaFacts(&state, depth: depth - 1) }
        table = try state.list { state throws(StateFault) in try SchemaFacts(&state, depth: depth - 1) }
        guard elements.count <= 1, table.count <= 1 else { throw .damaged }
        for _ in 0..<(try state.count()) {
            let (key, times) = (try state.string(), try state.number())
            members[key] = Member(times: times, facts: try SchemaFacts(&state, depth: depth - 1))
        }
    }
}

extension Shape {
    /// Levels of a shape that a state may have: bodies are followed no deeper (`Limits.jsonDepth`).
    private static let deepest = 256

    func write(_ state: inout StateWriter) {
        state.byte(UInt8(rank))
        switch self {
        case .empty, .nonJSON, .null, .boolean, .number, .string: break
        case .array(let shapes), .union(let shapes): state.list(shapes) { $1.write(&$0) }
        case .object(let members):
            state.list(members) { state, member in
                state.text(member.key)
                state.byte((member.isOptional ? 1 : 0) | (member.isPattern ? 2 : 0))
                member.shape.write(&state)
            }
        }
    }

    init(_ state: inout StateReader) throws(StateFault) { self = try Self.read(&state, depth: Self.deepest) }

    private static func read(_ state: inout StateReader, depth: Int) throws(StateFault) -> Shape {
        guard depth > 0 else { throw .damaged }
        switch try state.byte() {
        case 0: return .empty
        case 1: return .nonJSON
        case 2: return .null
        case 3: return .boolean
        case 4: return .number
        case 5: return .string
        case 6: return .array(try state.list { state throws(StateFault) in try read(&state, depth: depth - 1) })
        case 7:
            return .object(
                try state.list { state throws(StateFault) in
                    let (key, flags) = (try state.string(), try state.byte())
                    return Member(
                        key: key, shape: try read(&state, depth: depth - 1), isOptional: flags & 1 != 0,
                        isPattern: flags & 2 != 0)
                })
        case 8: return .union(try state.list { state throws(StateFault) in try read(&state, depth: depth - 1) })
        default: throw .damaged
        }
    }
}
