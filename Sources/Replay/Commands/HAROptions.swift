import ArgumentParser
import Command
import Console
import Shared

/// `--bodies` and `--credentials`: what `export har` holds.
struct HAROptions: ParsableArguments {
    @Flag(help: "har: keep bodies, up to 64 KiB of each.")
    var bodies = false

    @Flag(help: "har: keep what looks like a credential.")
    var credentials = false

    func apply(to options: inout Profiler.Options, _ selection: Selection) {
        var content = HARFile.Content()
        content.withBodies = bodies
        content.selection = selection
        options.archive = content
        options.redact = !credentials
    }

    /// Writes the archive of a run.
    /// - Returns: what could not be said.
    static func write(_ result: Replaying.Result, to output: String) throws(Failure) -> [String] {
        guard let archive = result.archive else { return [] }
        let from = result.summary.provenance(isLossy: result.isLossy)
        let bytes = archive.text(from: from, version: ProgramVersion.number)
        let file = try OutputFile(output, option: "--output")
        try file.write(bytes.span.bytes)
        try file.commit()
        var leftOut: [String] = []
        if archive.refused > 0 {
            leftOut.append(
                "left out: \(Quantity.count(archive.refused, "exchange")) whose messages are not known, or for which there was no room; "
                    + "--since and --until choose a part of the time")
        }
        if archive.unplaced > 0 {
            let messages = Quantity.count(archive.unplaced, "message")
            leftOut.append(
                "left out: \(messages) of WebSocket whose handshake is not known, of which an archive makes them a part"
            )
        }
        for (count, what) in [
            (archive.cutBodies, "what stands behind the first 64 KiB of"),
            (archive.tornBodies, "what was not captured of"),
        ] where count > 0 {
            leftOut.append(
                "left out: \(what) \(Quantity.count(count, "body", "bodies")); a comment in the archive says of which")
        }
        return leftOut
    }
}
