private import CLibbpf
import Console
import Glibc
import Synchronization

/// Tells which files processes map to run them: at exec, by the dynamic loader, by dlopen (perf_event_open(2)).
struct MappingWatch: ~Copyable {
    /// A file that a process runs, or a part of it.
    struct Mapping: Hashable {
        var pid: Int32
        var start: UInt64
        var end: UInt64
        /// The file system's, and the file's on it, as the kernel has them.
        var file: FileNumber
        var path: String
    }

    struct FileNumber: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    /// The records of one CPU: a page that says how far they are, and a ring of pages.
    private struct Ring {
        var descriptor: Int32
        var base: UnsafeMutableRawPointer
        var size: Int
    }

    private var rings: [Ring] = []
    private let page = Int(getpagesize())
    /// Pages of a ring; a record has some 130 bytes, so it holds the mappings of 50 programs' starts.
    private static let pages = 16

    /// - Throws: where the kernel does not let it.
    init() throws(Failure) {
        for cpu in Self.cpus {
            let descriptor = tapedeck_watch_mappings(cpu)
            let size = Self.pages * page
            let base = descriptor < 0 ? nil : mmap(nil, page + size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
            guard let base, base != MAP_FAILED else {
                let reason = String(cString: strerror(errno))
                if descriptor >= 0 { Glibc.close(descriptor) }
                for ring in rings { Self.close(ring, page) }
                throw Failure("new programs and libraries can't be watched: \(reason)")
            }
            rings.append(Ring(descriptor: descriptor, base: base, size: size))
        }
    }

    deinit { for ring in rings { Self.close(ring, page) } }

    private static func close(_ ring: Ring, _ page: Int) {
        munmap(ring.base, page + ring.size)
        Glibc.close(ring.descriptor)
    }

    /// `0-3,8`: those that run.
    private static var cpus: [Int32] {
        let text = ProcFS.text("/sys/devices/system/cpu/online") ?? "0"
        return text.split { $0 == "," || $0 == "\n" }.flatMap { range -> [Int32] in
            let ends = range.split(separator: "-").compactMap { Int32($0) }
            guard let first = ends.first, let last = ends.last, first <= last else { return [] }
            return Array(first...last)
        }
    }

    /// Waits until there are records, or somebody writes to `other`.
    func wait(milliseconds: Int32, other: Int32) {
        var descriptors = (rings.map(\.descriptor) + [other]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        poll(&descriptors, nfds_t(descriptors.count), milliseconds)
    }

    /// Gives what was mapped since the last call to `take`.
    /// - Returns: whether some could not be told of, for want of room.
    func read(_ take: (Mapping) -> Void) -> Bool {
        var hasLost = false
        for ring in rings {
            // include/uapi/linux/perf_event.h, struct perf_event_mmap_page: data_head at 1024, data_tail at 1032.
            let head = (ring.base + 1024).assumingMemoryBound(to: Atomic<UInt64>.self).pointee.load(
                ordering: .acquiring)
            let tail = (ring.base + 1032).assumingMemoryBound(to: Atomic<UInt64>.self)
            var place = tail.pointee.load(ordering: .relaxed)
            while head &- place >= 8 {
                let record = copy(ring, at: place, count: 8)
                let size = Int(record.number(6, UInt16.self))
                guard size >= 8, UInt64(size) <= head &- place else { break }
                switch record.number(0, UInt32.self) {
                case Self.lost: hasLost = true
                case Self.mapped: Self.mapping(copy(ring, at: place, count: size)).map(take)
                default: break
                }
                place &+= UInt64(size)
            }
            tail.pointee.store(head, ordering: .releasing)
        }
        return hasLost
    }

    private func copy(_ ring: Ring, at place: UInt64, count: Int) -> [UInt8] {
        let start = Int(place % UInt64(ring.size))
        let data = UnsafeRawBufferPointer(start: ring.base + page, count: ring.size)
        let first = min(count, ring.size - start)
        return Array(data[start..<(start + first)]) + Array(data[..<(count - first)])
    }

    /// PERF_RECORD_LOST, PERF_RECORD_MMAP2.
    private static let lost: UInt32 = 2
    private static let mapped: UInt32 = 10

    private static func mapping(_ record: [UInt8]) -> Mapping? {
        let nameAt = 72
        guard record.count > nameAt else { return nil }
        let path = String(decoding: record[nameAt...].prefix { $0 != 0 }, as: UTF8.self)
        guard path.hasPrefix("/"), path != "//anon" else { return nil }
        let start = record.number(16, UInt64.self)
        let device = UInt64(record.number(40, UInt32.self)) << 32 | UInt64(record.number(44, UInt32.self))
        return Mapping(
            pid: Int32(bitPattern: record.number(8, UInt32.self)), start: start,
            end: start &+ record.number(24, UInt64.self),
            file: FileNumber(device: device, inode: record.number(48, UInt64.self)), path: path)
    }

    /// What a process that runs already has mapped to be run (proc_pid_maps(5)).
    static func mappings(of pid: Int32) -> [Mapping] {
        (ProcFS.text("/proc/\(pid)/maps") ?? "").split(separator: "\n").compactMap { line in
            // 7f5c1000-7f5c2000 r-xp 0001f000 fe:01 1234   /usr/lib/libssl.so.3
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count == 6, fields[1].contains("x") else { return nil }
            let path = String(fields[5].drop { $0 == " " })
            let ends = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            let device = fields[3].split(separator: ":").compactMap { UInt64($0, radix: 16) }
            guard path.hasPrefix("/"), ends.count == 2, device.count == 2, let inode = UInt64(fields[4]) else {
                return nil
            }
            return Mapping(
                pid: pid, start: ends[0], end: ends[1],
                file: FileNumber(device: device[0] << 32 | device[1], inode: inode), path: path)
        }
    }
}

extension [UInt8] {
    /// A number as this machine has it, at a place that is there.
    fileprivate func number<Number: FixedWidthInteger>(_ place: Int, _ type: Number.Type) -> Number {
        withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: type) }
    }
}
