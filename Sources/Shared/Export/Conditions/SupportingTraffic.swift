/// What a workload does beside its work, and what no profile has to declare: asking whether others live, telling of itself, asking its
/// machine who it is.
enum SupportingTraffic: String, Sendable {
    case healthCheck = "a health check"
    case telemetry = "telemetry"
    case metadata = "the machine's metadata"
    case names = "lookups of names"

    /// What an HTTP request is, by what it asks of whom; `nil`: the workload's work.
    static func of(method: String, path: String, destination: String) -> SupportingTraffic? {
        if isMetadata(destination) { return .metadata }
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        if method == "POST", telemetryPaths.contains(where: { path == $0 || path.hasSuffix($0) }) { return .telemetry }
        guard method == "GET" || method == "HEAD" else { return nil }
        if path == "/metrics" { return .telemetry }
        return healthPaths.contains(path) || path.hasPrefix("/actuator/health") ? .healthCheck : nil
    }

    /// Addresses and names under which clouds tell a machine of itself: link-local (AWS, Azure, Google, DigitalOcean), ECS's, AWS's
    /// of IPv6, Google's name, Alibaba's.
    static func isMetadata(_ destination: String) -> Bool {
        let host = destination.hasPrefix("[") ? destination : String(destination.prefix { $0 != ":" })
        return ["169.254.169.254", "169.254.170.2", "metadata.google.internal", "100.100.100.200"].contains(
            host)
            || destination.hasPrefix("fd00:ec2::254") || destination.hasPrefix("[fd00:ec2::254]")
    }

    /// OTLP/HTTP, Zipkin, Jaeger, Prometheus' remote write, Loki's push.
    private static let telemetryPaths = [
        "/v1/traces", "/v1/metrics", "/v1/logs", "/api/v2/spans", "/api/v1/spans", "/api/v1/write", "/loki/api/v1/push",
    ]
    /// Kubernetes' conventions, Prometheus', Spring's, and what many frameworks have.
    private static let healthPaths: Set<String> = [
        "/healthz", "/livez", "/readyz", "/health", "/health/live", "/health/ready", "/health/liveness",
        "/health/readiness",
        "/healthcheck", "/health-check", "/health_check", "/_health", "/-/healthy", "/-/ready", "/healthz/live",
        "/healthz/ready",
    ]
}
