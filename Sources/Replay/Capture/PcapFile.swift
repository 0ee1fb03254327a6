private import CLibpcap
import Console
import Glibc
import Shared

/// A packet of a capture file; its bytes are valid until the next one is read.
struct CapturedPacket {
    var timestamp: Timestamp
    /// LINKTYPE, as the file has it; in a pcapng file that of the packet's interface.
    var linkType: Int32
    /// The packet's length on the wire.
    var wireLength: Int
    /// What was captured of it; fewer bytes than `wireLength` where the snapshot length cut it.
    var bytes: UnsafeRawBufferPointer
}

/// A capture file that has been opened.
protocol PacketSource: ~Copyable {
    /// The next packet, or `nil` where the file ends; `failure` says why, if it ends too early.
    mutating func next() -> CapturedPacket?
    var failure: String? { get }
}

/// Why a file gives no packets.
struct CaptureFailure: Error, Equatable {
    var reason: String
}

/// A pcap file, read by libpcap: in either byte order, with micro- or nanoseconds.
struct PcapFile: ~Copyable, PacketSource {
    private let handle: OpaquePointer
    private let linkType: Int32
    private let source: any ByteSource
    /// What libpcap's FILE reads from; it lives as long as the handle.
    private let context: Unmanaged<Context>

    private final class Context {
        let source: any ByteSource
        init(_ source: any ByteSource) { self.source = source }
    }

    /// stdio's buffer: fewer and larger reads than its own 4 KiB.
    private static let bufferBytes = 256 << 10

    private(set) var failure: String?

    init(_ source: any ByteSource) throws(CaptureFailure) {
        let context = Unmanaged.passRetained(Context(source))
        var functions = replay_stream_functions()
        functions.read = { context, buffer, size in
            guard let context, let buffer else { return 0 }
            let source = Unmanaged<Context>.fromOpaque(context).takeUnretainedValue().source
            return source.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size))
        }
        guard let file = replay_fopencookie(context.toOpaque(), "r", functions) else {
            context.release()
            throw CaptureFailure(reason: String(cString: strerror(errno)))
        }
        setvbuf(file, nil, Int32(_IOFBF), Self.bufferBytes)
        var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        guard
            let handle = pcap_fopen_offline_with_tstamp_precision(
                file, UInt32(PCAP_TSTAMP_PRECISION_NANO), &message)
        else {
            fclose(file)
            context.release()
            throw CaptureFailure(reason: Self.text(message))
        }
        self.handle = handle
        self.context = context
        self.source = source
        linkType = pcap_datalink(handle)
    }

    deinit {
        pcap_close(handle)
        context.release()
    }

    /// The next packet, or `nil` where the file ends; `failure` says why, if it ends too early.
    @inline(__always)
    mutating func next() -> CapturedPacket? {
        var header: UnsafeMutablePointer<pcap_pkthdr>?
        var data: UnsafePointer<UInt8>?
        let status = pcap_next_ex(handle, &header, &data)
        guard status == 1, let record = header?.pointee else {
            failure = source.failure ?? (status == PCAP_ERROR_BREAK ? nil : String(cString: pcap_geterr(handle)))
            return nil
        }
        let seconds = Int64(record.ts.tv_sec)
        return CapturedPacket(
            timestamp: Timestamp(nanoseconds: seconds &* 1_000_000_000 &+ Int64(record.ts.tv_usec)),
            linkType: linkType, wireLength: Int(record.len),
            bytes: UnsafeRawBufferPointer(start: data, count: Int(record.caplen)))
    }

    private static func text(_ message: [CChar]) -> String {
        String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
