/// Finds what `Redactor` would hide in all that a tape's connections and processes say, with where it was said.
package final class CredentialFinder: Sink {
    /// A direction of a connection, whatever lies in it.
    package struct Stream: Hashable, Sendable {
        package var connection: ConnectionID
        package var direction: Direction

        package init(_ connection: ConnectionID, _ direction: Direction) {
            self.connection = connection
            self.direction = direction
        }
    }

    private let redactor = Redactor(keepsFound: true)
    private let logins = Registry.standard.logins
    /// Each value once, in the order in which they were found; without those that are hidden already.
    package private(set) var values: [FoundCredential] = []
    private var known: Set<FoundCredential> = []
    /// Where they were said.
    package private(set) var streams: Set<Stream> = []
    /// Streams with bodies that can't be looked into: in a coding that is not read, or longer than `longestBody`.
    package private(set) var sealed: Set<Stream> = []

    /// Connections that talk HTTP, and whose credentials have names beside them.
    package private(set) var ofHTTP: Set<ConnectionID> = []

    /// Bytes of a body that are looked at; set as the pipeline's limit, too.
    package static let longestBody = 64 << 20

    package init() {}

    /// What a pipeline has to be asked for, so that this sees everything.
    package static func options(_ secrets: [TLSSecret]) -> Profiler.Options {
        var options = Profiler.Options()
        options.eventLog = false
        options.environments = false
        options.statements = .full
        options.limits.bodyBytes = longestBody
        options.secrets = secrets
        return options
    }

    package var needs: Needs { [.messages, .operations] }

    package func message(
        _ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan, of connection: Connection,
        _ origin: Origin
    ) {
        let stream = Stream(connection.opened.id, connection.direction(message.head.side))
        _ = message.redacted(redactor)
        keep(of: stream)
        if isSealed(message) { sealed.insert(stream) }
    }

    package func operation(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, of connection: Connection, _ origin: Origin
    ) {
        _ = redactor.shown([UInt8](text.extracting(operation.statement)))
        keep(of: Stream(connection.opened.id, connection.direction(operation.side)))
    }

    package func ended(_ connection: Connection, _ end: ConnectionEnd) {
        guard let verdict = connection.verdict, Registry.standard[verdict].role == .exchanges else { return }
        ofHTTP.insert(connection.opened.id)
    }

    /// Bytes of a stream as they are, whatever they are of: what no message was made of may say something, too.
    ///
    /// - Parameters:
    ///   - text: any part of the stream. A value ends before what stands in no text.
    ///   - loss: where in it bytes are missing; what lies behind may be the end of a value.
    package func bytes(_ text: [UInt8], loss: Int?, of stream: Stream) {
        for hit in CredentialScanner(text).hits {
            var hit = hit
            let end = text[hit.range].firstIndex { $0 < 0x20 && $0 != 0x09 } ?? hit.range.upperBound
            hit.range = hit.range.lowerBound..<end
            keep(hit, in: text, loss: loss, of: stream)
        }
        for value in logins.flatMap({ $0.find(in: text.span.bytes) }) where !value.isEmpty {
            keep(CredentialScanner.Hit(range: value, credential: .login), in: text, loss: loss, of: stream)
        }
    }

    /// In two parts where bytes are missing within it.
    private func keep(_ hit: CredentialScanner.Hit, in text: [UInt8], loss: Int?, of stream: Stream) {
        let (start, end) = (hit.range.lowerBound, hit.range.upperBound)
        let cuts = [start, Swift.min(Swift.max(loss ?? end, start), end), end]
        for (from, to) in zip(cuts, cuts.dropFirst()) where from < to {
            // What stood before a loss does not stand before what is behind it.
            let behind = from == loss ? [] : Array(text[..<from].suffix(FoundCredential.longestBefore))
            keep([FoundCredential(hit, text[from..<to], behind: behind)], of: stream)
        }
    }

    /// A process's command line and environment.
    package func process(_ process: ProcessIdentity) {
        _ = process.redacted(redactor)
        keep(of: nil)
    }

    private func isSealed(_ message: borrowing Message) -> Bool {
        if message.anomalies.contains(.contentCodingUnknown) || message.anomalies.contains(.contentCodingFailed) {
            return true
        }
        return message.wireBytes > UInt64(Self.longestBody)
            || message.bodyIsSeparate && message.decodedBytes > UInt64(message.decoded.count)
    }

    private func keep(of stream: Stream?) { keep(redactor.takeFound(), of: stream) }

    private func keep(_ all: [FoundCredential], of stream: Stream?) {
        for found in all where !found.isMasked {
            if let stream { streams.insert(stream) }
            if known.insert(found).inserted { values.append(found) }
        }
    }
}

extension ProcessIdentity {
    /// The process with what looks like a credential hidden in its command line and its environment.
    package func redacted() -> ProcessIdentity { redacted(Redactor()) }

    func redacted(_ redactor: Redactor) -> ProcessIdentity {
        var shown = self
        shown.commandLine = redactor.shown(commandLine)
        shown.profileName = profileName.map { redactor.shown($0) }
        guard case .block(let block) = environment else { return shown }
        var hidden: [UInt8] = []
        for entry in block.split(separator: 0) {
            guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else {
                hidden += redactor.shown(Array(entry)) + [0]
                continue
            }
            let (name, value) = (Array(entry[..<equals]), Array(entry[(equals + 1)...]))
            hidden += name + [UInt8(ascii: "=")] + redactor.shown(value, ofVariable: name) + [0]
        }
        shown.environment = .block(hidden)
        return shown
    }
}
