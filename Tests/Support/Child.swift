import Foundation

/// What comes out of a pipe, read as it comes so that nobody ever waits for the tests.
package final class PipeReader: @unchecked Sendable {
    private let condition = NSCondition()
    private var bytes: [UInt8] = []
    private var taken = 0
    private var isAtEnd = false
    private let patience: Double

    fileprivate init(_ handle: FileHandle, _ patience: Double) {
        self.patience = patience
        Thread.detachNewThread {
            // Not by the handle's own reading, which ends the process where a test's signal interrupts it.
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            var isOpen = true
            while isOpen {
                let count = read(handle.fileDescriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                isOpen = count > 0
                self.condition.withLock {
                    if isOpen { self.bytes += buffer[..<count] }
                    self.isAtEnd = !isOpen
                    self.condition.broadcast()
                }
            }
            // Foundation's Process holds on to its pipes for longer than the tests last, some thousand of them.
            try? handle.close()
        }
    }

    package var text: String { condition.withLock { String(decoding: bytes, as: UTF8.self) } }

    /// The next line that is wanted; `nil` where the stream ends or patience does.
    package func line(where isWanted: (String) -> Bool) -> String? {
        let deadline = Date(timeIntervalSinceNow: patience)
        return condition.withLock {
            while true {
                while let end = bytes[taken...].firstIndex(of: UInt8(ascii: "\n")) {
                    let line = String(decoding: bytes[taken..<end], as: UTF8.self)
                    taken = end + 1
                    if isWanted(line) { return line }
                }
                guard !isAtEnd, condition.wait(until: deadline) else { return nil }
            }
        }
    }

    /// Everything, when the last writer has closed.
    package func waitForEnd() -> String? {
        let deadline = Date(timeIntervalSinceNow: patience)
        return condition.withLock {
            while !isAtEnd { guard condition.wait(until: deadline) else { return nil } }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}

/// Bytes that nobody has taken from a pipe yet; either end knows them.
package func unreadBytes(_ pipe: Int32) -> Int {
    var count: Int32 = 0
    return ioctl(pipe, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
}

/// A program that a test has started, and that does not outlive it.
package final class Child {
    package struct Outcome {
        package var status: Int32
        package var signal: Int32
        package var output: String
        package var errors: String
    }

    private let process = Process()
    private let ended = DispatchSemaphore(value: 0)
    private let input = Pipe()
    private let name: String
    private let patience: Double
    package let output: PipeReader
    package let errors: PipeReader

    /// - Parameter patience: seconds in which it has to do what it is waited for.
    package init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:],
        patience: Double = Conditions.patience
    ) throws {
        self.patience = patience
        name = ([(program as NSString).lastPathComponent] + arguments.prefix(3)).joined(separator: " ")
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"].merging(environment) { $1 }
        let (output, errors) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        let ended = ended
        process.terminationHandler = { _ in ended.signal() }
        self.output = PipeReader(output.fileHandleForReading, patience)
        self.errors = PipeReader(errors.fileHandleForReading, patience)
        try Self.withAllSignals { try process.run() }
    }

    /// The threads that tests run on block signals, and a child would inherit that.
    private static func withAllSignals(_ body: () throws -> Void) rethrows {
        var (none, before) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    package var pid: Int32 { process.processIdentifier }
    package var isRunning: Bool { process.isRunning }

    package func signal(_ number: Int32) { kill(pid, number) }

    /// Whether it has a handler for a signal.
    package func catches(_ number: Int32) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let mask = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }?.split(separator: "\t").last
        return (mask.flatMap { UInt64($0, radix: 16) } ?? 0) >> UInt64(number - 1) & 1 == 1
    }

    /// Gives the program a line to read.
    package func proceed() throws { try write([UInt8(ascii: "\n")]) }

    package func write(_ bytes: [UInt8]) throws { try input.fileHandleForWriting.write(contentsOf: bytes) }

    package func endInput() { try? input.fileHandleForWriting.close() }

    /// Bytes that were written to it and that it has not read.
    package var unreadInput: Int { unreadBytes(input.fileHandleForWriting.fileDescriptor) }

    package func line(_ isWanted: (String) -> Bool = { _ in true }) throws -> String {
        guard let line = output.line(where: isWanted) else { throw Failed("\(name): no such line: \(errors.text)") }
        return line
    }

    /// - Parameter keepsInput: whoever writes to it stays; else its input ends.
    package func wait(keepsInput: Bool = false) throws -> Outcome {
        if !keepsInput { endInput() }
        guard ended.wait(timeout: .now() + patience) == .success else {
            kill(pid, SIGKILL)
            throw Failed("\(name) hangs: \(errors.text)")
        }
        // Only the processes that a test knows of hold the pipes.
        guard let output = output.waitForEnd(), let errors = errors.waitForEnd() else {
            throw Failed("\(name) has left a child behind")
        }
        let wasKilled = process.terminationReason == .uncaughtSignal
        return Outcome(
            status: wasKilled ? 0 : process.terminationStatus, signal: wasKilled ? process.terminationStatus : 0,
            output: output, errors: errors)
    }

    /// Waits for an end that must be a success.
    @discardableResult
    package func succeed() throws -> Outcome {
        let outcome = try wait()
        guard outcome.status == 0, outcome.signal == 0 else {
            throw Failed("\(name): status \(outcome.status), signal \(outcome.signal): \(outcome.errors)")
        }
        return outcome
    }
}
