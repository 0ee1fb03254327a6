import Foundation

/// A terminal of a fixed size with a shell in it, by tmux: what is pressed, and what is seen.
package final class Tmux {
    private let program: String
    private let socket: String
    private let server: Child

    /// - Parameters:
    ///   - folder: for its socket.
    ///   - prompt: of the shell.
    package static func start(columns: Int, rows: Int, in folder: String, prompt: String = "ready> ") throws -> Tmux {
        try Tmux(Programs.find("tmux", package: "tmux"), columns, rows, folder, prompt)
    }

    private init(_ program: String, _ columns: Int, _ rows: Int, _ folder: String, _ prompt: String) throws {
        self.program = program
        let socket = folder + "/tmux"
        self.socket = socket
        // In the foreground: a daemon would hold what the test waits for.
        let settings = folder + "/tmux.conf"
        try Data("set -g exit-empty off".utf8).write(to: URL(filePath: settings))
        server = try Child(program, ["-S", socket, "-f", settings, "-D"])
        _ = try eventually("tmux listens") { FileManager.default.fileExists(atPath: socket) ? true : nil }
        _ = try run("new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", "env PS1='\(prompt)' sh")
    }

    package func end() {
        _ = try? run("kill-server")
        _ = try? server.wait()
    }

    package func run(_ arguments: String...) throws -> String {
        try Child(program, ["-S", socket] + arguments).wait().output
    }

    package func press(_ keys: String...) throws {
        for key in keys { _ = try run("send-keys", "-t", "0", key) }
    }

    /// What is seen now.
    package var screen: String { get throws { try run("capture-pane", "-t", "0", "-p") } }

    /// Returns what is seen once it has the text.
    package func screen(has text: String) throws -> String {
        try eventually("the screen has \(text)") {
            let shown = try screen
            return shown.contains(text) ? shown : nil
        }
    }

    /// The screen is the shell's, with a cursor and lines that wrap.
    package var isClean: Bool {
        get throws {
            try run("display-message", "-p", "-t", "0", "#{alternate_on} #{cursor_flag} #{wrap_flag}") == "0 1 1\n"
        }
    }
}
