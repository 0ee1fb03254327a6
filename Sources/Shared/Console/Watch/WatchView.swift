package import Shared

/// What somebody who watches a map sees, and how the keys change it: the tree, or what there is to say of a place in it.
///
/// A function of the keys and of what is watched: no terminal, no clock.
package struct WatchView {
    /// What is watched, as it stands.
    package struct Watched {
        package var map: ServiceMapDocument
        /// What it is, and how it stands: the most important first.
        package var title: [String]
        package var facts: [String]

        package init(map: ServiceMapDocument, title: [String], facts: [String]) {
            self.map = map
            self.title = title
            self.facts = facts
        }
    }

    /// What a key asks for beyond what is seen.
    package enum Request: Equatable {
        case quit, suspend, pause, faster, slower
    }

    private enum Page: Equatable {
        case tree
        case details(MapPlace)
        case help
    }

    private var choice: MapView.Choice
    private var page = Page.tree
    private var filter = ""
    private var isTyping = false
    private var selected: MapPlace?
    /// Lines that lie above the first that is seen.
    private var above = 0
    /// How many lines a page has, and those of the tree that can be selected, as they were drawn last.
    private var room = 1
    private var places: [MapPlace] = []
    /// What was drawn last; keys may come faster than it is drawn.
    private var map: ServiceMapDocument?
    private var isStale = false
    /// The page is moved by so many lines before it is drawn.
    private var moves = 0

    /// Of each list in the tree so many are shown; filters show the others.
    private static let most = 500

    /// Of a capture, which has no speed.
    private let isLive: Bool

    package init(_ choice: MapView.Choice, isLive: Bool = false) {
        self.choice = choice
        self.isLive = isLive
    }

    // MARK: Keys

    package mutating func press(_ key: Key) -> Request? {
        if isTyping, type(key) { return nil }
        switch key {
        case .interrupt, .character("q"): return .quit
        case .suspend: return .suspend
        case .up, .character("k"): move(-1)
        case .down, .character("j"): move(1)
        case .pageUp: move(-room)
        case .pageDown: move(room)
        case .home, .character("g"): move(-.max / 2)
        case .end, .character("G"): move(.max / 2)
        case .enter, .right:
            refresh()
            if page == .tree, let selected { open(.details(selected)) }
        case .escape, .left, .backspace:
            if page != .tree { open(.tree) } else if key == .escape { filter = "" }
            isStale = true
        case .character("/"):
            page = .tree
            isTyping = true
        case .character("s"):
            let orders = MapView.Order.allCases
            let place = orders.firstIndex(of: choice.order) ?? 0
            choice.order = orders[(place + 1) % orders.count]
            isStale = true
        case .character("i"):
            choice.isInbound.toggle()
            selected = nil
            isStale = true
            open(.tree)
        case .character("?"): open(page == .help ? .tree : .help)
        case .character(" "): return .pause
        case .character("+"), .character(">"): return .faster
        case .character("-"), .character("<"): return .slower
        case .character: break
        }
        return nil
    }

    /// - Returns: whether the key is a part of the filter, or ends it.
    private mutating func type(_ key: Key) -> Bool {
        switch key {
        case .character(let character): filter.append(character)
        case .backspace: if filter.isEmpty { isTyping = false } else { filter.removeLast() }
        case .enter: isTyping = false
        case .escape:
            isTyping = false
            filter = ""
        default: return false
        }
        isStale = true
        return true
    }

    /// Keys are about what would be seen now.
    private mutating func refresh() {
        guard isStale, let map else { return }
        isStale = false
        select(in: ServiceMapTree.lines(view(of: map), TextStyle(), isInbound: choice.isInbound, top: Self.most))
    }

    private mutating func open(_ page: Page) {
        self.page = page
        if page != .tree { above = 0 }
    }

    private mutating func move(_ lines: Int) {
        guard page == .tree else {
            moves = lines
            return
        }
        refresh()
        guard !places.isEmpty else { return }
        let at = selected.flatMap { places.firstIndex(of: $0) }
        let next = (at ?? (lines > 0 ? -1 : 0)).addingReportingOverflow(lines)
        selected = places[min(max(next.overflow ? 0 : next.partialValue, 0), places.count - 1)]
    }

    // MARK: What is seen

    /// A screen of so many lines.
    package mutating func lines(_ watched: Watched, _ style: TextStyle, rows: Int) -> [String] {
        room = max(rows - 4, 1)
        map = watched.map
        var content: [String]
        switch page {
        case .tree: content = tree(watched.map, style)
        case .details(let place):
            content = MapDetails.lines(of: place, in: watched.map, isInbound: choice.isInbound, style)
        case .help: content = help(style)
        }
        if moves != 0 {
            above = min(max(above.addingReportingOverflow(moves).partialValue, 0), max(content.count - room, 0))
            moves = 0
        }
        above = min(above, max(content.count - room, 0))
        content = Array(content.dropFirst(above).prefix(room))
        content += Array(repeating: "", count: room - content.count)
        return [
            " " + style.tone(.strong, Self.fitting(watched.title, style)),
            " " + style.tone(.faint, Self.fitting([state] + watched.facts, style)), "",
        ] + content + [" " + style.tone(.faint, String(keys.prefix(style.width - 2)))]
    }

    /// How the tree is seen.
    private var state: String {
        var text = "by \(choice.order.rawValue)\(choice.isInbound ? ", who calls" : "")"
        if isTyping || !filter.isEmpty { text += ", with /\(filter)\(isTyping ? "_" : "")" }
        return text
    }

    private var keys: String {
        if isTyping { return "Type what names have; Enter keeps it, Esc takes it away" }
        switch page {
        case .tree:
            let speed = isLive ? "" : "  + -: speed"
            return "Up, Down  Enter: open  /: filter  s: sort  i: turn  Space: pause\(speed)  ?: help  q: end"
        case .details, .help: return "Up, Down: scroll  Esc: back  q: end"
        }
    }

    /// As many parts as there is room for.
    private static func fitting(_ parts: [String], _ style: TextStyle) -> String {
        let separator = style.symbol(" · ", ", ")
        var line = ""
        for part in parts.map(style.safe) where !part.isEmpty {
            let longer = line.isEmpty ? style.fitted(part, style.width - 2) : line + separator + part
            guard longer.count <= style.width - 2 else { break }
            line = longer
        }
        return line
    }

    private mutating func tree(_ map: ServiceMapDocument, _ style: TextStyle) -> [String] {
        let lines = ServiceMapTree.lines(view(of: map), style, isInbound: choice.isInbound, top: Self.most)
        select(in: lines)
        guard !lines.isEmpty else {
            return ["  " + style.tone(.faint, filter.isEmpty ? "nothing yet" : "nothing has that in its name")]
        }
        let place = selected
        if let line = lines.firstIndex(where: { $0.place == place }) {
            // With the titles, where it is the first.
            if line < above { above = line <= 1 ? 0 : line }
            if line >= above + room { above = line - room + 1 }
        }
        return lines.map { $0.place == place && $0.place != nil ? Self.marked($0.text, style) : $0.text }
    }

    private func view(of map: ServiceMapDocument) -> MapView { MapView(map, choice).containing(filter) }

    /// Takes note of what can be selected.
    private mutating func select(in lines: [ServiceMapTree.Line]) {
        isStale = false
        places = lines.compactMap(\.place)
        // What is selected may be gone, and what it was a part of may not.
        while let place = selected, !places.contains(place) { selected = place.parent }
        selected = selected ?? places.first
    }

    /// The line that is selected: its colours the other way round, or with a mark where there are none.
    private static func marked(_ line: String, _ style: TextStyle) -> String {
        guard style.hasColour else { return ">" + line.dropFirst() }
        var (plain, isSequence) = ("", false)
        for scalar in line.unicodeScalars {
            if scalar == "\u{1B}" {
                isSequence = true
            } else if isSequence {
                if scalar == "m" { isSequence = false }
            } else {
                plain.unicodeScalars.append(scalar)
            }
        }
        return "\u{1B}[7m\(plain.padded(style.width))\u{1B}[0m"
    }

    private func help(_ style: TextStyle) -> [String] {
        let time =
            isLive
            ? [("Space", "hold what is seen, while the capture goes on")]
            : [("Space", "pause, and go on"), ("+ -", "twice as fast, half as fast")]
        let keys =
            [
                ("Up Down, k j", "to the next line"), ("PageUp PageDown", "by a page"),
                ("Home End, g G", "to the ends"),
                ("Enter, Right", "what there is to say of the line: numbers, schemas, the last exchanges"),
                ("Esc, Left", "back"), ("/", "show only what has a text in its name, while it is typed"),
                ("s", "sort by count, errors, p99, bytes, name"),
                ("i", "who calls each service, in place of whom it calls"),
            ] + time + [
                ("Ctrl-Z", isLive ? "suspend, and the capture with it" : "suspend"),
                ("q, Ctrl-C", "end: files are written, and the summary is shown"),
            ]
        return keys.map { "  " + style.tone(.strong, $0.0.padded(18)) + style.fitted($0.1, style.width - 22) }
    }
}
