import Testing

@testable import Shared
@testable import replay

/// The events of a tape, to be told otherwise.
private final class Events: EventSink {
    struct Entry {
        var event: CapturedEvent
        var payload: [UInt8]

        var isSecret: Bool { if case .secret = event.kind { true } else { false } }
        var isData: Bool { data != nil }
        /// The connection that it is data of.
        var data: ConnectionID? { if case .data(let at) = event.kind { at.connection } else { nil } }
        /// The same; a secret, of nobody knows which session.
        func withoutSession(_ process: ProcessKey? = nil) throws -> Entry {
            guard case .secret(let secret) = event.kind else { return self }
            var entry = self
            entry.event.kind = .secret(
                try #require(
                    TLSSecret(label: secret.label, clientRandom: nil, secret: secret.secret, process: process)))
            return entry
        }

        func seen(by process: ProcessKey) -> Entry {
            guard case .open(var opened) = event.kind else { return self }
            var entry = self
            opened.process = process
            entry.event.kind = .open(opened)
            return entry
        }

        /// The same as the other end sees it, a connection of its own.
        func mirrored(by process: ProcessKey) -> Entry {
            func twin(_ id: ConnectionID) -> ConnectionID { ConnectionID(id.serial + 1_000_000) }
            func turned(_ at: StreamPosition) -> StreamPosition {
                StreamPosition(twin(at.connection), at.direction == .send ? .receive : .send, at.position)
            }
            var entry = self
            switch event.kind {
            case .open(let opened):
                entry.event.kind = .open(
                    ConnectionOpened(
                        id: twin(opened.id), local: opened.remote, remote: opened.local,
                        role: opened.role == .client ? .server : .client, process: process))
            case .data(let at): entry.event.kind = .data(turned(at))
            case .acknowledged(let at): entry.event.kind = .acknowledged(turned(at))
            case .expected(let at): entry.event.kind = .expected(turned(at))
            case .finished(let at): entry.event.kind = .finished(turned(at))
            case .close(var closed):
                closed.id = twin(closed.id)
                entry.event.kind = .close(closed)
            default: break
            }
            return entry
        }

        /// The connection whose end it is.
        var closed: ConnectionID? { if case .close(let closed) = event.kind { closed.id } else { nil } }
    }

    private(set) var entries: [Entry] = []

    /// - Parameter fixture: of TLS, or with its protocol: `mssql/strict`.
    convenience init(_ fixture: String) throws {
        let path = fixture.contains("/") ? fixture : "tls/\(fixture)"
        try self.init(bytes: #require(TextFile.bytes("Fixtures/\(path)/input.pcapng")))
    }

    init(bytes: [UInt8]) throws {
        var tape = Tape(sink: self)
        try tape.read(Input(bytes: PeekedBytes(MemoryBytes(bytes)), name: "tape"))
        tape.finish()
    }

    func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        entries.append(Entry(event: copy event, payload: [UInt8](payload)))
    }
}

/// What a pipeline makes of events.
private struct Decrypted {
    var outputs: PipelineOutputs
    /// `GET /path` and `200 /path` with its body.
    var messages: [String]

    init(_ entries: [Events.Entry], _ secrets: [TLSSecret] = []) {
        var options = Profiler.Options()
        options.secrets = secrets
        let profiler = Profiler(options)
        for entry in entries { profiler.consume(entry.event, payload: entry.payload.span.bytes) }
        outputs = PipelineOutputs(profiler)
        messages = outputs.log.split(separator: "\n").filter { $0.contains(#""event_type":"http""#) }.map { line in
            func field(_ name: String) -> String {
                line.firstMatch(of: try! Regex("\"\(name)\":\"?((?:[^\",\\\\]|\\\\.)*)")).map {
                    String($0[1].substring ?? "")
                }
                    ?? ""
            }
            return "\(field("status_code"))\(field("method")) \(field("url")) \(field("body"))"
        }
    }

    var tls: Summary.TLS { outputs.summary.tls }
}

/// TLS whose secrets the tape has.
@Suite struct `Decryption` {
    /// The server's own word for what was agreed on is in its answer.
    @Test func `opens what each cipher suite protects`() throws {
        let result = try Decrypted(Events("suites").entries)
        let answers = result.messages.filter { $0.hasPrefix("200") }
        #expect(answers.count == 27)
        let versions = ["tls1": "TLSv1", "tls1_1": "TLSv1.1", "tls1_2": "TLSv1.2", "tls1_3": "TLSv1.3"]
        for answer in answers {
            let words = answer.split(separator: " ")
            let path = words[1].split(separator: "/")
            // `/tls1_2/SUITE /tls1_2/SUITE TLSv1.2 SUITE\n`
            #expect(words.count == 5 && words[2] == words[1], "\(answer)")
            #expect(words.count > 3 && versions[String(path[0])] == String(words[3]), "\(answer)")
            let suite = path[1].replacing("ECDHE-ARIA256", with: "ECDHE-ARIA256")
            #expect(words.last?.hasPrefix(suite) == true, "\(answer)")
        }
        #expect(result.tls.failed == 0 && result.tls.closed.total == 0 && result.tls.decrypted == 25)
    }

