import Console
import Glibc
import Shared

/// The service map's file: rewritten as a whole or not at all, so that a reader never sees half a map.
///
/// One profiler writes it: it holds a lock on the file that stands under the name, and takes that of each new one before it
/// gets the name.
final class LiveMap {
    private static let option = "SERVICE_MAP_PATH (--service-map)"
    private let path: String
    /// The file under the name, locked; -1 where there was none yet.
    private var lock: Int32 = -1
    /// Bytes of the last map, if there was no room for it.
    private(set) var lostBytes = 0

    /// - Throws: where it can't be written, or another profiler writes it.
    init(_ path: String) throws(Failure) {
        self.path = path
        let file = try OutputFile(path, option: Self.option)
        file.discard()
        guard !OutputFile.isDirect(path) else { return }
        while true {
            lock = open(path, O_RDONLY | O_CLOEXEC)
            guard lock >= 0 else { return }
            guard FileLock.take(lock) else {
                close(lock)
                throw Failure("\(Self.option) \(path): another profiler writes it; choose another file")
            }
            var (named, locked) = (stat(), stat())
            // It may have been replaced since it was opened.
            if fstat(lock, &locked) == 0, stat(path, &named) == 0, named.st_ino == locked.st_ino { return }
            close(lock)
        }
    }

    deinit { if lock >= 0 { close(lock) } }

    func write(_ text: String) {
        do throws(Failure) {
            let file = try OutputFile(path, option: Self.option)
            try file.write(text)
            let locked = file.duplicate()
            if let locked { _ = FileLock.take(locked) }
            try file.commit()
            if lock >= 0 { close(lock) }
            lock = locked ?? -1
            lostBytes = 0
        } catch {
            if lostBytes == 0 { Terminal.complain("\(error)") }
            lostBytes = text.utf8.count
        }
    }
}
