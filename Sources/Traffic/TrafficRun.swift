import Console
import Dispatch
import NIOCore
import NIOPosix
import Shared
import Stores
import Synchronization

/// A run: what its workers share.
final class TrafficRun: Sendable {
    let settings: TrafficSettings
    let choices: Choices
    let manifest: Manifest?
    let target: Availability
    let postgres: Availability
    let redis: Availability
    let progress: Progress
    private let next = Atomic(0)
    private let hasTable = Mutex(false)
    private let hasFailed = Atomic(false)

    private static let table = Statement(
        form: .text, operation: "CREATE",
        pattern: """
            CREATE TABLE IF NOT EXISTS traffic (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, \
            amount integer NOT NULL)
            """)

    init(_ settings: TrafficSettings, _ manifest: Manifest?) {
        self.settings = settings
        self.manifest = manifest
        choices = Choices(
            seed: settings.seed, postgres: settings.postgres != nil, redis: settings.redis != nil)
        target = Availability("http \(settings.host):\(settings.port)")
        postgres = Availability("postgres \(settings.postgres.map { "\($0.host):\($0.port)" } ?? "")")
        redis = Availability("redis \(settings.redis.map { "\($0.host):\($0.port)" } ?? "")")
        progress = Progress(total: settings.totalRequests)
    }

    /// The number of the next step; `nil` where all are taken.
    func nextStep() -> Int? {
        let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return settings.totalRequests == 0 || number < settings.totalRequests ? number : nil
    }

    /// Says why the first of all failures has failed; the others are only counted.
    func failed(_ reason: String) {
        let isFirst = hasFailed.exchange(true, ordering: .relaxed) == false
        if isFirst { Terminal.complain("\(reason); what else fails is only counted") }
    }

    /// Lets the first worker that has a connection make the table, while others wait: where two connections create it at
    /// once, PostgreSQL reports a duplicate.
    /// - Parameter make: is given the statement.
    func makeTable(_ make: (Statement) throws(StoreError) -> Void) throws(StoreError) {
        try hasTable.withLock { hasTable throws(StoreError) in
            guard !hasTable else { return }
            try make(Self.table)
            hasTable = true
        }
    }

    /// Returns when all steps are done, or when the user has enough.
    func work() -> Tally {
        let tally = Mutex(Tally())
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let threads = NIOThreadPool(numberOfThreads: settings.concurrency)
        threads.start()
        let workers = DispatchGroup()
        for _ in 0..<settings.concurrency {
            workers.enter()
            threads.submit { _ in
                let worker = Worker(self, group)
                worker.work()
                let done = worker.tally
                tally.withLock { $0.add(done) }
                workers.leave()
            }
        }
        while workers.wait(timeout: .now() + .milliseconds(100)) == .timedOut { progress.show() }
        progress.clear()
        try? threads.syncShutdownGracefully()
        try? group.syncShutdownGracefully()
        return tally.withLock { $0 }
    }
}
