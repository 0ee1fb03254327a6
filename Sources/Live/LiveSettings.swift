import Collector
import Shared
import Shipping

/// What a capture is told to do.
struct LiveSettings {
    var outputPath = "/var/log/ebpf_http_profiler.log"
    var environmentPath = "/var/log/ebpf_http_env.yaml"
    var serviceMapPath: String?
    var tracePath: String?
    /// What is encrypted on the trace can't be read from it alone.
    var keepsSecretsOffTrace = false
    /// Add to an event log and an environment file that are there, instead of replacing them.
    var appends = false
    var rotation = Rotation()
    /// Where it is answered how the capture stands; `nil`: nowhere.
    var statusSocket: String?
    /// Where Prometheus is answered; `nil`: nowhere.
    var metricsListen: String?
    /// Where telemetry is sent; `nil`: nowhere.
    var telemetry: OTLPEndpoint?
    /// The stream that the tape is sent to; `nil`: none.
    var shipping: Shipping?
    /// Say how it stands while it runs.
    var saysStatus = true
    /// Somebody watches the map while it grows.
    var isWatched = false
    /// Prefixes of the variables that are kept; empty: all.
    var environmentPrefixes: [String] = []
    var redact = false
    /// What is kept of the text of statements.
    var statements = StatementText.normalized
    /// Tell of operations that only keep a session going.
    var housekeeping = false
    /// What event log and map have.
    var fields = FieldSet.all
    /// Paths are written as they are, and no templates.
    var rawPaths = false
    /// Where a container runtime listens; `nil`: nobody is asked for containers.
    var containerSocket: String?
    /// Of which of containerd's namespaces the containers are.
    var containerNamespace = "default"
    /// Bytes of a body that the event log shows.
    var bodyLimit = 64 << 10
    var kernel = KernelProgram.Settings()
    /// Processes and containers that are profiled whether they have opted in or not: root says yes in their place.
    var chosenPids: [Int32] = []
    var chosenContainers: [String] = []
    /// What is started, opted in, and ends the capture with its end; empty: nothing.
    var command: [String] = []

    /// How a tape is sent to a stream.
    struct Shipping {
        var address: StreamAddress
        /// The folder of what was not sent yet.
        var spool = "/var/lib/tapedeck/spool"
        /// Bytes that wait there.
        var spoolBytes = 256 << 20
    }

    /// When a growing file is moved away and another begun.
    struct Rotation {
        /// So long a file is full; `nil`: never.
        var bytes: Int?
        /// So many that were moved away are kept.
        var kept = 5
    }
}
