import Containers
import FoundationEssentials
import Shared

/// What CNI's plugins have said of the containers' networks, where libcni keeps it: `results/NETWORK-CONTAINER-INTERFACE`.
///
/// nerdctl and `ctr run --cni` go through it; containerd itself knows no addresses. A file: libcni's `cachedInfo`
/// (https://github.com/containernetworking/cni, libcni/api.go).
struct CNIResults {
    private var byContainer: [String: [CNIResult]] = [:]

    /// A result is a few kilobytes.
    private static let largestFile = 1 << 20

    /// - Parameter container: the only one that is wanted, as CNI calls it; `nil`: all.
    init(folder: String, of container: String? = nil) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names.sorted() where container.map({ name.contains("-\($0)-") }) ?? true {
            guard let text = ProcFS.text("\(folder)/\(name)"), text.utf8.count <= Self.largestFile,
                let result = try? JSONDecoder().decode(CNIResult.self, from: Data(text.utf8))
            else { continue }
            byContainer[result.containerId, default: []].append(result)
        }
    }

    /// The networks that a container is on.
    subscript(container: String) -> [CNIResult] { byContainer[container] ?? [] }
}

/// One network of one container.
struct CNIResult: Decodable {
    var containerId: String
    private var capabilityArgs: Capabilities?
    private var result: Result?

    private struct Result: Decodable { var ips: [IP]? }
    private struct IP: Decodable {
        /// With the length of the prefix.
        var address: String?
        var gateway: String?
    }
    private struct Capabilities: Decodable { var portMappings: [PortMapping]? }

    var addresses: [IPAddress] {
        (result?.ips ?? []).compactMap { $0.address?.split(separator: "/").first }.compactMap { IPAddress(String($0)) }
    }

    var gateways: [IPAddress] { (result?.ips ?? []).compactMap(\.gateway).compactMap { IPAddress($0) } }

    var published: [Endpoint] { (capabilityArgs?.portMappings ?? []).flatMap(\.endpoints) }
}

/// A port of the host that is a container's, as go-cni has it: in CNI's results, and in nerdctl's label `nerdctl/ports`.
struct PortMapping: Decodable {
    private var port: Int?
    private var transport: String?
    private var host: String?

    /// Spelled as in Go, or with a small first letter.
    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        for key in fields.allKeys {
            switch key.stringValue.lowercased() {
            case "hostport": port = try fields.decodeIfPresent(Int.self, forKey: key)
            case "protocol": transport = try fields.decodeIfPresent(String.self, forKey: key)
            case "hostip": host = try fields.decodeIfPresent(String.self, forKey: key)
            default: break
            }
        }
    }

    var endpoints: [Endpoint] {
        guard transport?.lowercased() ?? "tcp" == "tcp", let port = port.flatMap({ UInt16(exactly: $0) }) else {
            return []
        }
        return PublishedPort.endpoints(host, port)
    }

    /// Reads the label.
    static func read(_ label: String) -> [PortMapping] {
        (try? JSONDecoder().decode([PortMapping].self, from: Data(label.utf8))) ?? []
    }
}
