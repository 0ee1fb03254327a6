private import CLibbpf
import Glibc

/// The function of a program or library that is given each secret of a TLS session with its label, for the key log.
///
/// Every TLS library has one that can write a key log, and it is called always: it asks within whether somebody wants to know.
/// None is in a symbol table that everybody has, but each is given a label as a text that stands in the file, since that is
/// a public format (RFC 9850). Of a program of Go the function is found by its name.
struct KeyLogFunction: Equatable {
    /// Where in the file the probe is put.
    let offset: UInt64
    /// In which registers the probe finds what it takes; `tapedeck_place` has the form.
    let cookie: UInt64
    /// The kernel does the instruction's work itself, so that a hit costs half a microsecond.
    let isCheap: Bool
    /// The client's random is at hand: else what the secret opens has to be tried.
    let knowsSession: Bool

    /// The label that every library has, with a zero byte on both sides.
    private static let label: [UInt8] = [0] + Array("CLIENT_RANDOM".utf8) + [0]
    /// Go's function, whose name its programs keep even when they are stripped.
    private static let goName = "crypto/tls.(*Config).writeKeyLog"
    /// Instructions between the label and the call that it is an argument of, and of a function before it branches.
    private static let instructionLimit = 48
    /// The longest instruction has 15 bytes.
    private static let instructionBytes = 15

    private init(offset: UInt64, registers: Registers, isCheap: Bool) {
        self.offset = offset
        cookie = registers.cookie
        self.isCheap = isCheap
        knowsSession = registers.random != nil
    }

    /// - Returns: `nil` where the file has none, as far as can be told.
    static func find(in file: ProgramFile) -> KeyLogFunction? {
        #if arch(x86_64)
            if let function = GoFunctions.address(of: goName, in: file) { return probe(of: function, .go, in: file) }
            let labels = labels(in: file)
            guard !labels.isEmpty else { return nil }
            var votes: [UInt64: Int] = [:]
            for place in references(to: labels, in: file) {
                callee(behind: place, in: file).map { votes[$0, default: 0] += 1 }
            }
            guard let most = votes.values.max(), votes.count(where: { $0.value == most }) == 1,
                let function = votes.first(where: { $0.value == most })?.key
            else { return nil }
            return probe(of: function, .c, in: file)
        #else
            return nil
        #endif
    }

    // MARK: - Where it is

    /// Addresses of the label.
    private static func labels(in file: ProgramFile) -> Set<UInt64> {
        var found: Set<UInt64> = []
        for segment in file.segments {
            file.search(segment, overlap: label.count) { piece, address in
                piece.places(of: label) { found.insert(address + UInt64($0) + 1) }
            }
        }
        return found
    }

    /// Addresses of instructions that load the label's address: `lea reg, [rip + offset]`, or `mov reg, address` where the
    /// program is always at its own addresses.
    private static func references(to labels: Set<UInt64>, in file: ProgramFile) -> Set<UInt64> {
        var found: Set<UInt64> = []
        for segment in file.segments where segment.isExecutable {
            file.search(segment, overlap: instructionBytes) { piece, address in
                piece.places(of: 0x8D) { place in
                    guard place > 0, place + 6 <= piece.count, piece[place - 1] & 0xFB == 0x48,
                        piece[place + 1] & 0xC7 == 5
                    else { return }
                    let offset = piece.loadUnaligned(fromByteOffset: place + 2, as: Int32.self)
                    let target = (address &+ UInt64(place) &+ 6) &+ UInt64(bitPattern: Int64(offset))
                    if labels.contains(target) { found.insert(address + UInt64(place) - 1) }
                }
                for label in labels where label <= UInt32.max {
                    let bytes = withUnsafeBytes(of: UInt32(label).littleEndian) { Array($0) }
                    piece.places(of: bytes) { place in
                        guard place > 0, piece[place - 1] & 0xF8 == 0xB8 else { return }
                        found.insert(address + UInt64(place) - 1)
                    }
                }
            }
        }
        return found
    }

    /// The function that the next call, or a jump in its place, goes to, where it is given the label as such a function is.
    ///
    /// Whoever only speaks of the label hands it on otherwise: a program of Swift makes a text of it, by a function that is
    /// called for all its texts.
    /// - Parameter address: of the instruction that loads the label's address.
    private static func callee(behind address: UInt64, in file: ProgramFile) -> UInt64? {
        let code = file.bytes(atAddress: address, count: instructionLimit * instructionBytes)
        guard let load = Instruction(code, at: 0), var values = Values(.c, loading: load.kind) else { return nil }
        var place = load.length
        for _ in 1..<instructionLimit {
            guard let instruction = Instruction(code, at: place) else { return nil }
            place += instruction.length
            switch instruction.kind {
            case .call(let offset), .jump(let offset):
                let target = (address &+ UInt64(place)) &+ UInt64(bitPattern: Int64(offset))
                let isCode = file.segments.contains { $0.isExecutable && $0.contains(address: target) }
                return values.isLabelGiven && isCode ? target : nil
            case .branch, .end: return nil
            default: values.follow(instruction.kind)
            }
        }
        return nil
    }

    // MARK: - Where it is probed

