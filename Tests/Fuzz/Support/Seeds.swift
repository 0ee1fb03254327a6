import Foundation
import Glibc

@testable import Shared

/// The fixtures as inputs of a target.
struct Seeds {
    private let target: Target

    init(_ target: Target) { self.target = target }

    func write(to folder: String) {
        var number = 0
        for bytes in inputs where !bytes.isEmpty {
            number += 1
            let path = "\(folder)/\(target.rawValue)-\(number)"
            require(FileManager.default.createFile(atPath: path, contents: Data(bytes)), "\(path): can't be written")
        }
    }

    var inputs: [[UInt8]] {
        switch target {
        case .replay: files { $0.hasPrefix("input.") }
        case .trace: files { $0 == "input.tape" || $0 == "input.jsonl" || $0 == "trace.jsonl" } + Self.samples
        case .state: Self.some(files { $0.hasPrefix("input.") }, count: 60).compactMap(Self.asState)
        case .pcapng: files { $0.hasPrefix("input.pcap") }.flatMap(Self.asPcapng)
        case .json: Self.some(files { $0 == "events.jsonl" }.flatMap(Self.lines), count: 400)
        case .codecs:
            [CodedBodies.gzip, CodedBodies.zlib, CodedBodies.rawDeflate, CodedBodies.brotli, CodedBodies.zstd]
                .flatMap { body in (0..<4 as Range<UInt8>).map { [$0] + body } }
        case .http: conversations.map(\.turns)
        case .websocket: conversations.map(\.sockets).filter { $0.count > 1 } + Self.foundInSockets
        case .http2: conversations.map(\.frames).filter { $0.count > 1 }
        // What the fixtures say in the clear, as what TLS carries.
        case .tls: conversations.flatMap { conversation in [0, 1, 2, 4].map { [$0] + conversation.records } }
        case .detectors: conversations.flatMap { [[0] + $0.sides, [1] + $0.sides] }
        }
    }

    /// The contents of the fixtures' files that have such a name.
    private func files(_ isWanted: (String) -> Bool) -> [[UInt8]] {
        let paths = FileManager.default.enumerator(atPath: "Fixtures")?.compactMap { $0 as? String } ?? []
        let wanted = paths.sorted().filter { isWanted(($0 as NSString).lastPathComponent) }
        return wanted.map { Self.contents("Fixtures/\($0)") }
    }

