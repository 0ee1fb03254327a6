import Glibc
package import Shared

/// Somebody watches a map while a tape is read: on a terminal as a view that stays, elsewhere as the tree, every now and then.
///
/// It has no thread of its own: who reads asks it to look, to wait until a moment is due, and to wait where there is nothing to
/// read.
package final class Watch {
    /// What is watched, as it stands.
    package typealias Source = () -> (map: ServiceMapDocument, summary: Summary)

    /// Nanoseconds between two drawings, and between two looks at the keyboard.
    private static let drawing: Int64 = 250_000_000
    private static let looking: Int64 = 20_000_000
    /// A map that is large is drawn more seldom: reading has most of the time.
    private static let share: Int64 = 4
    /// Between two trees where there is no terminal.
    private static let printing: Int64 = 2_000_000_000
    /// The longest wait at once.
    private static let patience: Int64 = 100_000_000

    private let name: String
    private let choice: MapView.Choice
    private let screen: Screen?
    private var view: WatchView
    private var pace: TapePace
    private var source: Source?

    /// Nobody watches any more.
    package private(set) var isOver = false
    private var phase = Phase.reading
    /// There is something that was not drawn.
    private var hasNews = true
    private var nextLook: Int64 = 0
    private var nextDraw: Int64 = 0
    /// What was printed last.
    private var printed: [String] = []
    /// Nobody reads what is printed.
    private var failure: Failure?

    private enum Phase: String {
        case reading = ""
        case waiting = "waits for more"
        case ended = "ended"
    }

    /// - Parameters:
    ///   - name: of what is read.
    ///   - speed: at which it is played on a terminal; elsewhere it is read as fast as can be.
    package init(_ name: String, _ choice: MapView.Choice, speed: TapePace.Speed) {
        self.name = name
        self.choice = choice
        screen = Screen()
        view = WatchView(choice)
        pace = TapePace(screen == nil ? .most : speed)
        nextDraw = Clock.monotonic &+ (screen == nil ? Self.printing : 0)
        Interruption.belongs(toWatcher: true)
    }

    /// From now on there is something to see.
    package func begin(_ source: @escaping Source) { self.source = source }

    // MARK: What reads asks

    /// Something was read: shows it, where that is due.
    package func look() {
        hasNews = true
        let now = Clock.monotonic
        guard now >= nextLook, !isOver else { return }
        nextLook = now &+ Self.looking
        attend(waiting: 0)
    }

    /// Waits until a moment of the tape is due.
    @inline(__always)
    package func wait(for moment: Timestamp) {
        hasNews = true
        if pace.speed == .most, !pace.isPaused { return }
        play(moment)
    }

    private func play(_ moment: Timestamp) {
        while !isOver {
            let now = Clock.monotonic
            if pace.isPaused {
                attend(waiting: Self.patience)
            } else if let due = pace.due(moment, now: now) {
                attend(waiting: min(due &- now, Self.patience))
            } else {
                return
            }
        }
    }

    /// There is nothing to read; waits a little.
    /// - Returns: whether to wait on.
    package func waitForMore() -> Bool {
        phase = .waiting
        attend(waiting: Self.patience)
        phase = .reading
        return !isOver
    }

    /// All was read: what is shown stays until nobody watches any more.
    package func stay() {
        phase = .ended
        hasNews = true
        if screen == nil { isOver = true }
        while !isOver { attend(waiting: Self.patience) }
    }

    /// Gives the terminal back.
    package func leave() throws(Failure) {
        screen?.leave()
        Interruption.belongs(toWatcher: false)
        if let failure { throw failure }
    }

    // MARK: Showing

    /// Waits for keys, and shows what is new.
    private func attend(waiting: Int64) {
        if Interruption.take() != nil {
            isOver = true
            return
        }
        guard let screen else {
            print()
            if waiting > 0 { usleep(UInt32(clamping: waiting / 1000)) }
            return
        }
        let untilDraw = hasNews || screen.isStale ? max(nextDraw &- Clock.monotonic, 0) : waiting
        let keys = screen.keys(waiting: min(waiting, untilDraw))
        for key in keys { press(key, screen) }
        let now = Clock.monotonic
        if !isOver, hasNews || screen.isStale, now >= nextDraw { draw(on: screen, now) }
    }

    private func press(_ key: Key, _ screen: Screen) {
        hasNews = true
        switch view.press(key) {
        case .quit?: isOver = true
        case .suspend?: screen.suspend()
        case .pause?: pace.pause(now: Clock.monotonic)
        case .faster?: pace.change(faster: true, now: Clock.monotonic)
        case .slower?: pace.change(faster: false, now: Clock.monotonic)
        case nil: break
        }
    }

    private func draw(on screen: Screen, _ now: Int64) {
        var style = Terminal.style(STDOUT_FILENO)
        let size = screen.size
        style.width = size.columns
        // Nothing was read where it is not known yet what is read.
        let seen = source?()
        let watched = WatchView.Watched(
            map: seen?.map ?? ServiceMapDocument(generatedAt: nil, services: []),
            title: [name, state, seen.map { Self.moment($0.summary) } ?? ""],
            facts: seen.map { Self.facts($0.summary) } ?? [])
        screen.draw(view.lines(watched, style, rows: size.rows))
        let after = Clock.monotonic
        nextDraw = max(now &+ Self.drawing, after &+ (after &- now) &* Self.share)
        hasNews = false
    }

    private var state: String { pace.isPaused ? "paused" : phase == .reading ? pace.speed.text : phase.rawValue }

    /// `2026-11-23 23:21:58 UTC`.
    private static func moment(_ summary: Summary) -> String {
        guard let last = summary.lastEvent else { return "" }
        return String("\(last)".prefix(19).map { $0 == "T" ? " " : $0 }) + " UTC"
    }

    private static func facts(_ summary: Summary) -> [String] {
        [
            Quantity.count(summary.messages.distinct &+ summary.operations.distinct, "exchange"),
            Quantity.count(summary.connections.opened, "connection"),
            SummaryReport.isLossy(summary) ? "something was lost" : "nothing lost",
        ]
    }

    /// The tree for who reads on, where something has changed.
    private func print() {
        let now = Clock.monotonic
        guard now >= nextDraw, hasNews, let source else { return }
        hasNews = false
        let (map, summary) = source()
        let facts = Self.facts(summary)
        if facts != printed {
            printed = facts
            let style = Terminal.style(STDOUT_FILENO)
            let tree = ServiceMapTree.text(MapView(map, choice), style, isInbound: choice.isInbound)
            let head = ([Self.moment(summary)] + facts).joined(separator: style.symbol(" · ", ", "))
            do throws(Failure) {
                if try !StandardOutput.offer("\(head)\n\n\(tree)\n") { isOver = true }
            } catch {
                (failure, isOver) = (error, true)
            }
        }
        let after = Clock.monotonic
        nextDraw = max(now &+ Self.printing, after &+ (after &- now) &* Self.share)
    }
}
