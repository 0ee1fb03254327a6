/// Calls that say nothing of what a service does: health checks (grpc/grpc: health-checking.md), and reflection
/// (server-reflection.md).
enum GRPCHousekeeping {
    static func has(_ path: RawSpan) -> Bool {
        path.has("/grpc.health.v1.Health/", at: 0) || path.has("/grpc.reflection.", at: 0)
    }
}
