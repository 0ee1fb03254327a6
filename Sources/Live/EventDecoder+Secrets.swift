private import CLibbpf
import Shared

extension EventDecoder {
    /// What decrypts a TLS session, taken from a profiled process.
    mutating func secret(_ record: UnsafeRawBufferPointer) {
        guard record.count >= MemoryLayout<tapedeck_secret>.size else { return }
        let told = record.loadUnaligned(as: tapedeck_secret.self)
        let process = ProcessKey(pid: told.process.pid, bootNanoseconds: told.process.start_time)
        let random = withUnsafeBytes(of: told.random) { Array($0) }
        let bytes = withUnsafeBytes(of: told.secret) { Array($0.prefix(Int(told.length))) }
        guard let label = Self.label(told.label),
            let secret = TLSSecret(
                label: label, clientRandom: told.has_random != 0 ? random : nil, secret: bytes, process: process)
        else { return }
        announce(process)
        emit(.secret(secret))
    }

    private static func label(_ number: UInt8) -> String? {
        switch tapedeck_label(UInt32(number)) {
        case TAPEDECK_MASTER: "CLIENT_RANDOM"
        case TAPEDECK_CLIENT_EARLY: "CLIENT_EARLY_TRAFFIC_SECRET"
        case TAPEDECK_CLIENT_HANDSHAKE: "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
        case TAPEDECK_SERVER_HANDSHAKE: "SERVER_HANDSHAKE_TRAFFIC_SECRET"
        case TAPEDECK_CLIENT_TRAFFIC: "CLIENT_TRAFFIC_SECRET_0"
        case TAPEDECK_SERVER_TRAFFIC: "SERVER_TRAFFIC_SECRET_0"
        default: nil
        }
    }
}
