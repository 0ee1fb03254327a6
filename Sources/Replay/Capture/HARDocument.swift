/// An HTTP Archive as it is read: version 1.2, and what browsers and proxies make of it; whatever is not needed is not looked at.
struct HARDocument: Decodable {
    var log: Log

    struct Log: Decodable {
        var creator: Program?
        var browser: Program?
        var entries: [Lenient<Entry>]
    }

    struct Program: Decodable {
        var name: String?
    }

    /// A value; `nil` where it is none of its type, which shall not take the others with it.
    struct Lenient<Value: Decodable>: Decodable {
        var value: Value?

        init(from decoder: any Decoder) throws { value = try? Value(from: decoder) }
    }

    struct Entry: Decodable {
        var startedDateTime: String
        var request: Request
        var response: Response?
        var timings: Timings?
        var time: ExactNumber?
        var serverIPAddress: String?
        var messages: [Lenient<WebSocketMessage>]?
        var clientIPAddress: String?
        var serverPort: UInt16?

        private enum CodingKeys: String, CodingKey {
            case startedDateTime, request, response, timings, time, serverIPAddress
            case messages = "_webSocketMessages"
            case clientIPAddress = "_clientIPAddress"
            case serverPort = "_serverPort"
        }
    }

    struct Request: Decodable {
        var method: String
        var url: String
        var httpVersion: String?
        var headers: [Lenient<Pair>]?
        var postData: Content?
        var bodySize: Double?
        var trailers: [Lenient<Pair>]?

        private enum CodingKeys: String, CodingKey {
            case method, url, httpVersion, headers, postData, bodySize
            case trailers = "_trailers"
        }
    }

    struct Response: Decodable {
        var status: Int
        var statusText: String?
        var httpVersion: String?
        var headers: [Lenient<Pair>]?
        var content: Content?
        var trailers: [Lenient<Pair>]?

        private enum CodingKeys: String, CodingKey {
            case status, statusText, httpVersion, headers, content
            case trailers = "_trailers"
        }
    }

    struct Pair: Decodable {
        var name: String
        var value: String
    }

    struct Content: Decodable {
        var size: Double?
        var text: String?
        var encoding: String?

        private enum CodingKeys: String, CodingKey {
            case size, text, encoding
            case own = "_encoding"
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            size = try values.decodeIfPresent(Double.self, forKey: .size)
            text = try values.decodeIfPresent(String.self, forKey: .text)
            encoding =
                try values.decodeIfPresent(String.self, forKey: .encoding)
                ?? values.decodeIfPresent(String.self, forKey: .own)
        }
    }

    /// Milliseconds; less than 0 where they are not known.
    struct Timings: Decodable {
        var blocked: ExactNumber?
        var dns: ExactNumber?
        var connect: ExactNumber?
        var send: ExactNumber?
        var wait: ExactNumber?
        var receive: ExactNumber?
    }

    /// As Chromium writes it.
    struct WebSocketMessage: Decodable {
        var type: String
        /// Seconds since 1970.
        var time: ExactNumber
        var opcode: Int
        var data: String
    }
}