    @Test(
        arguments: [
            "suites", "decrypted", "resumed", "early-data", "key-update", "postgres-decrypted", "mssql/encrypted",
            "mssql/strict",
        ])
    func `leaves no record closed`(_ fixture: String) throws {
        let result = try Decrypted(Events(fixture).entries)
        #expect(result.tls.records > 0 && result.tls.failed == 0 && result.tls.closed.total == 0)
        #expect(result.outputs.summary.bytes.isBalanced && result.outputs.summary.innerBytes.isBalanced)
        #expect(result.outputs.summary.innerBytes.unparsed.total == 0)
    }

    /// A library tells of a secret before it uses it, and the ring buffer may bring it later.
    @Test(arguments: ["suites", "decrypted", "resumed", "key-update"], [1, 3, 8])
    func `waits for secrets that come late`(_ fixture: String, _ late: Int) throws {
        let entries = try Events(fixture).entries
        let early = Decrypted(entries)
        // They come, all of them, so many pieces of data behind each connection's first, and before it ends.
        var told = entries.filter { !$0.isSecret }
        let secrets = entries.filter(\.isSecret)
        var places: [Int] = []
        for (place, entry) in told.enumerated() {
            guard case .open(let opened) = entry.event.kind else { continue }
            let rest = told.indices[place...]
            let data = rest.filter { told[$0].data == opened.id }
            let end = rest.first { told[$0].closed == opened.id }
            places.append(data.count > late ? data[late] : try #require(end))
        }
        #expect(!places.isEmpty)
        for place in places.sorted(by: >) {
            for var secret in secrets {
                secret.event.timestamp = told[place].event.timestamp
                told.insert(secret, at: place)
            }
        }
        let result = Decrypted(told)
        #expect(result.messages.sorted() == early.messages.sorted())
        #expect(result.tls.records == early.tls.records && result.tls.failed == 0)
        #expect(late < 3 || result.tls.waited > 0)
    }

    @Test func `gives up on secrets that do not come, and holds little until then`() throws {
        let entries = try Events("decrypted").entries.filter { !$0.isSecret }
        let profiler = Profiler(Profiler.Options())
        var most = 0
        for entry in entries {
            profiler.consume(entry.event, payload: entry.payload.span.bytes)
            most = max(most, profiler.heldBytes)
        }
        let outputs = PipelineOutputs(profiler)
        #expect(most < 5 * (36 << 10), "\(most) bytes were held")
        #expect(outputs.summary.tls.closed[.noSecret] == 5 && outputs.summary.tls.records == 0)
        #expect(outputs.summary.bytes.isBalanced && outputs.summary.innerBytes.total == 0)
        #expect(!outputs.log.contains(#""event_type":"http""#))
    }

    @Test func `shows nothing by a wrong secret`() throws {
        for place in [0, 31] {
            let entries = try Events("suites").entries.map { entry in
                guard case .secret(let secret) = entry.event.kind else { return entry }
                var bytes = secret.secret
                bytes[place] ^= 1
                var entry = entry
                entry.event.kind = .secret(
                    try #require(TLSSecret(label: secret.label, clientRandom: secret.clientRandom, secret: bytes)))
                return entry
            }
            let result = Decrypted(entries)
            #expect(result.messages.isEmpty)
            // What is not encrypted is not proved either.
            #expect(result.tls.records == 0)
            #expect(result.outputs.summary.bytes.isBalanced)
        }
    }

    @Test func `shows nothing of a record that was changed`() throws {
        let entries = try Events("suites").entries
        let whole = Decrypted(entries).messages
        // An answer whose request is not known has neither its method nor its path.
        let answers = whole.filter { $0.hasPrefix("200") }.map { message in
            "200  " + message.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)[2]
        }
        let known = Set(whole + answers)
        for seed in 0..<16 {
            var changed = entries
            let data = changed.indices.filter { changed[$0].isData && changed[$0].payload.count > 40 }
            let place = data[(seed * 7919) % data.count]
            changed[place].payload[changed[place].payload.count - 1 - seed % 30] ^= 0x40
            let result = Decrypted(changed)
            #expect(Set(result.messages).subtracting(known).isEmpty, "seed \(seed)")
            #expect(result.outputs.summary.bytes.isBalanced && result.outputs.summary.innerBytes.isBalanced)
        }
    }

    /// Whatever piece is missing, what is said is true, and what comes behind it is found.
    @Test func `goes on behind bytes that are missing`() throws {
        let entries = try Events("lost").entries
        let isFile = { (message: String) in message.contains("/files/numbers.txt") }
        let whole = Decrypted(entries)
        #expect(whole.messages.count == 4)
        #expect(whole.tls.unverified == 2 && whole.tls.failed == 0)
        let after = whole.messages.filter { !isFile($0) }
        #expect(after.count == 2 && after.last?.contains("/after/the/loss TLSv1.3") == true)
        let pieces = entries.indices.filter { entries[$0].isData && entries[$0].payload.count > 1000 }
        var found = 0
        var lost: UInt64 = 0
        for place in pieces {
            var holed = entries
            holed.remove(at: place)
            let result = Decrypted(holed)
            #expect(Set(result.messages.filter { !isFile($0) }).isSubset(of: after), "without \(place)")
            #expect(result.outputs.summary.bytes.isBalanced && result.outputs.summary.innerBytes.isBalanced)
            lost += result.tls.lost
            if result.messages.filter({ !isFile($0) }) == after { found += 1 }
        }
        // All but where the handshake is what is missing.
        #expect(found >= pieces.count - 2, "\(found) of \(pieces.count)")
        #expect(lost > 0, "no record's header was among them")
    }

    /// BoringSSL, GnuTLS and newer versions of OpenSSL tell of a secret without its session: what it opens shows it.
    @Test(arguments: ["suites", "decrypted", "resumed", "key-update", "postgres-decrypted", "early-data"])
    func `finds the sessions of secrets by trying them`(_ fixture: String) throws {
        let entries = try Events(fixture).entries
        let known = Decrypted(entries)
        let result = Decrypted(try entries.map { try $0.withoutSession() })
        #expect(result.messages == known.messages)
        #expect(result.outputs.log == known.outputs.log)
        #expect(result.outputs.map == known.outputs.map)
        #expect(result.tls.records == known.tls.records && result.tls.failed == known.tls.failed)
        #expect(result.tls.sessions <= known.tls.sessions && result.tls.closed.total == 0)
    }

    /// Of a connection both ends tell, one of them without its session.
    @Test(arguments: [false, true])
    func `counts a secret once that two tell of`(_ isKnownFirst: Bool) throws {
        let entries = try Events("decrypted").entries
        let known = Decrypted(entries)
        let result = Decrypted(
            try entries.flatMap { entry in
                guard entry.isSecret else { return [entry] }
                let other = try entry.withoutSession()
                return isKnownFirst ? [entry, other] : [other, entry]
            })
        #expect(result.messages == known.messages && result.tls == known.tls)
    }

    /// What a program brings with it is not probed yet when it connects, and its server's library does not say which session it
    /// is: the server's view shows it, and the client's has waited for that.
    @Test(arguments: ["decrypted", "suites", "resumed"])
    func `opens both views by what one end tells, each in its order`(_ fixture: String) throws {
        let (client, server) = (ProcessKey(pid: 7, startTime: 1), ProcessKey(pid: 8, startTime: 1))
        let entries = try Events(fixture).entries
        let known = Decrypted(entries)
        let result = Decrypted(
            try entries.flatMap { entry in
                entry.isSecret
                    ? [try entry.withoutSession(server)] : [entry.seen(by: client), entry.mirrored(by: server)]
            })
        #expect(result.messages.sorted() == (known.messages + known.messages).sorted() && !known.messages.isEmpty)
        #expect(result.outputs.summary.anomalies.total == known.outputs.summary.anomalies.total)
        #expect(result.tls.decrypted == 2 * known.tls.decrypted && result.tls.closed == known.tls.closed)
    }

    @Test func `tries the secrets of a process on its own connections only`() throws {
        let (own, other) = (ProcessKey(pid: 7, startTime: 1), ProcessKey(pid: 8, startTime: 1))
        let entries = try Events("decrypted").entries
        for (process, isRight) in [(own, true), (other, false)] {
            let result = Decrypted(
                try entries.map { entry in
                    var entry = try entry.withoutSession(process)
                    guard case .open(var opened) = entry.event.kind else { return entry }
                    opened.process = own
                    entry.event.kind = .open(opened)
                    return entry
                })
            #expect(result.messages.isEmpty != isRight)
            #expect((result.tls.records > 0) == isRight && result.tls.failed == 0)
            #expect(result.tls.unusedSecrets > 0 || isRight)
            #expect(result.outputs.summary.bytes.isBalanced)
        }
    }

    @Test func `does not count early data that the server has refused`() throws {
        let messages = try Decrypted(Events("early-data").entries).messages
        #expect(
            messages.contains { $0.contains("GET /early ") && $0.hasPrefix("200") && $0.contains("early data: '1'") })
        #expect(messages.contains { $0.contains("/retried") } && !messages.contains { $0.contains("/refused") })
    }

