import Glibc

/// Bytes of the heap that are in use, whoever holds them: arrays, objects, and memory that no reflection sees into.
///
/// Of the whole process: for exit tests, which have one of their own.
enum HeapBytes {
    static var inUse: Int {
        let report = report()
        // What the heap has from the system, without what is free in it, and what large blocks have beside it.
        return size("<system type=\"current\"", in: report) - size("<total type=\"fast\"", in: report)
            - size("<total type=\"rest\"", in: report) + size("<total type=\"mmap\"", in: report)
    }

    /// What malloc_info(3) says, as XML; the sums of all arenas are the last of each kind.
    private static func report() -> String {
        typealias Info = @convention(c) (Int32, UnsafeMutablePointer<FILE>) -> Int32
        var text: UnsafeMutablePointer<CChar>?
        var count = 0
        guard let function = dlsym(nil, "malloc_info"), let stream = open_memstream(&text, &count) else {
            preconditionFailure("no malloc_info")
        }
        _ = unsafeBitCast(function, to: Info.self)(0, stream)
        fclose(stream)
        defer { free(text) }
        return text.map { String(cString: $0) } ?? ""
    }

    private static func size(_ element: String, in report: String) -> Int {
        let line = report.split(separator: "\n").last { $0.hasPrefix(element) } ?? ""
        guard let value = line.split(separator: "\"").last(where: { Int($0) != nil }).flatMap({ Int($0) }) else {
            preconditionFailure("malloc_info says no \(element)")
        }
        return value
    }
}
