import Glibc
package import Shared

/// Somebody watches a map while it grows: on a terminal as a view that stays, elsewhere as the tree, every now and then.
///
/// It has no thread of its own: who reads a tape asks it to look, to wait until a moment is due, and to wait where there is nothing
/// to read; a capture goes on beside it.
package final class Watch {
    /// What the map is of.
    package enum Subject: Equatable {
        /// Of a tape, which plays on a terminal at a speed; elsewhere it is read as fast as can be.
        case tape(TapePace.Speed)
        /// Of what happens now. Signals are the capture's.
        case capture
    }

    /// What is watched, as it stands.
    package struct Seen: Sendable {
        package var map: ServiceMapDocument
        /// Beside its name, the most important first.
        package var title: [String]
        package var facts: [String]

        package init(map: ServiceMapDocument, title: [String], facts: [String]) {
            (self.map, self.title, self.facts) = (map, title, facts)
        }
    }

    /// Exchanges of all the map that are shown one by one.
    package static let exchanges = JournalSize.last(2000)

    /// `nil`: as it was.
    package typealias Source = () -> Seen?

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
    private let isCapture: Bool
    private var view: WatchView
    private var pace: TapePace
    private var source: Source?
    private var seen: Seen?

    /// Nobody watches any more.
    package private(set) var isOver = false
    private var phase = Phase.reading
    /// There is something that was not drawn.
    private var hasNews = true
    private var nextLook: Int64 = 0
    private var nextDraw: Int64 = 0
    /// What was printed last.
    private var printed = ""
    /// Nobody reads what is printed.
    private var failure: Failure?

    private enum Phase: String {
        case reading = ""
        case waiting = "waits for more"
        case ended = "ended"
        case live = "live"
    }

    /// - Parameter name: of what is watched.
    package init(_ name: String, _ choice: MapView.Choice, of subject: Subject) {
        self.name = name
        self.choice = choice
        isCapture = subject == .capture
        screen = Screen()
        view = WatchView(choice, isLive: isCapture)
        pace = TapePace(.most)
        if case .tape(let speed) = subject, screen != nil { pace = TapePace(speed) }
        nextDraw = Clock.monotonic &+ (screen == nil ? Self.printing : 0)
        if !isCapture { Interruption.belongs(toWatcher: true) }
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

    /// Shows what a capture has to show until nobody watches any more, or it ends.
    /// - Parameter hasEnded: whether it does.
    package func follow(_ source: @escaping Source, until hasEnded: () -> Bool) {
        phase = .live
        begin(source)
        while !isOver, !hasEnded() {
            hasNews = hasNews || !pace.isPaused
            attend(waiting: Self.patience)
        }
    }

    /// Gives the terminal back.
    package func leave() throws(Failure) {
        screen?.leave()
        if !isCapture { Interruption.belongs(toWatcher: false) }
        if let failure { throw failure }
    }

    // MARK: Showing

    /// Waits for keys, and shows what is new.
    private func attend(waiting: Int64) {
        if !isCapture, Interruption.take() != nil {
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
        takeNews()
        // Nothing was read where it is not known yet what is read.
        let watched = WatchView.Watched(
            map: seen?.map ?? ServiceMapDocument(generatedAt: nil, services: []),
            title: [name, state] + (seen?.title ?? []), facts: seen?.facts ?? [])
        screen.draw(view.lines(watched, style, rows: size.rows))
        let after = Clock.monotonic
        nextDraw = max(now &+ Self.drawing, after &+ (after &- now) &* Self.share)
        hasNews = false
    }

    /// A capture goes on while what is seen of it stands still.
    private func takeNews() {
        guard seen == nil || !isCapture || !pace.isPaused else { return }
        seen = source?() ?? seen
    }

    private var state: String { pace.isPaused ? "paused" : phase == .reading ? pace.speed.text : phase.rawValue }

    /// The tree for who reads on, where something has changed.
    private func print() {
        let now = Clock.monotonic
        guard now >= nextDraw, hasNews else { return }
        hasNews = false
        takeNews()
        guard let seen else { return }
        let style = Terminal.style(STDOUT_FILENO)
        let tree = ServiceMapTree.text(MapView(seen.map, choice), style, isInbound: choice.isInbound)
        if tree != printed {
            printed = tree
            let head = style.safe((seen.title + seen.facts).joined(separator: style.symbol(" · ", ", ")))
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

extension Watch.Seen {
    /// As a tape stands.
    package init(_ map: ServiceMapDocument, _ summary: Summary) {
        // `2026-11-23 23:21:58 UTC`.
        let moment = summary.lastEvent.map { "\($0)".prefix(19).map { $0 == "T" ? " " : $0 } + " UTC" }
        self.init(
            map: map, title: moment.map { [String($0)] } ?? [],
            facts: [
                Quantity.count(summary.messages.distinct &+ summary.operations.distinct, "exchange"),
                Quantity.count(summary.connections.opened, "connection"),
                SummaryReport.isLossy(summary) ? "something was lost" : "nothing lost",
            ])
    }
}
