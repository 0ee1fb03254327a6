/// One instruction of x86-64, as far as it must be known to follow a few arguments from a function's start to a place where a
/// probe is cheap: how long it is, what it is, and which registers it changes.
///
/// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: chapter 2 (format), appendix A (opcode maps).
struct Instruction {
    /// Bytes.
    private(set) var length: Int
    private(set) var kind: Kind
    /// The kernel does its work itself, instead of running it on its own and trapping behind it, which takes 20 times as long
    /// (arch/x86/kernel/uprobes.c, `branch_setup_xol_ops` and `push_setup_xol_ops`).
    private(set) var isEmulated = false

    /// By number, as instructions have it: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15.
    typealias Register = UInt8

    enum Kind: Equatable {
        /// Changes no register but the stack pointer, and goes on behind it.
        case plain
        case copy(to: Register, from: Register)
        /// lea: a register plus a constant.
        case address(to: Register, base: Register, offset: Int32)
        /// lea of a place that the instruction pointer gives, counted from behind the instruction.
        case relativeAddress(to: Register, offset: Int32)
        case constant(to: Register, UInt32)
        /// The registers hold something else; whichever these are.
        case changes(Register, Register?)
        /// A call or a jump to a place that stands in it, counted from behind it.
        case call(Int32)
        case jump(Int32)
        /// It may go on elsewhere, and may go on behind it.
        case branch
        /// It does not go on behind it, or nobody knows where.
        case end
    }

    /// - Returns: `nil` where the bytes are none that is known here, or end within it.
    init?(_ code: [UInt8], at start: Int) {
        var reader = Reader(code: code, place: start)
        guard let kind = reader.read() else { return nil }
        self.kind = kind
        length = reader.place - start
        isEmulated = reader.isEmulated
    }

    private struct Reader {
        let code: [UInt8]
        var place: Int
        var isEmulated = false
        private var rex: UInt8 = 0
        private var isShort = false

        init(code: [UInt8], place: Int) {
            self.code = code
            self.place = place
        }

        private var isWide: Bool { rex & 8 != 0 }

        private mutating func byte() -> UInt8? {
            defer { place += 1 }
            return place < code.count ? code[place] : nil
        }

        private mutating func word() -> Int32? {
            guard place + 4 <= code.count else { return nil }
            defer { place += 4 }
            return Int32(bitPattern: (0..<4).reduce(0) { $0 | UInt32(code[place + $1]) << (8 * UInt32($1)) })
        }

        private mutating func skip(_ count: Int) -> Bool {
            place += count
            return place <= code.count
        }

        /// What follows an opcode: a register, and a register or a place in memory.
        private struct Operands {
            var register: Register
            /// `nil`: memory.
            var other: Register?
            /// Of memory: a register and a constant, and nothing else.
            var base: Register?
            var offset: Int32 = 0
            /// Of memory: the constant counts from behind the instruction.
            var isRelative = false
        }

        private mutating func operands() -> Operands? {
            guard let mode = byte() else { return nil }
            var operands = Operands(register: (mode >> 3 & 7) | (rex & 4) << 1)
            let low = mode & 7
            if mode >> 6 == 3 {
                operands.other = low | (rex & 1) << 3
                return operands
            }
            var hasWord = mode >> 6 == 2
            if low == 4 {
                guard let scale = byte() else { return nil }
                if scale & 7 == 5, mode >> 6 == 0 {
                    hasWord = true
                } else if scale >> 3 & 7 == 4, rex & 2 == 0 {
                    operands.base = (scale & 7) | (rex & 1) << 3
                }
            } else if low == 5, mode >> 6 == 0 {
                hasWord = true
                operands.isRelative = true
            } else {
                operands.base = low | (rex & 1) << 3
            }
            if hasWord {
                guard let word = word() else { return nil }
                operands.offset = word
            } else if mode >> 6 == 1 {
                guard let byte = byte() else { return nil }
                operands.offset = Int32(Int8(bitPattern: byte))
            }
            return operands
        }

