import ArgumentParser
import Command
import Console
import Glibc
import Shared
import Shipping

/// `replay ship INPUT… --to nats://…`, sending what was recorded to a stream.
struct Ship: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ship",
        abstract:
            "Send tapes, captures and states to a stream of NATS JetStream, where replay reads those of many hosts.",
        discussion: """
            The stream is made where it is not there. What it has already counts once, so that an interrupted run is simply started again. \
            Inputs are sent as they are, decompressed; `replay nats://HOST:PORT/STREAM` reads all of them as one tape. docs/many-hosts.md has \
            more.

            EXAMPLES
              replay ship run.tape --to nats://10.0.0.5:4222
                  Sends a trace to the stream tapedeck.
              profiler --record - | replay ship - --to nats://10.0.0.5 --spool /var/spool/tapedeck
                  Sends while it is recorded; what waits for a server that is away is on disk.
              replay state host.tape -o host.state && replay ship host.state --to nats://10.0.0.5/states
                  Sends what was seen, without the traffic.

            EXIT STATUS
              0  the stream has all of it
              1  something was lost, waits in the spool, or was deleted by the server
              2  could not be sent
            """)

    @Argument(help: "Tapes and states to send; - is standard input.", completion: .file())
    var inputs: [String]

    @Option(help: ArgumentHelp("The stream: nats://HOST:PORT/STREAM, or tls://.", valueName: "url"))
    var to: String

    @Option(help: ArgumentHelp("Whose they are (default: this machine's name).", valueName: "name"))
    var host: String?

    @Option(
        help: ArgumentHelp("Keep in a folder what was not sent yet, and send what is left there.", valueName: "folder"),
        completion: .directory)
    var spool: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Keep so much there, beyond which the oldest is lost (default: 256M).", valueName: "bytes"))
    var spoolSize: NumberArgument?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Wait so long for a server that is away (default: 30).", valueName: "seconds"))
    var patience: NumberArgument?

    @Flag(help: "Say what was sent as JSON.")
    var json = false

    func run() throws {
        let address = try StreamAddress(to, option: "--to")
        guard address.subject == nil else {
            throw Failure("--to \(address): subjects are made of hosts and files; leave out what stands behind ?")
        }
        let patience = try patience?.number("--patience", in: 0...86_400) ?? 30
        let most = try spoolSize?.bytes("--spool-size", in: Spool.least...(1 << 50)) ?? 256 << 20
        if spoolSize != nil, spool == nil { throw Failure("--spool-size: is of a spool; name its folder with --spool") }
        try Input.check(inputs)
        var sent = Shipment(host: host ?? ShippedFile.thisHost)
        var left: UInt64 = 0
        if let spool {
            let spool = try Spool(spool, most: most, option: "--spool")
            let shipper = Shipper(address, spool: spool, option: "--to")
            for input in inputs { try sent.send(input) { shipper.add($0) } }
            left = shipper.end(patience: patience)
            sent.lost = shipper.lostBytes
            sent.deleted = shipper.deletedBytes
        } else {
            var delivery = Delivery(address, option: "--to", meanwhile: "trying again for \(patience) s")
            for input in inputs {
                try sent.send(input) { piece throws(Failure) in try deliver(piece, &delivery, patience, to: address) }
            }
            sent.deleted = delivery.deletedBytes
        }
        sent.bytes &-= min(left &+ sent.lost &+ sent.deleted, sent.bytes)
        try StandardOutput.write(json ? sent.json(left: left) : sent.text(address), to: STDOUT_FILENO)
        for complaint in sent.complaints { Terminal.complain(complaint) }
        if left > 0 || sent.lost > 0 || sent.deleted > 0 || !sent.complaints.isEmpty { throw ExitCode(1) }
    }

    private func deliver(
        _ piece: Piece, _ delivery: inout Delivery, _ patience: Int, to address: StreamAddress
    ) throws(Failure) {
        let end = Clock.monotonic &+ Int64(patience) &* 1_000_000_000
        let isThere = delivery.send(piece) { seconds in
            let next = min(Clock.monotonic &+ Int64(seconds) &* 1_000_000_000, end)
            while Clock.monotonic < next, !Interruption.isRequested { usleep(20_000) }
            return Clock.monotonic < end && !Interruption.isRequested
        }
        guard !isThere else { return }
        throw Failure("--to \(address): not all was sent; start it again, what is there already counts once")
    }
}
