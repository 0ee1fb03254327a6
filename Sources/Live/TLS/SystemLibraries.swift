import Glibc

/// The TLS libraries of the system, which most programs use: probed before anybody does.
enum SystemLibraries {
    /// Where distributions have them.
    private static let folders = [
        "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/usr/local/lib64", "/lib",
        "/usr/lib",
        "/usr/local/lib",
    ]
    private static let names = ["libssl.so.", "libgnutls.so."]

    /// Each once, whatever its names.
    static var paths: [String] {
        var files: Set<MappingWatch.FileNumber> = []
        return folders.flatMap { folder in
            ProcFS.entries(folder).filter { name in names.contains { name.hasPrefix($0) } }.map { folder + "/" + $0 }
        }.filter { path in
            var status = stat()
            guard stat(path, &status) == 0 else { return false }
            let file = MappingWatch.FileNumber(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
            return files.insert(file).inserted
        }
    }
}
