import Console
import Shipping

/// One input of an agent's door: a file, or what a stream had when the program started.
struct MCPRecording {
    /// As an agent sees it and asks for it: without the credentials that an address may have.
    let name: String
    let streamed: StreamedInputs

    init(_ input: String) throws(Failure) {
        name = StreamAddress.isMeant(input) ? "\(try StreamAddress(input, option: ""))" : input
        streamed = try StreamedInputs([input])
    }

    /// Of its files.
    var names: [String] { streamed.names ?? streamed.paths }
}
