/// Writes events down as JSON lines, for people to read and edit; nothing of the binary form is lost.
///
///     {"tapedeck_trace":1}
///     {"type":"data","timestamp":"2026-04-08T18:24:10.123456789Z","connection":1,"direction":"send","position":0,"text":"GET / …"}
///
/// `docs/fields.md` has the fields, and the article <doc:Traces> what they mean for a reader.
package struct TraceTextWriter: ~Copyable {
    private var json = JSONWriter()
    private var time = TimestampText()
    private var scratch: [UInt8] = []

    /// Begins a trace: its first line is the first that can be taken.
    package init() {
        json.beginObject()
        json.key("tapedeck_trace")
        json.number(UInt64(TraceFormat.version))
        json.endObject()
        json.newline()
    }

    /// Bytes that nobody took yet.
    package var count: Int { json.count }

    /// Lends the new lines to the sink, and forgets them.
    package mutating func drain(_ body: (RawSpan) -> Void) {
        if json.count > 0 { body(json.bytes) }
        json.removeAll()
    }

    /// Appends an event; `payload` holds the bytes of a `data` event or of a `datagram`, and is empty for all others.
    package mutating func write(_ event: borrowing CapturedEvent, payload: RawSpan) {
        let at = event.timestamp
        switch event.kind {
        case .open(let opened): write(opened, at)
        case .data(let position):
            begin("data", at)
            put(position)
            put(payload)
        case .gap(let gap):
            begin("gap", at)
            put(gap.at)
            number("length", gap.length)
            name("reason", gap.reason)
        case .continued(let continued):
            write(continued.opened, at, as: "continued")
            number("sent", continued.sent)
            number("received", continued.received)
        case .acknowledged(let position):
            begin("acknowledged", at)
            put(position)
        case .expected(let position):
            begin("expected", at)
            put(position)
        case .finished(let position):
            begin("finished", at)
            put(position)
        case .close(let closed):
            begin("close", at)
            number("connection", closed.id.serial)
            name("how", closed.how)
            if closed.error != 0 { number("error", Int64(closed.error)) }
        case .process(let process): write(process, at)
        case .exit(let key):
            begin("exit", at)
            put(key)
        case .listening(let listening):
            begin("listening", at)
            put(listening.process)
            endpoint("endpoint", listening.endpoint)
            if let namespace = listening.networkNamespace { number("network_namespace", namespace.number) }
        case .container(let fact): write(fact, at)
        case .name(let name):
            begin("name", at)
            endpoint("endpoint", Endpoint(name.address, 0))
            text("name", name.name)
        case .lost(let loss):
            begin("lost", at)
            name("reason", loss.reason)
            number("count", loss.count)
        case .sequenceNumbers(let numbers):
            begin("sequence_numbers", at)
            number("connection", numbers.connection.serial)
            sequenceNumbers(numbers.local, numbers.remote)
        case .unixSocket(let socket): write(socket, at)
        case .datagram(let datagram): write(datagram, payload, at)
        case .secret(let secret): write(secret, at)
        case .tape(let origin): write(origin, at)
        case .end: begin("end", at)
        }
        json.endObject()
        json.newline()
    }

    private mutating func write(_ opened: ConnectionOpened, _ at: Timestamp, as type: StaticString = "open") {
        begin(type, at)
        number("connection", opened.id.serial)
        endpoint("local", opened.local)
        endpoint("remote", opened.remote)
        name("role", opened.role)
        if opened.joinedLate {
            json.key("joined_late")
            json.boolean(true)
        }
        if let process = opened.process { put(process) }
        sequenceNumbers(opened.localSequenceNumber, opened.remoteSequenceNumber)
    }

    private mutating func write(_ socket: UnixSocket, _ at: Timestamp) {
        begin("unix_socket", at)
        number("number", socket.number)
        switch socket.name {
        case .unnamed: break
        case .path(let bytes): put(bytes.span.bytes, text: "path", base64: "path_base64")
        case .abstract(let bytes): put(bytes.span.bytes, text: "abstract", base64: "abstract_base64")
        }
        if let process = socket.process { put(process) }
    }

    private mutating func write(_ datagram: CapturedDatagram, _ payload: RawSpan, _ at: Timestamp) {
        begin("datagram", at)
        endpoint("local", datagram.local)
        endpoint("remote", datagram.remote)
        name("direction", datagram.direction)
        if let process = datagram.process { put(process) }
        if let cut = datagram.cut {
            number("missing", UInt64(cut.length))
            name("reason", cut.reason)
        }
        put(payload)
    }

    private mutating func write(_ secret: TLSSecret, _ at: Timestamp) {
        begin("secret", at)
        text("label", secret.label)
        if let random = secret.clientRandom { hexadecimal("client_random", random) }
        hexadecimal("secret", secret.secret)
        if let connection = secret.connection { number("connection", connection.serial) }
        if let process = secret.process { put(process) }
    }

    private mutating func write(_ origin: TapeOrigin, _ at: Timestamp) {
        begin("tape", at)
        let id = [origin.id.high, origin.id.low].flatMap { number in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
        }
        hexadecimal("id", id)
        text("writer", origin.writer)
        text("version", origin.version)
        if origin.promisesEnd {
            json.key("promises_end")
            json.boolean(true)
        }
        if origin.bringsSecrets {
            json.key("brings_secrets")
            json.boolean(true)
        }
    }

    private mutating func write(_ process: ProcessIdentity, _ at: Timestamp) {
        begin("process", at)
        put(process.key)
        text("comm", process.comm)
        text("command_line", process.commandLine)
        if let profile = process.profile { text("profile", profile) }
        if let name = process.profileName { text("profile_name", name) }
        switch process.environment {
        case .block(let block): environment(block)
        case .unavailable(let reason): if !reason.isEmpty { text("environment_error", reason) }
        }
        if let namespace = process.networkNamespace { number("network_namespace", namespace.number) }
    }

    private mutating func write(_ fact: ContainerFact, _ at: Timestamp) {
        begin("container", at)
        switch fact.subject {
        case .process(let key): put(key)
        case .endpoint(let endpoint): self.endpoint("endpoint", endpoint)
        }
        text("service", fact.container?.service ?? "")
        text("image", fact.container?.image ?? "")
        text("id", fact.container?.id ?? "")
        text("name", fact.container?.name ?? "")
    }

    /// A variable an element; one that is no text as `{"base64":…}`.
    ///
    /// A block whose last entry has no zero byte at its end stays in one piece.
    private mutating func environment(_ block: [UInt8]) {
        guard block.isEmpty || block.last == 0 else {
            json.key("environment_base64")
            json.base64(block.span.bytes)
            return
        }
        json.key("environment")
        json.beginArray()
        let bytes = block.span.bytes
        var start = 0
        while let end = bytes.firstIndex(of: 0, from: start) {
            json.element()
            let entry = bytes.extracting(start..<end)
            if !json.string(entry) {
                json.beginObject()
                json.key("base64")
                json.base64(entry)
                json.endObject()
            }
            start = end &+ 1
        }
        json.endArray()
    }

    // MARK: Fields

    private mutating func begin(_ type: StaticString, _ at: Timestamp) {
        json.beginObject()
        json.key("type")
        json.string(type)
        json.key("timestamp")
        json.timestamp(at, &time)
    }

    private mutating func put(_ at: StreamPosition) {
        number("connection", at.connection.serial)
        name("direction", at.direction)
        if at.layer != .wire { name("layer", at.layer) }
        number("position", at.position)
    }

    private mutating func put(_ key: ProcessKey) {
        number("pid", Int64(key.pid))
        number("start_time", key.startTime)
    }

    private mutating func put(_ payload: RawSpan) { put(payload, text: "text", base64: "base64") }

    /// Under one key as text, or, where they are none, under the other.
    private mutating func put(_ bytes: RawSpan, text: StaticString, base64: StaticString) {
        let mark = json.mark
        json.key(text)
        if json.string(bytes) { return }
        json.rollBack(to: mark)
        json.key(base64)
        json.base64(bytes)
    }

    private mutating func sequenceNumbers(_ local: UInt32?, _ remote: UInt32?) {
        if let local { number("local_sequence", UInt64(local)) }
        if let remote { number("remote_sequence", UInt64(remote)) }
    }

    private mutating func hexadecimal(_ key: StaticString, _ bytes: [UInt8]) {
        var digits: [UInt8] = []
        Hexadecimal.append(bytes, to: &digits)
        json.key(key)
        _ = json.string(digits.span.bytes)
    }

    private mutating func number(_ key: StaticString, _ value: UInt64) {
        json.key(key)
        json.number(value)
    }

    private mutating func number(_ key: StaticString, _ value: Int64) {
        json.key(key)
        json.number(value)
    }

    private mutating func text(_ key: StaticString, _ value: String) {
        json.key(key)
        json.string(value)
    }

    private mutating func name(_ key: StaticString, _ value: some TraceCoded) {
        json.key(key)
        json.string(value.traceName)
    }

    private mutating func endpoint(_ key: StaticString, _ endpoint: Endpoint) {
        scratch.removeAll(keepingCapacity: true)
        endpoint.append(to: &scratch)
        json.key(key)
        let text = scratch
        _ = json.string(text.span.bytes)
    }
}
