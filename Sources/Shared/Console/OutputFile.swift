package import Glibc

/// A file that appears under its name only when it is whole: until then it is written beside, as `NAME.partial`.
///
/// What can't be replaced by a new file is written directly: standard output (`-`, /dev/stdout), pipes, /dev/null.
package final class OutputFile {
    /// As the user named it; for messages.
    package let path: String
    private let descriptor: Int32
    /// Where the bytes are until they are whole, and where they go then; `nil` where they are written directly.
    private let pending: (partial: String, target: String)?
    private let isAllOrNothing: Bool
    private var isOpen = true
    private var writtenBytes = 0
    /// Whoever read the pipe has gone (`| head`): nobody wants the rest.
    package private(set) var isAbandoned = false

    private static let partialSuffix = ".partial"

    /// Only their owner reads and writes them: what was said on a network holds secrets.
    private static let privateMode: mode_t = 0o600

    /// - Parameters:
    ///   - option: the setting that named the file, for the message.
    ///   - mode: who may read and write a file that is new, before umask takes away from it; without one its owner alone,
    ///     also where it replaces a file that others could read.
    ///   - isAllOrNothing: a part of it is of no use, or not to be seen: whoever writes it discards it.
    package init(
        _ path: String, option: String, mode: mode_t? = nil, isAllOrNothing: Bool = false
    ) throws(Failure) {
        self.path = path
        self.isAllOrNothing = isAllOrNothing
        guard !path.isEmpty else {
            throw Failure("\(option): the file's name is empty; name one, or - for standard output")
        }
        if path == "-" {
            pending = nil
            descriptor = STDOUT_FILENO
            return
        }
        if let own = Self.ownDescriptor(path) {
            pending = nil
            descriptor = own
            return
        }
        // A link's target is replaced, not the link.
        var status = stat()
        let isLink = lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
        guard !isLink || stat(path, &status) == 0 else {
            throw Failure(
                "\(option) \(path): is a link to what is not there; make that file first, or take the link away")
        }
        let target = Self.resolved(path) ?? path
        let exists = stat(target, &status) == 0
        if exists, status.st_mode & S_IFMT == S_IFDIR {
            throw Failure("\(option) \(path): is a directory; name a file in it")
        }
        if exists, status.st_mode & S_IFMT != S_IFREG {
            pending = nil
            descriptor = open(target, O_WRONLY | O_CLOEXEC)
        } else {
            let partial = target + Self.partialSuffix
            pending = (partial, target)
            descriptor = Self.create(partial, mode ?? Self.privateMode)
            // Who could not read the old file shall not read the new one.
            if descriptor >= 0, exists, mode != nil { fchmod(descriptor, status.st_mode & 0o777) }
        }
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            let isFolder = path.hasSuffix("/")
            let remedy = errno == ENOENT ? isFolder ? "; name a file in it" : "; make its folder first" : ""
            guard let pending, errno == EEXIST else {
                throw Failure("\(option) \(path): can't be written: \(reason)\(remedy)")
            }
            throw Failure("\(option) \(path): can't be written: \(pending.partial) is in the way, and is no file")
        }
    }

    deinit { closeDescriptor() }

    /// Makes a file that was not there: whoever may write in the folder could have laid a link there that leads elsewhere.
    ///
    /// What an interrupted run has left behind under the name makes room.
    private static func create(_ path: String, _ mode: mode_t) -> Int32 {
        var status = stat()
        if lstat(path, &status) == 0, [S_IFREG, S_IFLNK].contains(status.st_mode & S_IFMT), unlink(path) != 0 {
            return -1
        }
        return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
    }

    /// Appends the bytes, all of them.
    /// - Throws: where there is no room or no right, with the file's name; not where the reader of a pipe is gone, which only
    ///   sets `isAbandoned`.
    package func write(_ bytes: RawSpan) throws(Failure) {
        guard !isAbandoned else { return }
        writtenBytes &+= bytes.byteCount
        let writing = Writing(bytes, to: descriptor)
        guard let reason = writing.reason else { return }
        if writing.failure == EPIPE {
            isAbandoned = true
            return
        }
        let rest = pending.map { isAllOrNothing ? "; nothing is kept" : "; what was written is in \($0.partial)" } ?? ""
        let name = path == "-" ? "standard output" : path
        throw Failure("\(name): can't be written: \(reason)\(rest)")
    }

    package func write(_ text: String) throws(Failure) {
        let bytes = Array(text.utf8)
        try write(bytes.span.bytes)
    }

    /// The file is whole: gives it its name.
    package func commit() throws(Failure) {
        guard isOpen else { return }
        closeDescriptor()
        guard let pending else { return }
        guard rename(pending.partial, pending.target) == 0 else {
            let reason = String(cString: strerror(errno))
            throw Failure("\(path): can't be replaced: \(reason); what was written is in \(pending.partial)")
        }
    }

    /// Another descriptor of the same file, which stays open when this is whole; `nil` where it is written directly.
    package func duplicate() -> Int32? {
        guard pending != nil, isOpen else { return nil }
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        return copy >= 0 ? copy : nil
    }

    /// Where its bytes are until it is whole, so that it can be read before anybody takes it for whole.
    package var written: String { pending?.partial ?? path }

    /// Takes back a file that nothing was written to; otherwise it stays, as partial.
    package func discardIfEmpty() {
        if writtenBytes == 0 { discard() }
    }

    /// Nothing was written that anybody could want.
    package func discard() {
        guard isOpen else { return }
        closeDescriptor()
        if let pending { unlink(pending.partial) }
    }

    private func closeDescriptor() {
        guard isOpen else { return }
        isOpen = false
        if descriptor > STDERR_FILENO { close(descriptor) }
    }

    /// Which of the program's own descriptors a path leads to, as /dev/stdout does.
    ///
    /// Where that is a file, whoever has opened it writes to it, too, and would go on with one that is no more. Where it is a file
    /// that has no name any more, the link itself would be replaced.
    private static func ownDescriptor(_ path: String) -> Int32? {
        var (named, own) = (stat(), stat())
        guard stat(path, &named) == 0, named.st_mode & S_IFMT == S_IFREG else { return nil }
        return [STDOUT_FILENO, STDERR_FILENO].first {
            fstat($0, &own) == 0 && own.st_dev == named.st_dev && own.st_ino == named.st_ino
        }
    }

    /// Whether what is written to a path goes through, as to a terminal or /dev/null: several may share it.
    package static func isDirect(_ path: String) -> Bool {
        var status = stat()
        return path == "-" || ownDescriptor(path) != nil
            || (stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG)
    }

    /// Whether writing an output takes a file away: the one of its name, or the one beside where its bytes wait until they are
    /// whole.
    package static func takes(_ output: String, _ file: String) -> Bool {
        guard output != "-", file != "-" else { return output == file }
        let (taken, asked) = (place(output), place(file))
        return taken == asked || !isDirect(output) && taken + partialSuffix == asked
    }

    /// Whether two paths name the same file, whether it is there yet or not.
    package static func isSame(_ a: String, _ b: String) -> Bool {
        guard a != "-", b != "-" else { return a == b }
        return place(a) == place(b)
    }

    /// The path with its links followed; of a file that isn't there, that of its folder and the name.
    package static func place(_ path: String) -> String {
        if let resolved = resolved(path) { return resolved }
        let slash = path.lastIndex(of: "/")
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        return (resolved(folder) ?? folder) + "/" + name
    }

    private static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
