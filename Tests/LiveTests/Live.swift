import TestSupport
import Testing

/// Everything that captures live: one profiler at a time, and real processes that the tests start themselves.
///
/// Where BPF can't be loaded these tests fail; with TAPEDECK_SKIP_LIVE=1 they are left out, and a line says so.
@Suite(.serialized, .disabled("TAPEDECK_SKIP_LIVE=1") { Conditions.skipLive })
enum Live {}