    @Test func `says the same by a key log as by secrets on the tape`() throws {
        let entries = try Events("decrypted").entries
        let secrets: [TLSSecret] = entries.compactMap {
            if case .secret(let secret) = $0.event.kind { secret } else { nil }
        }
        let result = Decrypted(entries.filter { !$0.isSecret }, secrets)
        let other = Decrypted(entries)
        #expect(result.outputs.log == other.outputs.log && result.outputs.map == other.outputs.map)
        #expect(result.tls == other.tls)
    }

    @Test func `reads on where TLS began inside of PostgreSQL`() throws {
        let outputs = try Decrypted(Events("postgres-decrypted").entries).outputs
        #expect(outputs.log.contains(#""targets":["items"]"#))
        #expect(outputs.map.contains("tls: true"))
    }
}

/// What is written down of TLS whose secrets are known.
@Suite struct `Conversions of TLS` {
    private func convert(_ entries: [Events.Entry], _ recorder: some EventRecorder, _ sink: some EventSink) -> [UInt8] {
        for entry in entries { sink.consume(entry.event, payload: entry.payload.span.bytes) }
        (sink as? PlaintextRecorder<TraceRecorder>)?.finish()
        recorder.finish()
        var bytes: [UInt8] = []
        recorder.drain { bytes.append($0) }
        return bytes
    }

