import Foundation

/// A client of a WebSocket, in Python, that says what it is told; Tests/Oracles/websocket_talk.py has what.
package final class WebSocketTalk {
    package let child: Child

    /// The next frame that came.
    package struct Frame: Decodable, Equatable {
        /// `text`, `binary`, `pong` or `close`.
        package var kind: String
        package var text: String
        /// Of a `close`.
        package var code: Int?

        package init(_ kind: String, _ text: String, code: Int? = nil) {
            (self.kind, self.text, self.code) = (kind, text, code)
        }
    }

    /// Returns when it is open.
    package init(port: Int, path: String = "/ws", environment: [String: String] = [:]) throws {
        child = try Child(
            Oracles.python.get(), [Oracles.script("websocket_talk.py"), "ws://127.0.0.1:\(port)\(path)"],
            environment: environment)
        _ = try child.line { $0 == "open" }
    }

    /// - Parameter words: a line of the script's input.
    /// - Returns: what comes next.
    package func say(_ words: [Any]) throws -> Frame {
        try child.write(Array(try JSONSerialization.data(withJSONObject: words)) + [UInt8(ascii: "\n")])
        return try JSONDecoder().decode(Frame.self, from: Data(child.line().utf8))
    }
}
