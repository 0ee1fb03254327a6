private import CLibbpf
import Containers
import Glibc
import Shared
import TestSupport
import Testing

@testable import profiler

/// Records of the kernel and news of a runtime, as they come together.
@Suite struct `The event decoder` {
    private final class Pipeline: EventSink {
        let profiler = Profiler(Profiler.Options())
        /// Of facts about processes and listeners.
        var namespaces: [NetworkNamespace?] = []

        func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
            switch event.kind {
            case .process(let process): namespaces.append(process.networkNamespace)
            case .listening(let listening): namespaces.append(listening.networkNamespace)
            default: break
            }
            profiler.consume(event, payload: payload)
        }

        /// The containers that requests went to, by their paths.
        func destinations() throws -> [String: String?] {
            var log: [UInt8] = []
            profiler.finish()
            profiler.drainEventLog { $0.withUnsafeBytes { log += $0 } }
            let events = try Records.lines(LoggedEvent.self, String(decoding: log, as: UTF8.self))
            return Dictionary(events.filter(\.isRequest).map { ($0.url ?? "", $0.destinationContainer?.containerName) })
            {
                $1
            }
        }
    }

    private let pipeline = Pipeline()
    private var decoder: EventDecoder<Pipeline>
    private static let address = IPAddress(v4: 0x0A7B_000A)

    init() {
        decoder = EventDecoder(sink: pipeline, clockOffset: 0, now: Timestamp(nanoseconds: 0))
        decoder.containers = ContainerNames()
    }

    private mutating func hear(_ name: Character, at moment: Int64) {
        let id = String(repeating: name, count: 64)
        let identity = ContainerIdentity(service: "\(name)", image: "i:1", id: id, name: "\(name)")
        decoder.learn([.known(RunningContainer(identity: identity, addresses: [Self.address]), heard: moment)])
    }

    private mutating func open(_ serial: UInt64, at time: UInt64) {
        var record = tapedeck_state()
        record.header = tapedeck_header(time: time, type: UInt16(TAPEDECK_OPEN.rawValue), share: 0, captured: 0)
        record.connection.serial = serial
        // No process has a pid as high (PID_MAX_LIMIT).
        record.connection.process.pid = 5_000_000
        withUnsafeMutableBytes(of: &record.connection.remote) {
            $0.storeBytes(of: Self.address.high.bigEndian, as: UInt64.self)
            $0.storeBytes(of: Self.address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        record.connection.local_port = UInt16(truncatingIfNeeded: 40_000 + serial)
        record.connection.remote_port = 8080
        record.connection.role = UInt8(truncatingIfNeeded: TAPEDECK_CLIENT.rawValue)
        withUnsafeBytes(of: record) { decoder.take($0) }
    }

    private mutating func request(_ path: String, on serial: UInt64, at time: UInt64) {
        let request = Array("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        var record = tapedeck_data()
        record.header = tapedeck_header(
            time: time, type: UInt16(TAPEDECK_DATA.rawValue), share: 0, captured: UInt32(request.count))
        record.serial = serial
        record.length = UInt32(request.count)
        record.direction = UInt8(truncatingIfNeeded: TAPEDECK_SEND.rawValue)
        let bytes = withUnsafeBytes(of: record) { Array($0) } + request
        bytes.withUnsafeBytes { decoder.take($0) }
    }

    @Test mutating func `an address is whose it was when the record was made, not when it is read`() throws {
        hear("a", at: 100)
        // Records wait for a container's name meanwhile, and the next has the address already.
        hear("b", at: 300)
        open(1, at: 200)
        request("/waited", on: 1, at: 210)
        open(2, at: 299)
        open(3, at: 300)
        request("/new", on: 3, at: 301)
        request("/open-before", on: 2, at: 310)
        let destinations = try pipeline.destinations()
        #expect(destinations == ["/waited": "a", "/open-before": "a", "/new": "b"])
    }

    @Test mutating func `an address that nobody has is its first owner's, for what has waited, too`() throws {
        hear("a", at: 300)
        open(1, at: 200)
        request("/early", on: 1, at: 210)
        let destinations = try pipeline.destinations()
        #expect(destinations == ["/early": "a"])
    }

    @Test mutating func `processes and listeners are told of with their network namespace`() throws {
        let key = try #require(ProcFS.key(getpid()))
        let own = try #require(ProcFS.networkNamespace(key))
        #expect(ProcFS.link("/proc/self/ns/net") == "net:[\(own.number)]")
        // One that runs already, with a socket; and one that begins to listen.
        decoder.add(ProcFS.identityWithoutEnvironment(key, ""), listeners: [Endpoint(.init(v4: 0), 80)])
        var record = tapedeck_listen()
        record.header = tapedeck_header(time: 1, type: UInt16(TAPEDECK_LISTEN.rawValue), share: 0, captured: 0)
        record.process.pid = UInt32(key.pid)
        record.process.start_time = key.startTime
        record.network_namespace = UInt32(truncatingIfNeeded: own.number)
        withUnsafeBytes(of: record) { decoder.take($0) }
        #expect(pipeline.namespaces == [own, own, own])
        // Of one that is gone nobody knows, and a pid that was given anew is another process.
        open(1, at: 2)
        #expect(pipeline.namespaces.last == .some(nil))
        #expect(ProcFS.networkNamespace(ProcessKey(pid: key.pid, startTime: key.startTime + 1)) == nil)
    }

    @Test mutating func `an address goes to its next owner, too, where no record comes`() throws {
        hear("a", at: 100)
        hear("b", at: 300)
        decoder.note(allReadUntil: 299)
        decoder.learn([])
        open(1, at: 298)
        request("/before", on: 1, at: 298)
        decoder.note(allReadUntil: 300)
        decoder.learn([])
        open(2, at: 299)
        request("/after", on: 2, at: 299)
        let destinations = try pipeline.destinations()
        #expect(destinations == ["/before": "a", "/after": "b"])
    }
}