        mutating func read() -> Kind? {
            while place < code.count {
                let prefix = code[place]
                switch prefix {
                case 0x66: isShort = true
                case 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0xF0, 0xF2, 0xF3: break
                default:
                    if prefix & 0xF0 == 0x40 {
                        rex = prefix
                        place += 1
                    }
                    return opcode()
                }
                place += 1
            }
            return nil
        }

        private mutating func opcode() -> Kind? {
            guard let code = byte() else { return nil }
            switch code {
            case 0x00...0x3F where code & 7 < 4: return arithmetic(code)
            case 0x00...0x3F where code & 7 == 4: return skip(1) ? accumulator(code) : nil
            case 0x00...0x3F where code & 7 == 5: return skip(isShort ? 2 : 4) ? accumulator(code) : nil
            case 0x0F: return secondMap()
            case 0x50...0x57:
                isEmulated = !isShort
                return .plain
            case 0x58...0x5F: return .changes(code & 7 | (rex & 1) << 3, nil)
            case 0x63, 0x8B: return load(code)
            case 0x68: return skip(isShort ? 2 : 4) ? .plain : nil
            case 0x6A: return skip(1) ? .plain : nil
            case 0x69: return result(constant: isShort ? 2 : 4)
            case 0x6B: return result(constant: 1)
            case 0x70...0x7F: return branch(1)
            case 0x80, 0xC0, 0xC1: return group(code, constant: 1)
            case 0x83: return group(code, constant: 1)
            case 0x81: return group(code, constant: isShort ? 2 : 4)
            case 0x84, 0x85: return operands() == nil ? nil : .plain
            case 0x86, 0x87, 0xD0...0xD3: return changed()
            case 0x88: return operands().map { $0.other.map { .changes($0, nil) } ?? .plain }
            case 0x89: return store()
            case 0x8A: return operands().map { .changes($0.register, nil) }
            case 0x8D: return address()
            case 0x90:
                isEmulated = !isShort
                return .plain
            case 0x98, 0x99: return .changes(0, 2)
            case 0xA8: return skip(1) ? .plain : nil
            case 0xA9: return skip(isShort ? 2 : 4) ? .plain : nil
            case 0xB0...0xB7: return skip(1) ? .changes(code & 7 | (rex & 1) << 3, nil) : nil
            case 0xB8...0xBF: return immediate(code)
            case 0xC3, 0xCC, 0xF4: return .end
            case 0xC6: return group(code, constant: 1)
            case 0xC7: return group(code, constant: isShort ? 2 : 4)
            case 0xE8, 0xE9:
                isEmulated = !isShort
                return word().map { code == 0xE8 ? .call($0) : .jump($0) }
            case 0xEB:
                isEmulated = !isShort
                return byte().map { .jump(Int32(Int8(bitPattern: $0))) }
            case 0xF6, 0xF7: return thirdGroup(code)
            case 0xFE: return changed()
            case 0xFF: return fifthGroup()
            default: return nil
            }
        }

        // MARK: Kinds

        /// add, or, adc, sbb, and, sub, xor, cmp of two operands; 1 and 3 have whole registers.
        private mutating func arithmetic(_ code: UInt8) -> Kind? {
            guard let operands = operands() else { return nil }
            if code & 0x38 == 0x38 { return .plain }
            // xor of a register with itself.
            if code & 0x38 == 0x30, operands.other == operands.register { return .constant(to: operands.register, 0) }
            let target = code & 2 != 0 ? operands.register : operands.other
            return target.map { .changes($0, nil) } ?? .plain
        }

        private func accumulator(_ code: UInt8) -> Kind { code & 0x38 == 0x38 ? .plain : .changes(0, nil) }

        private mutating func load(_ code: UInt8) -> Kind? {
            guard let operands = operands() else { return nil }
            if code == 0x8B, !isShort, let other = operands.other { return .copy(to: operands.register, from: other) }
            return .changes(operands.register, nil)
        }

