import Shared

/// How much of what is true was seen, and how much of what was seen is true.
struct Score: Equatable {
    /// What the manifest tells.
    var told = 0
    /// What was seen of it, and what was seen beside it.
    var seen = 0
    /// What was seen as it was told.
    var right = 0

    var isPerfect: Bool { right == told && right == seen }
}

/// Something that was not seen as it was told, or that was seen and not told.
struct Difference {
    enum What {
        case missing
        case extra
        case differs([(field: String, told: String, seen: String?)])
    }

    var kind: EventKind
    var what: What
    var tuple: Tuple
    /// Whose view of the connection it is, where both were seen.
    var view: String?
    /// Which of its kind on the connection, from 1; 0 for the connection itself.
    var place: Int
    /// The manifest's line; 0 where it tells nothing of it.
    var line: Int
    /// The event in a few words.
    var text: String
}

/// What Tapedeck saw, held against a manifest.
///
/// Connections are matched by the client's and the server's endpoint and, where both were used more than once, by their
/// order. Where both sides were profiled, the two views are one connection, and both have to be there and right. A
/// connection that the manifest does not tell of is wrong where a process made it whose other connections the manifest
/// tells of, and another service's business everywhere else.
struct Grading {
    /// Of each kind of event, how many were told, seen and right; and the same of each of its fields.
    private(set) var scores: [EventKind: (event: Score, fields: [Score])] = [:]
    /// What was not seen as it was told, connection by connection.
    private(set) var differences: [Difference] = []
    /// Connections of others.
    private(set) var unjudged = 0

    var isPerfect: Bool {
        scores.values.allSatisfy { $0.event.isPerfect && $0.fields.allSatisfy(\.isPerfect) }
    }

    init(_ truth: GroundTruth, _ seen: [SeenConnection]) {
        for kind in EventKind.allCases { scores[kind] = (Score(), kind.fields.map { _ in Score() }) }
        var byTuple: [Tuple: [SeenConnection]] = [:]
        var strangers: [SeenConnection] = []
        var clients: Set<ProcessKey> = []
        var servers: Set<Endpoint> = []
        for connection in seen.sorted(by: { $0.id.serial < $1.id.serial }) {
            guard truth.connections[connection.graded.tuple] != nil else {
                strangers.append(connection)
                continue
            }
            byTuple[connection.graded.tuple, default: []].append(connection)
            guard let process = connection.process else { continue }
            if connection.isClientView {
                clients.insert(process)
            } else {
                servers.insert(connection.graded.tuple.remote)
            }
        }
        for tuple in truth.tuples {
            // Who was profiled on one connection was so on all.
            let sides = [!clients.isEmpty, servers.contains(tuple.remote)]
            grade(tuple, truth.connections[tuple] ?? [], byTuple[tuple] ?? [], profiled: sides)
        }
        for stranger in strangers {
            if stranger.isClientView, !stranger.isFailedConnect, let process = stranger.process,
                clients.contains(process)
            {
                add(extra: stranger.graded, view: nil, counts: true)
            } else {
                unjudged += 1
            }
        }
    }

    // MARK: Connections

    /// A view of a tuple: what one side of its connections saw.
    private struct View {
        /// `nil` where there is only one.
        var name: String?
        var seen: [GradedConnection]
        /// For each connection that was told, what was seen of it.
        var found: [GradedConnection?] = []
        /// What nobody told of.
        var extra: [GradedConnection] = []
    }

    /// - Parameter profiled: whether the client was, and whether the server was.
    private mutating func grade(
        _ tuple: Tuple, _ told: [GradedConnection], _ seen: [SeenConnection], profiled: [Bool]
    ) {
        // Of what was refused, the server knows nothing.
        let isRefused = told.allSatisfy { $0.connection.values[3] == "refused" }
        var views: [View] = []
        for (isClient, isProfiled) in zip([true, false], profiled) {
            let own = seen.filter { $0.isClientView == isClient }.map(\.graded)
            guard !own.isEmpty || isProfiled && (isClient || !isRefused) else { continue }
            views.append(View(name: isClient ? "client" : "server", seen: own))
        }
        if views.isEmpty { views = [View(seen: [])] }
        if views.count == 1 { views[0].name = nil }
        for index in views.indices {
            views[index].found = told.map { _ in nil }
            let alignment = Alignment(told.map(\.connection), views[index].seen.map(\.connection), .connection)
            for pair in alignment.pairs {
                guard let place = pair.seen else { continue }
                if let target = pair.told {
                    views[index].found[target] = views[index].seen[place]
                } else {
                    views[index].extra.append(views[index].seen[place])
                }
            }
        }
        let most = views.map(\.extra.count).max()
        let counted = views.firstIndex { $0.extra.count == most }
        for (index, view) in views.enumerated() {
            for connection in view.extra { add(extra: connection, view: view.name, counts: index == counted) }
        }
        for (place, connection) in told.enumerated() {
            let found = views.map { (name: $0.name, connection: $0.found[place]) }
            add(.connection, tuple, place: 0, connection.connection, found.map { ($0.name, $0.connection?.connection) })
            for kind in EventKind.within { grade(kind, connection, found) }
        }
    }