    /// The first place in it where a probe is cheap, as long as what the probe takes is in registers; else its start.
    private static func probe(
        of function: UInt64, _ convention: Convention, in file: ProgramFile
    ) -> KeyLogFunction? {
        guard let offset = file.offset(of: function) else { return nil }
        let code = file.bytes(at: offset, count: instructionLimit * instructionBytes)
        var values = Values(convention)
        guard let atStart = values.registers else { return nil }
        var place = 0
        walk: for _ in 0..<instructionLimit {
            guard let instruction = Instruction(code, at: place), let registers = values.registers else { break }
            if instruction.isEmulated {
                return KeyLogFunction(offset: offset + UInt64(place), registers: registers, isCheap: true)
            }
            switch instruction.kind {
            case .call, .jump, .branch, .end: break walk
            default: values.follow(instruction.kind)
            }
            place += instruction.length
        }
        return KeyLogFunction(offset: offset, registers: atStart, isCheap: false)
    }

    /// What the function is given.
    private enum Argument { case session, label, labelLength, secret, length, random }

    /// In which registers.
    private enum Convention {
        /// Session, label, secret and its length, by System V's calling convention.
        case c
        /// `func (c *Config) writeKeyLog(label string, clientRandom, secret []byte)`, by Go's own convention (since 1.17).
        case go

        var registers: [(Argument, Instruction.Register)] {
            switch self {
            case .c: [(.session, 7), (.label, 6), (.secret, 2), (.length, 1)]
            case .go: [(.label, 3), (.labelLength, 1), (.random, 7), (.secret, 9), (.length, 10)]
            }
        }
    }

    /// Which registers hold what the probe takes.
    private struct Registers {
        var label: Instruction.Register
        var secret: Instruction.Register
        var length: Instruction.Register
        var random: Instruction.Register?
        var labelLength: Instruction.Register?

        var cookie: UInt64 {
            func bits(_ value: UInt64, _ place: tapedeck_place) -> UInt64 { value << UInt64(place.rawValue) }
            var cookie =
                bits(UInt64(label), TAPEDECK_LABEL_AT) | bits(UInt64(secret), TAPEDECK_SECRET_AT)
                | bits(UInt64(length), TAPEDECK_LENGTH_AT)
            if let random { cookie |= bits(UInt64(random), TAPEDECK_RANDOM_AT) | bits(1, TAPEDECK_HAS_RANDOM) }
            if let labelLength {
                cookie |= bits(UInt64(labelLength), TAPEDECK_LABEL_LENGTH_AT) | bits(1, TAPEDECK_HAS_LABEL_LENGTH)
            }
            return cookie
        }
    }

    /// What the registers hold, from a function's start on, or from where the label's address is loaded.
    private struct Values {
        enum Value: Equatable {
            case unknown
            case argument(Argument)
            /// A place within what the session's address leads to.
            case inSession(Int32)
            case constant(UInt32)
        }

        private let convention: Convention
        private var values = [Value](repeating: .unknown, count: 16)

        init(_ convention: Convention) {
            self.convention = convention
            for (argument, register) in convention.registers { values[Int(register)] = .argument(argument) }
        }

        /// - Returns: `nil` where the instruction loads nothing.
        init?(_ convention: Convention, loading label: Instruction.Kind) {
            self.convention = convention
            switch label {
            case .relativeAddress(let register, _), .constant(let register, _):
                values[Int(register)] = .argument(.label)
            default: return nil
            }
        }

        /// The label is where a function finds it that is called now.
        var isLabelGiven: Bool {
            convention.registers.contains { $0.0 == .label && values[Int($0.1)] == .argument(.label) }
        }

        private func register(_ value: Value) -> Instruction.Register? {
            values.firstIndex(of: value).map { Instruction.Register($0) }
        }

        /// `nil` where one of them is gone.
        var registers: Registers? {
            guard let label = register(.argument(.label)), let secret = register(.argument(.secret)),
                let length = register(.argument(.length))
            else { return nil }
            switch convention {
            case .c: return Registers(label: label, secret: secret, length: length, random: random)
            case .go:
                guard let random = register(.argument(.random)), let labelLength = register(.argument(.labelLength))
                else { return nil }
                return Registers(
                    label: label, secret: secret, length: length, random: random, labelLength: labelLength)
            }
        }

        /// A place within the session whose length, 32, is handed on with it: that is the client's random.
        private var random: Instruction.Register? {
            let places = values.indices.filter { if case .inSession = values[$0] { true } else { false } }
            guard places.count == 1, values.contains(.constant(UInt32(TAPEDECK_RANDOM_BYTES))) else { return nil }
            return Instruction.Register(places[0])
        }

        mutating func follow(_ kind: Instruction.Kind) {
            switch kind {
            case .copy(let to, let from): values[Int(to)] = values[Int(from)]
            case .address(let to, let base, let offset):
                values[Int(to)] = values[Int(base)] == .argument(.session) ? .inSession(offset) : .unknown
            case .relativeAddress(let to, _): values[Int(to)] = .unknown
            case .constant(let to, let number): values[Int(to)] = .constant(number)
            case .changes(let one, let other):
                values[Int(one)] = .unknown
                if let other { values[Int(other)] = .unknown }
            case .plain, .call, .jump, .branch, .end: break
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Where a byte stands in it, one place after the other.
    fileprivate func places(of byte: UInt8, _ found: (Int) -> Void) {
        var start = 0
        while start < count, let base = baseAddress, let place = memchr(base + start, Int32(byte), count - start) {
            let offset = UnsafeRawPointer(place) - base
            found(offset)
            start = offset + 1
        }
    }
}