    /// Foundation leaks where it reads a file, and the sanitizer takes that for a finding.
    private static func contents(_ path: String) -> [UInt8] {
        let file = DescriptorBytes(open(path, O_RDONLY), isRegular: true)
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 20)
        while case let count = block.withUnsafeMutableBytes({ file.read(into: $0) }), count > 0 {
            bytes += block[..<count]
        }
        return bytes
    }

    /// What was found: behind a loss, a chain of frames whose last one's text is none, as its first bytes show.
    private static var foundInSockets: [[UInt8]] {
        let found = """
            AAEAAAAlJDtTW1Z0JKakgAQKEosSc4uBAtGGOgoGsUCREQAAwTcAqlVuc2FmZU11Vsoqzs8rKkhWslJQMtIzUNJRUMpNLcnI \
            TwEoCSSmpIAEChKLEnOLgQLRhjoKBrFAkUyQtEEtAADBCgCqJlm/IVy3YS0AAMEJACJdtxFct1EtAADBFADCr0FBQUFBQUFB \
            QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB \
            QTsnPx1Vt1JefklGZl66UmwtAADBEG1ldGhvZADCrzM3s7gYpA5m0tLS0tLS0pNShVItAACIAgAD6AEYBAAAAAAACQAAAAEh \
            AAABAAAAAWQ0AAEEAAA=
            """
        return [found].compactMap { Data(base64Encoded: $0) }.map { [UInt8]($0) }
    }

    /// Traces with events of every kind, in both forms: the fixtures have only those that a source writes by now.
    private static var samples: [[UInt8]] {
        (0..<4 as Range<UInt64>).flatMap { seed in
            var samples = TraceSamples(seed: seed)
            let contents = TraceContents(entries: samples.entries(2 * TraceSamples.kinds))
            return [contents.binary, contents.text]
        }
    }

    private static func lines(_ text: [UInt8]) -> [[UInt8]] { text.split(separator: ASCII.lineFeed).map(Array.init) }

    private static func some(_ all: [[UInt8]], count: Int) -> [[UInt8]] {
        stride(from: 0, to: all.count, by: max(1, all.count / count)).map { all[$0] }
    }

    /// What a tape shows, as a state.
    private static func asState(_ file: [UInt8]) -> [UInt8]? {
        guard file.count < 60 << 10 else { return nil }
        var options = Profiler.Options()
        options.eventLog = false
        options.environments = false
        let profiler = Profiler(options)
        var tape = Tape(sink: profiler)
        try? tape.read(Input(bytes: PeekedBytes(FuzzedBytes(file)), name: "fixture"))
        tape.finish()
        profiler.finish()
        return profiler.state(StateSource(tapes: 1, isIncomplete: false))
    }

    /// A pcapng file with the packets of a capture.
    private static func asPcapng(_ capture: [UInt8]) -> [[UInt8]] {
        if PcapngFile.isPcapng(capture) { return [capture] }
        guard var file = try? PcapFile(FuzzedBytes(capture)), let first = file.next() else { return [] }
        var bytes = block(0x0A0D_0D0A, little(0x1A2B_3C4D) + [1, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 8))
        bytes += block(1, little(UInt32(truncatingIfNeeded: first.linkType)) + little(1 << 18))
        var next: CapturedPacket? = first
        while let packet = next, bytes.count < 16 << 10 {
            let length = little(UInt32(clamping: packet.bytes.count)) + little(UInt32(clamping: packet.wireLength))
            let padding = [UInt8](repeating: 0, count: (4 - packet.bytes.count % 4) % 4)
            bytes += block(6, little(0) + little(0) + little(0) + length + Array(packet.bytes) + padding)
            next = file.next()
        }
        return [bytes]
    }

    private static func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
        let length = little(UInt32(clamping: body.count + 12))
        return little(type) + length + body + length
    }

    private static func little(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }

    // MARK: Conversations

    /// The first bytes of the fixtures' connections.
    private var conversations: [Conversation] {
        files { $0.hasPrefix("input.") }.flatMap { file -> [Conversation] in
            let listener = Listener()
            var tape = Tape(sink: listener)
            try? tape.read(Input(bytes: PeekedBytes(FuzzedBytes(file)), name: "fixture"))
            tape.finish()
            return listener.conversations.values.sorted { $0.serial < $1.serial }.prefix(4).filter { !$0.isEmpty }
        }
    }

    private struct Conversation {
        let serial: UInt64
        /// In the form of the target `http`.
        private(set) var turns: [UInt8] = [0]
        private var sent: [UInt8] = []
        private var received: [UInt8] = []

        init(_ serial: UInt64) { self.serial = serial }

        var isEmpty: Bool { turns.count == 1 }
        /// In the form of the target `http2`.
        var frames: [UInt8] {
            [0] + HTTP2Frames.fuzzed(sent, isClient: true) + HTTP2Frames.fuzzed(received, isClient: false)
        }
        /// In the form of the target `websocket`.
        var sockets: [UInt8] {
            [0] + WebSocketFrames.fuzzed(sent, isClient: true) + WebSocketFrames.fuzzed(received, isClient: false)
        }
        /// In the form of the target `tls`.
        var records: [UInt8] { [0, 3] + FuzzedFields.run(sent) + [1, 3] + FuzzedFields.run(received) }
        /// In the form of the target `detectors`.
        var sides: [UInt8] { FuzzedFields.run(sent) + received }

        mutating func add(_ bytes: [UInt8], _ direction: Direction) {
            guard !bytes.isEmpty, turns.count < 8 << 10 else { return }
            let turn: FuzzedTurn = direction == .send ? .send : .receive
            turns += [turn.rawValue] + FuzzedFields.run(bytes)
            if direction == .send { sent += bytes } else { received += bytes }
        }
    }

    private final class Listener: EventSink {
        var conversations: [UInt64: Conversation] = [:]

        func consume(_ event: CapturedEvent, payload: RawSpan) {
            guard case .data(let at) = event.kind else { return }
            let serial = at.connection.serial
            conversations[serial, default: Conversation(serial)].add([UInt8](payload), at.direction)
        }
    }
}
