import FoundationEssentials

// What is read of containerd's messages; the numbers are those of its API, from 1.0 to 2.x
// (https://github.com/containerd/containerd/tree/main/api).

/// A container: `containerd.services.containers.v1.Container`.
struct ContainerdContainer {
    var id: String
    var labels: [String: String]
    var image: String

    init(id: String, labels: [String: String] = [:], image: String = "") {
        self.id = id
        self.labels = labels
        self.image = image
    }

    init(_ fields: ProtobufFields) throws {
        self.init(id: fields.text(1), labels: try fields.map(2), image: fields.text(3))
    }
}

/// The first process of a container: `containerd.v1.types.Process`.
struct ContainerdTask {
    var container: String
    /// 0 where it does not run.
    var pid: Int32

    private static let stopped = 3

    init(_ fields: ProtobufFields) {
        // In a list the container stands where else the process does.
        container = fields.text(1).isEmpty ? fields.text(2) : fields.text(1)
        pid = fields.number(4) == Self.stopped ? 0 : Int32(exactly: fields.number(3)) ?? 0
    }
}

/// An event that matters: `containerd.services.events.v1.Envelope`, and what it has in it.
struct ContainerdEvent: Equatable {
    enum Change: Equatable {
        case containerCreated, containerUpdated, containerDeleted
        case taskCreated, taskStarted
        case taskExited
    }

    var namespace: String
    var change: Change
    var container: String

    /// - Returns: `nil` where it is about something else, such as a process that was started in a container later.
    init?(_ fields: ProtobufFields) throws {
        namespace = fields.text(2)
        // In a google.protobuf.Any.
        let event = try ProtobufFields(try fields.message(4).bytes(2))
        container = event.text(1)
        switch fields.text(3) {
        case "/containers/create": change = .containerCreated
        case "/containers/update": change = .containerUpdated
        case "/containers/delete": change = .containerDeleted
        case "/tasks/create": change = .taskCreated
        case "/tasks/start": change = .taskStarted
        case "/tasks/exit" where event.text(2) == container: change = .taskExited
        default: return nil
        }
    }
}
