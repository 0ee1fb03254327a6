/// A map as one HTML file that is opened from disk: nothing is fetched, nothing from the tape can run.
///
/// Tables and the graph are HTML and SVG, so that they are read and printed without scripts; details, search and the browser of
/// exchanges are the script's. What comes from the tape is text wherever it stands: escaped in markup, as `textContent` in the
/// script, with `<` as `\u003c` in the data. The Content-Security-Policy lets run only the page's own script and style, by their
/// hashes, and no string become markup (Trusted Types), so that even a fault in this does not let it run.
package struct HTMLReport {
    /// What a report is made of, beside the map.
    package struct Sources {
        /// What was read, as people know it: the names of files.
        package var inputs: [String]
        /// `Summary.provenance`.
        package var from: String
        package var isLossy: Bool
        /// What the source says of what it left out.
        package var complaints: [String]
        /// The summary as it is shown on a terminal.
        package var account: String

        package init(inputs: [String], from: String, isLossy: Bool, complaints: [String], account: String) {
            self.inputs = inputs
            self.from = from
            self.isLossy = isLossy
            self.complaints = complaints
            self.account = account
        }
    }

    /// Operations that have a row; a page with more is no help to anybody.
    static let mostRows = 10_000

    let view: MapView
    let graph: ServiceGraph
    let summary: Summary
    let sources: Sources
    let story: ServiceMapDocument.Story
    let operations: [ReportOperation]
    /// The places of `operations`.
    private let places: [ServiceMapDocument.Story.Subject: Int]
    /// Where a name's own operations are, or else those that are asked of it first.
    let links: [String: String]
    var html = ""

    /// - Parameter document: with bodies and story.
    package static func text(
        _ document: ServiceMapDocument, _ choice: MapView.Choice, _ summary: Summary, _ sources: Sources
    ) -> String {
        var report = HTMLReport(document, choice, summary, sources)
        report.write()
        return report.html
    }

    private init(
        _ document: ServiceMapDocument, _ choice: MapView.Choice, _ summary: Summary, _ sources: Sources
    ) {
        view = MapView(document, choice)
        graph = ServiceGraph(document, choice)
        self.summary = summary
        self.sources = sources
        operations = ReportOperation.all(of: view, document.filtered(choice.selection), most: Self.mostRows)
        var places: [ServiceMapDocument.Story.Subject: Int] = [:]
        for (place, operation) in operations.enumerated() { places[operation.subject] = place }
        self.places = places
        var links: [String: String] = [:]
        for (place, service) in view.services.enumerated() {
            for (number, peer) in service.peers.enumerated() where links[peer.name] == nil {
                links[peer.name] = "#p\(place)-\(number)"
            }
        }
        for (place, service) in view.services.enumerated() { links[service.name] = "#s\(place)" }
        self.links = links
        var story = document.story ?? ServiceMapDocument.Story()
        story.exchanges.removeAll { places[$0.subject] == nil }
        self.story = story
    }

    private mutating func write() {
        head()
        html += "<main>\n"
        overview()
        picture()
        services()
        browser()
        account()
        html += "<footer>\(escaped(sources.from))</footer>\n</main>\n"
        keys()
        html += "<script type=\"application/json\" id=\"data\">\(ReportData.json(self))</script>\n"
        html += "<script>\(ReportScript.text)</script>\n</body>\n</html>\n"
    }

    func escaped(_ text: String) -> String { MarkupText.escaped(text) }

    func place(of subject: ServiceMapDocument.Story.Subject) -> Int? { places[subject] }

    // MARK: Head

    private mutating func head() {
        let title = sources.inputs.count == 1 ? sources.inputs[0] : "\(sources.inputs.count) tapes"
        let policy = [
            "default-src 'none'", "script-src 'sha256-\(PageHash.base64(ReportScript.text))'",
            "style-src 'sha256-\(PageHash.base64(ReportStyle.text))'", "base-uri 'none'", "form-action 'none'",
            "require-trusted-types-for 'script'", "trusted-types 'none'",
        ]
        html += """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="\(policy.joined(separator: "; "))">
            <meta name="referrer" content="no-referrer">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(escaped(title)) · Tapedeck</title>
            <style>\(ReportStyle.text)</style>
            </head>
            <body>
            <a class="skip" href="#services">To the services</a>
            <header><div>
            <h1>Who talks to whom</h1>
            <p class="faint">\(escaped(sources.inputs.joined(separator: ", ")))</p>
            </div></header>
            <div class="bar"><div>
            <nav aria-label="Sections"><a href="#graph">Graph</a><a href="#services">Services</a>\(story.exchanges.isEmpty ? "" : "<a href=\"#exchanges\">Exchanges</a>")<a href="#account">Account</a></nav>
            <div class="tools"><span id="found" class="faint" role="status"></span>
            <input type="search" id="search" class="needs-script" placeholder="Search services, operations, exchanges  ( / )" aria-label="Search" autocomplete="off" spellcheck="false">
            <button type="button" id="theme" class="needs-script">Theme: auto</button>
            <button type="button" id="help" class="needs-script" aria-label="Keys">?</button></div>
            </div></div>

            """
    }

    // MARK: Overview

    private mutating func overview() {
        let edges = graph.edges
        let errors = edges.reduce(UInt64(0)) { $0 &+ $1.totals.errors }
        let asked = edges.reduce(UInt64(0)) { $0 &+ $1.totals.count }
        let callers = Set(edges.map(\.source)).count
        var cards: [(String, String)] = [
            (Quantity.count(UInt64(callers)), callers == 1 ? "service that calls" : "services that call"),
            (Quantity.count(UInt64(Set(edges.map(\.target)).count)), "destinations"),
            (Quantity.count(summary.messages.exchanges), "HTTP exchanges"),
        ]
        if summary.operations.total > 0 {
            cards.append((Quantity.count(summary.operations.total), "operations of stores and buses"))
        }
        cards.append(
            (
                Quantity.count(errors),
                asked > 0 ? "errors, \(Quantity.share(errors, of: asked)) of what was asked" : "errors"
            ))
        cards.append((Quantity.bytes(summary.bytes.total), "in streams"))
        if let first = summary.firstEvent, let last = summary.lastEvent {
            let second = "\(first)".prefix(19).replacing("T", with: " ")
            cards.append((Quantity.duration(nanoseconds: max(last.since(first), 0)), "from \(second) UTC"))
        }
        html += "<section aria-label=\"Overview\">\n<div class=\"cards\">\n"
        for (number, text) in cards {
            html += "<div class=\"card\"><b>\(escaped(number))</b><small>\(escaped(text))</small></div>\n"
        }
        html += "</div>\n"
        balance()
        html += "</section>\n"
    }

    /// What was lost, or that nothing was; and what became of every byte.
    private mutating func balance() {
        html += "<div class=\"notice\(sources.isLossy ? " lossy" : "")\">"
        let said = sources.isLossy ? "Something was lost: there may be more than is shown here." : "Nothing was lost."
        html += "<strong>\(said)</strong>"
        let ledger = summary.bytes
        if ledger.total > 0 {
            let parts: [(name: String, className: String, bytes: UInt64)] = [
                ("parsed", "f-parsed", ledger.parsed), ("recognised", "f-recognised", ledger.recognised),
                ("gaps", "f-gaps", ledger.gaps.total), ("not understood", "f-unparsed", ledger.unparsed.total),
            ]
            html += "<svg class=\"balance\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
            var passed: UInt64 = 0
            for part in parts where part.bytes > 0 {
                let start = Self.perMille(passed, of: ledger.total)
                passed &+= part.bytes
                let width = max(Self.perMille(passed, of: ledger.total) - start, 2)
                html += "<rect class=\"\(part.className)\" x=\"\(start)\" width=\"\(width)\" height=\"10\"/>"
            }
            html += "</svg><div class=\"legend faint\">"
            for part in parts where part.bytes > 0 {
                let share = Quantity.share(part.bytes, of: ledger.total)
                html +=
                    "<span><i class=\"\(part.className)\"></i>\(part.name) \(Quantity.bytes(part.bytes)), \(share)</span>"
            }
            html += "</div>"
        }
        if !sources.complaints.isEmpty {
            html += "<ul>"
            for complaint in sources.complaints { html += "<li>\(escaped(complaint))</li>" }
            html += "</ul>"
        }
        html += "</div>\n"
    }

    private static func perMille(_ part: UInt64, of whole: UInt64) -> Int {
        Int((Double(part) / Double(whole) * 1000).rounded())
    }

    // MARK: Graph, account, keys

    private mutating func picture() {
        let shown = graph.fitted(GraphPicture.room)
        html += "<section id=\"graph\">\n<h2>Graph</h2>\n"
        html +=
            "<div class=\"filters needs-script\"><button type=\"button\" id=\"fit\" aria-pressed=\"false\">Fit to the page</button>"
        html += "<small>Point at a box to see what it talks to; a click leads to its operations.</small></div>\n"
        html += "<figure class=\"graph\">\(GraphPicture.part(shown, links: links))</figure>\n"
        if shown.folded > 0 { html += "<p class=\"faint\">\(GraphPicture.folding(shown, of: graph))</p>\n" }
        html += "</section>\n"
    }

    private mutating func account() {
        html += "<section id=\"account\">\n<h2>Account</h2>\n<pre class=\"account\">"
        let lines = sources.account.split(separator: "\n", omittingEmptySubsequences: false)
        html += lines.map { escaped(String($0)) }.joined(separator: "\n")
        html += "</pre>\n</section>\n"
    }

    private mutating func keys() {
        let keys = [
            ("/", "search"), ("Esc", "end the search"), ("j  k", "next, previous operation"),
            ("Enter", "open or close it"),
            ("g  s  e  a", "graph, services, exchanges, account"), ("t", "auto, light, dark"), ("?", "this"),
        ]
        html += "<dialog id=\"keys\" aria-label=\"Keys\"><h3>Keys</h3><dl>"
        for (key, action) in keys {
            let parts = key.split(separator: " ").map { "<kbd>\($0)</kbd>" }.joined(separator: " ")
            html += "<dt>\(parts)</dt><dd>\(action)</dd>"
        }
        html += "</dl><form method=\"dialog\"><button>Close</button></form></dialog>\n"
    }
}
