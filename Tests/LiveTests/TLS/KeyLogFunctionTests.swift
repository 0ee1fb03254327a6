import Foundation
import TestSupport
import Testing

@testable import profiler

/// Where a library is given the secrets of its sessions, found by the label alone.
@Suite struct `A key log function` {
    private static let libraries = "/usr/lib/x86_64-linux-gnu/"

    private func function(in path: String) -> KeyLogFunction? {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        return ProgramFile(descriptor).flatMap { KeyLogFunction.find(in: $0) }
    }

    @Test func `of OpenSSL is found in a library without symbols of it`() throws {
        let found = try #require(function(in: Self.libraries + "libssl.so.3"))
        #expect(found.isCheap)
    }

    @Test func `of GnuTLS, and of Go in a program that was stripped`() throws {
        let gnutls = try #require(function(in: Self.libraries + "libgnutls.so.30"))
        #expect(gnutls.isCheap && !gnutls.knowsSession)
        let go = try #require(function(in: Programs.find("nats-server", package: "nats-server")))
        #expect(go.isCheap && go.knowsSession && go.cookie == cookie(3, 9, 10, random: 7) | 1 << 21 | 1 << 26)
    }

    @Test func `is not found in what has none, or only speaks of the label`() {
        for name in ["libc.so.6", "libcrypto.so.3", "libz.so.1"] {
            #expect(function(in: Self.libraries + name) == nil, "\(name)")
        }
        for path in [
            Programs.profiler, Programs.replay, "/etc/passwd", "/dev/null", "/proc/self/status", "/nonexistent",
        ] {
            #expect(function(in: path) == nil, "\(path)")
        }
    }

