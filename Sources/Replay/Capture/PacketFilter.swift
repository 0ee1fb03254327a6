private import CLibpcap
import Console
import Glibc

/// A tcpdump filter (pcap-filter(7)): which packets of captures are looked at.
///
/// libpcap compiles the expression for a link type, and runs what comes of it on each packet.
final class PacketFilter {
    let expression: String
    /// Packets that it was asked about.
    private(set) var packets: UInt64 = 0
    /// Packets that it let through.
    private(set) var passed: UInt64 = 0

    /// The expression compiled for each kind of packets that came, few in number: a capture has one, a pcapng file one
    /// for each link type.
    private var programs: [Program] = []

    init(_ expression: String) { self.expression = expression }

    /// Whether a packet is wanted.
    ///
    /// One of a link type that `replay` does not read always is: it shall be counted as such.
    /// - Throws: where libpcap can't make sense of the expression, with its words.
    func accepts(_ packet: CapturedPacket, isBigEndian: Bool) throws(Failure) -> Bool {
        let program = try program(linkType: packet.linkType, isBigEndian: isBigEndian)
        packets &+= 1
        guard program.accepts(packet) else { return false }
        passed &+= 1
        return true
    }

    /// Makes sure that the expression can be used on packets of this kind, before the first one comes.
    func check(linkType: Int32, isBigEndian: Bool) throws(Failure) {
        _ = try program(linkType: linkType, isBigEndian: isBigEndian)
    }

    private func program(linkType: Int32, isBigEndian: Bool) throws(Failure) -> Program {
        for program in programs where program.linkType == linkType && program.isBigEndian == isBigEndian {
            return program
        }
        let program = try Program(expression, linkType: linkType, isBigEndian: isBigEndian)
        programs.append(program)
        return program
    }

    /// What libpcap has made of an expression.
    private final class Program {
        let linkType: Int32
        let isBigEndian: Bool
        private var code = bpf_program()
        /// Its packets are not read, and so not filtered.
        private let acceptsAll: Bool

        init(_ expression: String, linkType: Int32, isBigEndian: Bool) throws(Failure) {
            self.linkType = linkType
            self.isBigEndian = isBigEndian
            acceptsAll = !LinkLayer.isRead(linkType)
            guard !acceptsAll else { return }
            let handle = try Self.handle(linkType: linkType, isBigEndian: isBigEndian)
            defer { pcap_close(handle) }
            // The netmask is that of no network: only `ip broadcast` would need it.
            guard pcap_compile(handle, &code, expression, 1, PCAP_NETMASK_UNKNOWN) == 0 else {
                throw Failure("--filter '\(expression)': \(String(cString: pcap_geterr(handle)))")
            }
        }

        deinit { pcap_freecode(&code) }

        func accepts(_ packet: CapturedPacket) -> Bool {
            guard !acceptsAll else { return true }
            var header = pcap_pkthdr()
            header.caplen = UInt32(clamping: packet.bytes.count)
            header.len = UInt32(clamping: packet.wireLength)
            // An empty packet has no address, and libpcap reads none of it.
            let bytes = packet.bytes.assumingMemoryBound(to: UInt8.self).baseAddress
            return withUnsafePointer(to: 0 as UInt8) { pcap_offline_filter(&code, &header, bytes ?? $0) } != 0
        }

        /// What the expression is compiled for: a capture without packets, which libpcap is made to read.
        ///
        /// One of `pcap_open_dead` would take a DLT where files have a LINKTYPE, and could not say in whose byte order
        /// the address family stands in front of packets of a loopback device.
        private static func handle(linkType: Int32, isBigEndian: Bool) throws(Failure) -> OpaquePointer {
            func ordered(_ value: UInt32) -> UInt32 { isBigEndian ? value.bigEndian : value.littleEndian }
            func ordered(_ value: UInt16) -> UInt16 { isBigEndian ? value.bigEndian : value.littleEndian }
            var bytes: [UInt8] = []
            func append<Number: FixedWidthInteger>(_ value: Number) {
                withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
            }
            append(ordered(0xA1B2_C3D4 as UInt32))
            append(ordered(2 as UInt16))
            append(ordered(4 as UInt16))
            append(0 as UInt64)
            append(ordered(256 << 10 as UInt32))
            append(ordered(UInt32(bitPattern: linkType)))
            var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
            // libpcap has read the header, and so all of `bytes`, when it returns.
            let opened: OpaquePointer? = bytes.withUnsafeMutableBytes { bytes in
                guard let file = fmemopen(bytes.baseAddress, bytes.count, "r") else { return nil }
                guard let handle = pcap_fopen_offline(file, &message) else {
                    fclose(file)
                    return nil
                }
                return handle
            }
            guard let opened else {
                let reason = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                throw Failure("--filter: libpcap can't begin: \(String(decoding: reason, as: UTF8.self))")
            }
            return opened
        }
    }
}
