import FoundationEssentials

/// A message of a client, as JSON-RPC 2.0 has it.
enum MCPMessage: Equatable {
    /// - Parameter id: text or a number, which the answer has, too.
    case request(id: JSONValue, method: String, parameters: JSONValue?)
    case notification(method: String)
    /// An answer to a question that was never asked.
    case answer

    /// Why a message can't be done as it is (JSON-RPC 2.0, section 5.1).
    struct Fault: Error, Equatable {
        var code: Code
        var text: String
        /// `null` where the message has none that can be read.
        var id: JSONValue = .null

        enum Code: Int64 {
            case noJSON = -32700
            case noRequest = -32600
            case noMethod = -32601
            case wrongParameters = -32602
        }
    }

    /// What a line holds: a message, or a batch of them.
    static func value(of line: [UInt8]) throws(Fault) -> JSONValue {
        do {
            return try JSONDecoder().decode(JSONValue.self, from: Data(line))
        } catch {
            throw Fault(code: .noJSON, text: "the line is no JSON")
        }
    }

    init(_ value: JSONValue) throws(Fault) {
        guard case .object = value else {
            throw Fault(code: .noRequest, text: "a message is an object")
        }
        let id = value["id"]
        let isID =
            switch id {
            case .string, .integer, .number: true
            default: false
            }
        guard value["jsonrpc"] == "2.0" else {
            throw Fault(code: .noRequest, text: "jsonrpc is not \"2.0\"", id: isID ? id ?? .null : .null)
        }
        guard let method = value["method"]?.text else {
            guard value["method"] == nil, value["result"] != nil || value["error"] != nil else {
                throw Fault(code: .noRequest, text: "there is no method", id: isID ? id ?? .null : .null)
            }
            self = .answer
            return
        }
        guard let id else {
            self = .notification(method: method)
            return
        }
        guard isID else { throw Fault(code: .noRequest, text: "id is neither text nor a number") }
        self = .request(id: id, method: method, parameters: value["params"])
    }
}