    private func read(_ bytes: [UInt8]) throws -> Decrypted {
        let events = try Events(bytes: bytes)
        return Decrypted(events.entries)
    }

    @Test(arguments: ["suites", "decrypted", "early-data", "postgres-decrypted", "mssql/encrypted", "mssql/strict"])
    func `keep the plaintext only, if that is wanted`(_ fixture: String) throws {
        let entries = try Events(fixture).entries
        let recorder = TraceRecorder()
        let written = convert(entries, recorder, PlaintextRecorder(recorder, []))
        let events = try Events(bytes: written).entries
        #expect(!events.contains { $0.isSecret })
        // Not a record of the wire is left.
        #expect(
            !events.contains { $0.isData && $0.payload.starts(with: [22, 3]) || $0.payload.starts(with: [23, 3]) })
        let (result, whole) = (Decrypted(events), Decrypted(entries))
        #expect(result.messages == whole.messages)
        #expect(result.outputs.summary.operations == whole.outputs.summary.operations)
        // Where the handshake stands in the packets of another protocol it stays.
        #expect(fixture == "mssql/encrypted" || result.outputs.summary.innerBytes == whole.outputs.summary.innerBytes)
    }

    /// As Wireshark reads it: blocks of secrets before the packets.
    @Test func `to packets have a Decryption Secrets Block`() throws {
        let entries = try Events("decrypted").entries
        let recorder = PacketRecorder()
        let result = try read(convert(entries, recorder, recorder))
        #expect(recorder.unplacedEvents == 0)
        #expect(result.messages == Decrypted(entries).messages)
        #expect(result.tls.secrets == Decrypted(entries).tls.secrets)
    }

