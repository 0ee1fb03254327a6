import Console
import Digest
import Shared
import Shipping

/// What was sent, and of what.
struct Shipment {
    let host: String
    private(set) var inputs: UInt64 = 0
    var bytes: UInt64 = 0
    /// Of the spool.
    var lost: UInt64 = 0
    /// That the stream had before, and has no more.
    var deleted: UInt64 = 0
    private(set) var complaints: [String] = []

    init(host: String) { self.host = host }

    /// Sends an input piece by piece; a file's pieces are the same each time.
    mutating func send(_ path: String, _ send: (Piece) throws(Failure) -> Void) throws(Failure) {
        let isFile = Input.isFile(path)
        let file = try file(path, isFile: isFile)
        let input = try Input.open(path, headBytes: isFile ? nil : Self.headBytes, asTape: false)
        let named: ShippedFile
        if let file { named = file } else { named = try tape(input) }
        var position: UInt64 = 0
        while true {
            let piece = Self.next(of: input, isFile: isFile)
            if piece.isEmpty { break }
            try send(Piece(named, at: position, piece))
            position &+= UInt64(piece.count)
        }
        inputs &+= 1
        bytes &+= position
        if let failure = input.bytes.failure { complaints.append("\(input.name): \(failure); what was read is sent") }
    }

    /// As much as a message may have; of a pipe what is there.
    private static func next(of input: Input, isFile: Bool) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Piece.usualBytes) { buffer, filled in
            repeat {
                let rest = UnsafeMutableRawBufferPointer(buffer)[filled...]
                let count = input.bytes.read(into: UnsafeMutableRawBufferPointer(rebasing: rest))
                if count == 0 { break }
                filled += count
            } while isFile && filled < buffer.count
        }
    }

    /// The first event of a trace that says whose it is.
    private static let headBytes = 512

    /// What a file is called; `nil` for a pipe, of which it has to be read.
    private func file(_ path: String, isFile: Bool) throws(Failure) -> ShippedFile? {
        guard isFile else { return nil }
        let input = try Input.open(path, readsAhead: false, headBytes: TapeOrigin.headBytes, asTape: false)
        let head = input.bytes.head
        if TraceFormat.isTrace(head.span.bytes) { return tape(head: head) }
        guard input.isCapture || input.isTrace || input.isState || HARTape.isArchive(head) else {
            throw input.isNoCapture("can't be read")
        }
        // The beginning of a capture has its times; a state's may be that of another one.
        let content = input.isState ? try input.whole() : head
        let size = Input.fileBytes([path]) ?? 0
        return ShippedFile(host: host, digits: Self.digest(content), number: size)
    }

    private func tape(_ input: Input) throws(Failure) -> ShippedFile {
        let head = input.bytes.head
        guard TraceFormat.isTrace(head.span.bytes) else {
            throw Failure("\(input.name): is a pipe, and no trace (.tape); write it to a file, and ship that")
        }
        return tape(head: head)
    }

    private func tape(head: [UInt8]) -> ShippedFile {
        var (reader, at) = (TraceReader(), 0)
        var first: CapturedEvent?
        while first == nil {
            let rest = head.span.bytes.extracting(at..<head.count)
            guard
                case .taken(let count)? = try? reader.next(rest, isEnd: false, { event, _ in first = copy event })
            else { break }
            at += count
        }
        if let first, case .tape(let origin) = first.kind {
            return ShippedFile(host: host, tape: origin.id, beginning: first.timestamp)
        }
        let number = first.map { UInt64(bitPattern: $0.timestamp.nanoseconds) } ?? 0
        return ShippedFile(host: host, digits: Self.digest(head), number: number)
    }

    private static func digest(_ bytes: [UInt8]) -> String {
        String(BodyDigest(of: bytes.span.bytes).sha256.prefix(32))
    }

    // MARK: What is told

    func text(_ address: StreamAddress) -> String {
        "sent \(Quantity.count(inputs, "input")), \(Quantity.bytes(bytes)), to \(address)\n"
            + (lost > 0 ? "lost \(Quantity.bytes(lost)), for which the spool had no room\n" : "")
            + (deleted > 0
                ? "not stored \(Quantity.bytes(deleted)), which were sent before and deleted from the stream\n" : "")
    }

    /// - Parameter left: bytes that wait in the spool.
    func json(left: UInt64) -> String {
        IndentedJSON.text { json in
            json.number("inputs", inputs)
            json.number("bytes", bytes)
            json.number("waiting", left)
            json.number("lost", lost)
            json.number("deleted", deleted)
        }
    }
}