    private mutating func grade(
        _ kind: EventKind, _ told: GradedConnection, _ views: [(name: String?, connection: GradedConnection?)]
    ) {
        var found = told[kind].map { _ in [(String?, GradedEvent?)]() }
        var extra = views.map { _ in [(place: Int, event: GradedEvent)]() }
        for (index, view) in views.enumerated() {
            let seen = view.connection?[kind] ?? []
            for pair in Alignment(told[kind], seen, kind).pairs {
                if let place = pair.told {
                    found[place].append((view.name, pair.seen.map { seen[$0] }))
                } else if let place = pair.seen {
                    extra[index].append((place + 1, seen[place]))
                }
            }
        }
        let most = extra.map(\.count).max()
        let counted = extra.firstIndex { $0.count == most }
        for (index, view) in views.enumerated() {
            for (place, event) in extra[index] {
                add(extra: kind, told.tuple, place: place, event, view: view.name, counts: index == counted)
            }
        }
        for (place, event) in told[kind].enumerated() {
            add(kind, told.tuple, place: place + 1, event, found[place])
        }
    }

    // MARK: Counting

    /// Something that was told, and what each view saw of it.
    private mutating func add(
        _ kind: EventKind, _ tuple: Tuple, place: Int, _ told: GradedEvent, _ views: [(String?, GradedEvent?)]
    ) {
        var score = scores[kind] ?? (Score(), [])
        score.event.told += 1
        if views.contains(where: { $0.1 != nil }) { score.event.seen += 1 }
        if views.allSatisfy({ $0.1 != nil }) { score.event.right += 1 }
        for field in told.values.indices where told.values[field] != nil {
            score.fields[field].told += 1
            let seen = views.map(\.1)
            if seen.contains(where: { $0?.values[field] != nil }) { score.fields[field].seen += 1 }
            if seen.allSatisfy({ GradedEvent.agrees(told, $0, kind, field: field) }) {
                score.fields[field].right += 1
            }
        }
        scores[kind] = score
        for (name, seen) in views {
            guard let what = Self.compare(told, seen, kind) else { continue }
            differences.append(
                Difference(
                    kind: kind, what: what, tuple: tuple, view: name, place: place, line: told.line,
                    text: Self.text(told, kind)))
        }
    }

    private static func compare(_ told: GradedEvent, _ seen: GradedEvent?, _ kind: EventKind) -> Difference.What? {
        guard let seen else { return .missing }
        var fields: [(String, String, String?)] = []
        for (field, name) in kind.fields.enumerated() {
            guard let value = told.values[field] else { continue }
            if !GradedEvent.agrees(told, seen, kind, field: field) { fields.append((name, value, seen.values[field])) }
        }
        return fields.isEmpty ? nil : .differs(fields)
    }

    /// - Parameter counts: of two views that both saw too much, the one that saw more counts.
    private mutating func add(extra connection: GradedConnection, view: String?, counts: Bool) {
        add(extra: .connection, connection.tuple, place: 0, connection.connection, view: view, counts: counts)
        for kind in EventKind.within {
            for (place, event) in connection[kind].enumerated() {
                add(extra: kind, connection.tuple, place: place + 1, event, view: view, counts: counts)
            }
        }
    }

    private mutating func add(
        extra kind: EventKind, _ tuple: Tuple, place: Int, _ event: GradedEvent, view: String?, counts: Bool
    ) {
        if counts {
            scores[kind]?.event.seen += 1
            for (field, value) in event.values.enumerated() where value != nil { scores[kind]?.fields[field].seen += 1 }
        }
        differences.append(
            Difference(
                kind: kind, what: .extra, tuple: tuple, view: view, place: place, line: 0, text: Self.text(event, kind))
        )
    }

    private static func text(_ event: GradedEvent, _ kind: EventKind) -> String {
        event.values.prefix(kind.identity).compactMap { $0 }.joined(separator: kind == .connection ? ", " : " ")
    }
}