    /// A block of secrets is a key log, and that names the session of each.
    @Test func `to packets name the sessions that the tape does not`() throws {
        let folder = TemporaryFolder()
        let entries = try Events("decrypted").entries
        let tape = TraceRecorder()
        // One that opens nothing stays without.
        let stranger = try #require(
            TLSSecret(label: "CLIENT_TRAFFIC_SECRET_0", clientRandom: nil, secret: [UInt8](repeating: 7, count: 32)))
        var told = try entries.map { try $0.withoutSession() }
        let first = try #require(told.firstIndex { $0.isSecret })
        told.insert(
            Events.Entry(event: CapturedEvent(told[first].event.timestamp, .secret(stranger)), payload: []), at: first)
        let path = folder.write("run.tape", convert(told, tape, tape))
        let placed = try PlacedSecrets.find(in: [path], [])
        #expect(Set(placed.compactMap(\.keyLogLine)).count == placed.count && !placed.isEmpty)

        let recorder = PacketRecorder()
        let result = try read(convert(told, recorder, WithSecrets(recorder, [], placed: placed)))
        #expect(recorder.unplacedEvents == 1, "the stranger")
        #expect(result.messages == Decrypted(entries).messages)
    }

    @Test func `to packets are a key log for another capture of the sessions`() throws {
        let (folder, keys) = (TemporaryFolder(), "Fixtures/tls/decrypted/input.pcapng")
        let recorder = PacketRecorder()
        let wire = folder.write(
            "wire.pcapng", convert(try Events("decrypted").entries.filter { !$0.isSecret }, recorder, recorder))
        func urls(_ arguments: [String]) throws -> Int {
            let result = try Executable.replay(arguments + ["--quiet", "--output", "-"])
            return result.output.split(separator: "\n").count { $0.contains("\"url\":") }
        }
        let opened = try urls([keys])
        #expect(try opened > 0 && urls([wire, "--tls-keys", keys]) == opened && urls([wire]) == 0)
        let none = try Executable.replay([wire, "--tls-keys", wire])
        #expect(none.status == 2 && none.errors.contains("--tls-keys \(wire): holds no secrets of TLS"), "\(none)")
    }

    @Test func `put the secrets of a key log before what they open`() throws {
        let entries = try Events("decrypted").entries
        let secrets: [TLSSecret] = entries.compactMap {
            if case .secret(let secret) = $0.event.kind { secret } else { nil }
        }
        let recorder = TraceRecorder()
        let written = convert(entries.filter { !$0.isSecret }, recorder, WithSecrets(recorder, secrets))
        #expect(try read(written).messages == Decrypted(entries).messages)
    }
}

@Suite struct `A key log` {
    private static let random = String(repeating: "ab", count: 32)

    private static func read(_ text: String) -> KeyLog { KeyLog(Array(text.utf8).span.bytes) }

    @Test func `has secrets, comments, and lines that are none`() {
        let log = Self.read(
            """
            # SSL/TLS secrets log file, generated by OpenSSL
            CLIENT_RANDOM \(Self.random) 0a0b\r

            SERVER_TRAFFIC_SECRET_0 \(Self.random) 0C0D
            EXPORTER_SECRET \(Self.random) 0c0d
            RSA 0123456789abcdef 0c0d
            CLIENT_RANDOM abcd 0a0b
            CLIENT_RANDOM \(Self.random) 0a0
            CLIENT_RANDOM \(Self.random)
            """)
        #expect(log.secrets.map(\.label) == ["CLIENT_RANDOM", "SERVER_TRAFFIC_SECRET_0"])
        #expect(log.secrets.map(\.secret) == [[10, 11], [12, 13]])
        #expect(log.badLines == 3 && log.firstBadLine == 7)
    }

    @Test func `comes back from a secret`() throws {
        let secret = try #require(
            TLSSecret(label: "CLIENT_RANDOM", clientRandom: Array(repeating: 0xAB, count: 32), secret: [1, 0xFF]))
        let line = try #require(secret.keyLogLine)
        #expect(KeyLog(line.span.bytes).secrets == [secret])
    }
}