        private mutating func store() -> Kind? {
            guard let operands = operands() else { return nil }
            guard let other = operands.other else { return .plain }
            return isShort ? .changes(other, nil) : .copy(to: other, from: operands.register)
        }

        private mutating func address() -> Kind? {
            guard let operands = operands(), operands.other == nil else { return nil }
            if operands.isRelative, isWide { return .relativeAddress(to: operands.register, offset: operands.offset) }
            guard isWide, let base = operands.base else { return .changes(operands.register, nil) }
            return .address(to: operands.register, base: base, offset: operands.offset)
        }

        private mutating func immediate(_ code: UInt8) -> Kind? {
            let register = code & 7 | (rex & 1) << 3
            if isWide { return skip(8) ? .changes(register, nil) : nil }
            if isShort { return skip(2) ? .changes(register, nil) : nil }
            return word().map { .constant(to: register, UInt32(bitPattern: $0)) }
        }

        private mutating func result(constant: Int) -> Kind? {
            guard let operands = operands(), skip(constant) else { return nil }
            return .changes(operands.register, nil)
        }

        /// One operand and a constant; 7 of the first group is cmp.
        private mutating func group(_ code: UInt8, constant: Int) -> Kind? {
            guard let operands = operands(), skip(constant) else { return nil }
            if 0x80...0x83 ~= code, operands.register & 7 == 7 { return .plain }
            return operands.other.map { .changes($0, nil) } ?? .plain
        }

        private mutating func changed() -> Kind? {
            operands().map { operands in
                operands.other.map { .changes($0, operands.register) } ?? .changes(operands.register, nil)
            }
        }

        /// test, not, neg; mul and div put their results into rax and rdx.
        private mutating func thirdGroup(_ code: UInt8) -> Kind? {
            guard let operands = operands() else { return nil }
            switch operands.register & 7 {
            case 0, 1: return skip(code == 0xF6 ? 1 : isShort ? 2 : 4) ? .plain : nil
            case 2, 3: return operands.other.map { .changes($0, nil) } ?? .plain
            default: return .changes(0, 2)
            }
        }

        /// inc, dec, push; calls and jumps to where a register says go nobody knows where.
        private mutating func fifthGroup() -> Kind? {
            guard let operands = operands() else { return nil }
            switch operands.register & 7 {
            case 0, 1: return operands.other.map { .changes($0, nil) } ?? .plain
            case 6: return .plain
            default: return .end
            }
        }

        private mutating func branch(_ count: Int) -> Kind? {
            isEmulated = !isShort
            return skip(count) ? .branch : nil
        }

        /// The opcodes behind 0F.
        private mutating func secondMap() -> Kind? {
            guard let code = byte() else { return nil }
            switch code {
            // Of vectors, and hints: none of these changes a general register. F3 0F 1E FA is endbr64.
            case 0x10...0x1F, 0x28...0x2B, 0x2E, 0x2F, 0x51...0x6F, 0x74...0x76, 0x7F:
                return operands() == nil ? nil : .plain
            case 0x40...0x4F, 0xAF, 0xB6, 0xB7, 0xBC...0xBF, 0x2C, 0x2D:
                return operands().map { .changes($0.register, nil) }
            case 0x7E: return changed()
            case 0x80...0x8F: return branch(4)
            case 0x90...0x9F, 0xA3, 0xAB, 0xB3, 0xBB, 0xC0, 0xC1, 0xB0, 0xB1: return changed()
            case 0xA4, 0xAC, 0xBA:
                guard let kind = changed(), skip(1) else { return nil }
                return kind
            case 0xC6, 0x70: return operands() != nil && skip(1) ? .plain : nil
            case 0xC8...0xCF: return .changes(code & 7 | (rex & 1) << 3, nil)
            case 0xD0...0xD6, 0xD8...0xFE: return operands() == nil ? nil : .plain
            case 0x0B: return .end
            default: return nil
            }
        }
    }
}