    /// A program of three segments: code at 0x1000, texts at 0x2000.
    private static func program(code: [UInt8], machine: UInt8 = 62) -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 255) } }
        let texts: [UInt8] = [0, 0] + Array("CLIENT_RANDOM".utf8) + [0]
        func segment(_ flags: Int, _ address: Int, _ count: Int) -> [UInt8] {
            number(1, 4) + number(flags, 4) + [address, address, address, count, count, 4096].flatMap { number($0, 8) }
        }
        var file: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
        file += number(3, 2) + [machine, 0] + number(1, 4) + number(0, 8) + number(64, 8) + number(0, 8)
        file += number(0, 4) + number(64, 2) + number(56, 2) + number(2, 2) + number(0, 6)
        file += segment(5, 0x1000, code.count) + segment(4, 0x2000, texts.count)
        file += [UInt8](repeating: 0, count: 0x1000 - file.count) + code
        file += [UInt8](repeating: 0, count: 0x2000 - file.count) + texts
        return file
    }

    /// `lea rsi, [rip + …]` of the label, or by another `mode` another register; `call` of what is behind it; that, at 0x1010.
    private static func code(_ function: [UInt8], mode: UInt8 = 0x35, between: [UInt8] = []) -> [UInt8] {
        let load: [UInt8] = [0x48, 0x8D, mode, 0xFB, 0x0F, 0, 0] + between
        let call: [UInt8] = [0xE8, UInt8(16 - load.count - 5), 0, 0, 0]
        return load + call + [UInt8](repeating: 0xCC, count: 16 - load.count - 5) + function
            + [UInt8](repeating: 0x90, count: 64)
    }

    private func found(_ code: [UInt8], machine: UInt8 = 62) throws -> KeyLogFunction? {
        let folder = try TemporaryFolder()
        let path = folder.path + "/program"
        try Data(Self.program(code: code, machine: machine)).write(to: URL(fileURLWithPath: path))
        return function(in: path)
    }

    /// As a probe's cookie has them: label, secret, length.
    private func cookie(_ label: UInt64, _ secret: UInt64, _ length: UInt64, random: UInt64? = nil) -> UInt64 {
        label | secret << 5 | length << 10 | (random.map { $0 << 15 | 1 << 20 } ?? 0)
    }

    @Test func `is probed where the kernel does the instruction's work itself`() throws {
        // push rbp; endbr64 and then push r12; sub rsp, 40, a test, and then je.
        let start = try #require(try found(Self.code([0x55])))
        #expect(start.offset == 0x1010 && start.isCheap && start.cookie == cookie(6, 2, 1))
        let marked = try #require(try found(Self.code([0xF3, 0x0F, 0x1E, 0xFA, 0x41, 0x54])))
        #expect(marked.offset == 0x1014 && marked.isCheap)
        let late = try #require(
            try found(
                Self.code([0x48, 0x83, 0xEC, 0x28, 0x4C, 0x8B, 0x87, 0x60, 6, 0, 0, 0x4D, 0x85, 0xC0, 0x74, 0x0E])))
        #expect(late.offset == 0x101E && late.isCheap && late.cookie == cookie(6, 2, 1))
    }

    @Test func `is followed while its arguments move, and with the client's random at hand`() throws {
        // As OpenSSL 3.0 hands them on to a function of six.
        let moves: [UInt8] = [
            0x48, 0x89, 0xF8, 0x49, 0x89, 0xD0, 0x48, 0x89, 0xF7, 0x49, 0x89, 0xC9, 0x48, 0x8D, 0x90, 0x60, 1, 0, 0,
            0xB9,
            0x20, 0, 0, 0, 0x48, 0x89, 0xC6, 0xE9, 0, 0, 0, 0,
        ]
        let moved = try #require(try found(Self.code(moves)))
        #expect(moved.offset == 0x102B && moved.isCheap && moved.cookie == cookie(7, 8, 9, random: 2))
        #expect(moved.knowsSession)
    }

    @Test func `is probed at its start where nothing cheap comes in time`() throws {
        // xor edx, edx: the secret's address is gone before the push.
        let gone = try #require(try found(Self.code([0x31, 0xD2, 0x55])))
        #expect(gone.offset == 0x1010 && !gone.isCheap && gone.cookie == cookie(6, 2, 1))
        // An instruction that is not known.
        let unknown = try #require(try found(Self.code([0x62, 0xF1, 0x55])))
        #expect(unknown.offset == 0x1010 && !unknown.isCheap)
    }

    @Test func `is none where the label is no argument of a call, or the machine another`() throws {
        #expect(try found(Self.code([0x55], between: [0x74, 0])) == nil, "a branch before the call")
        #expect(try found(Self.code([0x55], between: [0xFF, 0xD0])) == nil, "a call of nobody knows what")
        #expect(try found([0x48, 0x8D, 0x35, 0xFB, 0x0F, 0, 0, 0xE8, 0, 0, 0, 0x40]) == nil, "a call out of the file")
        #expect(try found(Self.code([0x55]), machine: 183) == nil)
    }

    @Test func `is given the label as its second argument, however that gets there`() throws {
        // rdi; rax, and then rsi; rsi, and then 13 in its place.
        #expect(try found(Self.code([0x55], mode: 0x3D)) == nil)
        #expect(try found(Self.code([0x55], mode: 5)) == nil)
        #expect(try found(Self.code([0x55], mode: 5, between: [0x48, 0x89, 0xC6]))?.offset == 0x1010)
        #expect(try found(Self.code([0x55], between: [0x6A, 13, 0x5E])) == nil)
    }

    @Test func `a program that makes no sense has none, and nothing is read beyond it`() throws {
        let whole = Self.program(code: Self.code([0x55]))
        let folder = try TemporaryFolder()
        let path = folder.path + "/program"
        var random = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            var broken = Array(whole.prefix(Int.random(in: 0...whole.count, using: &random)))
            for _ in 0..<8 where !broken.isEmpty {
                broken[Int.random(in: 0..<min(broken.count, 0x100), using: &random)] = .random(
                    in: 0...255, using: &random)
            }
            try Data(broken).write(to: URL(fileURLWithPath: path))
            _ = function(in: path)
        }
    }

    /// Each instruction of a library, as objdump has it, is as long here; and few are unknown.
    @Test func `instructions are as long as objdump says`() throws {
        let objdump = try Programs.find("objdump", package: "binutils")
        let listing = try Child(
            objdump,
            [
                "-d", "--start-address=0x30000", "--stop-address=0x39000", "--insn-width=16",
                Self.libraries + "libssl.so.3",
            ]
        ).succeed().output
        var (count, unknown, wrong) = (0, 0, [String]())
        for line in listing.split(separator: "\n") {
            let fields = line.split(separator: "\t")
            guard fields.count >= 3, line.hasPrefix(" "), !fields[2].hasPrefix(".byte") else { continue }
            let bytes = fields[1].split(separator: " ").compactMap { UInt8($0, radix: 16) }
            count += 1
            guard let instruction = Instruction(bytes + [UInt8](repeating: 0, count: 16), at: 0) else {
                unknown += 1
                continue
            }
            if instruction.length != bytes.count { wrong.append(String(line)) }
        }
        #expect(count > 5000)
        #expect(wrong.isEmpty, "\(wrong.prefix(10).joined(separator: "\n"))")
        #expect(unknown * 100 < count, "\(unknown) of \(count) are not known")
    }
}
