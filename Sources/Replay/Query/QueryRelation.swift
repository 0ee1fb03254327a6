import Shared

/// A table or a view that can be asked for: a contract as the fields of the event log are (docs/query.md).
struct QueryRelation: Sendable {
    enum Source: Sendable {
        /// The lines of the event log with one of these kinds; of a column's name is the field.
        case events([String])
        case map(MapTable)
        /// What the others say.
        case view(String)
        /// The summary, as `--json` has it.
        case summary
    }

    struct Column: Sendable {
        var name: String
        var type: String
    }

    var name: String
    var columns: [Column]
    var source: Source

    /// - Parameter columns: names with their types between them: `name TEXT, count INTEGER`.
    private init(_ name: String, _ source: Source, _ columns: String) {
        self.name = name
        self.source = source
        self.columns = columns.split(separator: ",").map { column in
            let words = column.split { $0 == " " || $0 == "\n" }
            return Column(name: String(words[0]), type: String(words[1]))
        }
    }

    private init(_ table: MapTable) {
        name = table.rawValue
        source = .map(table)
        columns = table.columns.map { Column(name: $0.name, type: $0.type) }
    }

    /// In an order in which each names only those before it.
    static let all: [QueryRelation] =
        [
            QueryRelation("http", .events(["http"]), start + message + http + containers),
            QueryRelation("messages", .events(["websocket", "sse", "ndjson"]), start + said + containers),
            QueryRelation("operations", .events(["operation"]), start + operation + containers),
            QueryRelation("connections", .events(["connection"]), start + connection + containers),
        ] + MapTable.allCases.map { QueryRelation($0) } + [
            QueryRelation("summary", .summary, "json TEXT"),
            QueryRelation("exchanges", .view(exchanges), exchangeColumns),
            QueryRelation("edges", .view(edges), edgeColumns),
            QueryRelation("counters", .view(counters), "name TEXT, count INTEGER"),
            QueryRelation("losses", .view(losses), "name TEXT, count INTEGER"),
        ]

    // MARK: The event log

    private static let start = """
        time_ns INTEGER, timestamp TEXT, event_type TEXT, pid INTEGER, comm TEXT, cmdline TEXT, direction TEXT, source_ip TEXT,
        source_port INTEGER, dest_ip TEXT, dest_port INTEGER, layer TEXT,
        """
    private static let containers =
        "source_container TEXT, destination_container TEXT, destination_type TEXT"
    private static let message = """
        bytes INTEGER, method TEXT, url TEXT, status_code INTEGER, reason TEXT, duration_ms REAL, body TEXT, body_base64 TEXT,
        headers TEXT, truncated INTEGER, anomalies TEXT, service TEXT, peer TEXT, connection INTEGER, proxied_for TEXT,
        exchange INTEGER, protocol TEXT, tls INTEGER, stream INTEGER, total_ms REAL, incomplete TEXT,
        """
    private static let http = """
        trailers TEXT, headers_incomplete INTEGER, ended TEXT, ended_by TEXT, pushed INTEGER, grpc_service TEXT,
        grpc_method TEXT, grpc_status TEXT, grpc_messages INTEGER, grpc_message_bytes INTEGER,
        grpc_compressed_messages INTEGER, grpc_timeout_ms REAL, grpc_past_deadline INTEGER, operation TEXT,
        graphql_status TEXT, graphql_code TEXT,
        """
    private static let said = """
        bytes INTEGER, url TEXT, duration_ms REAL, opcode TEXT, operation TEXT, id TEXT, body TEXT, body_base64 TEXT,
        truncated INTEGER, anomalies TEXT, service TEXT, peer TEXT, connection INTEGER, proxied_for TEXT, exchange INTEGER,
        protocol TEXT, tls INTEGER, stream INTEGER, total_ms REAL, incomplete TEXT, fragments INTEGER, compressed INTEGER,
        context_unknown INTEGER, close_code INTEGER, subprotocol TEXT, carries TEXT, opened_by INTEGER,
        """
    private static let operation = """
        service TEXT, peer TEXT, connection INTEGER, proxied_for TEXT, protocol TEXT, category TEXT, namespace TEXT, system TEXT,
        operation TEXT, targets TEXT, statement TEXT, summary TEXT, status TEXT, code TEXT, batch INTEGER, rows INTEGER,
        affected INTEGER, hits INTEGER, misses INTEGER, request_bytes INTEGER, response_bytes INTEGER, duration_ms REAL,
        total_ms REAL, answers TEXT, ttl INTEGER, paired TEXT, incomplete TEXT, tls INTEGER,
        """
    private static let connection = """
        protocol TEXT, category TEXT, confidence INTEGER, detection_reason TEXT, error TEXT, service TEXT, peer TEXT,
        connection INTEGER, proxied_for TEXT, tls INTEGER, server_name TEXT, alpn TEXT, tls_version TEXT, tls_cipher TEXT,
        tls_subject TEXT, tls_not_after TEXT,
        """

    // MARK: Views

    private static let exchangeColumns = """
        exchange INTEGER, connection INTEGER, time_ns INTEGER, timestamp TEXT, service TEXT, peer TEXT, protocol TEXT,
        direction TEXT, method TEXT, url TEXT, path TEXT, host TEXT, status_code INTEGER, grpc_status TEXT, is_error INTEGER,
        duration_ms REAL, total_ms REAL, request_bytes INTEGER, response_bytes INTEGER, request_body TEXT, response_body TEXT,
        request_headers TEXT, response_headers TEXT, operation TEXT, graphql_status TEXT, graphql_code TEXT
        """
    /// A request with what answered it at last, as one side saw it; only answers have `total_ms`.
    ///
    /// To a request that changes to HTTP/2 by Upgrade 101 is no answer: that comes as the first stream's (RFC 7540, section 3.2).
    private static let exchanges = """
        SELECT q.exchange, q.connection, q.time_ns, q.timestamp, q.service, q.peer, q.protocol, q.direction, q.method, q.url,
            CASE WHEN instr(q.url, '?') > 0 THEN substr(q.url, 1, instr(q.url, '?') - 1) ELSE q.url END AS path,
            (SELECT value FROM json_each(q.headers) WHERE lower(key) = 'host' LIMIT 1) AS host,
            a.status_code, a.grpc_status,
            CASE WHEN a.exchange IS NULL THEN NULL
                ELSE coalesce(a.status_code >= 400, 0) OR coalesce(a.grpc_status <> 'OK', 0)
                    OR coalesce(a.graphql_status = 'error', 0) END AS is_error,
            a.duration_ms, a.total_ms, q.bytes AS request_bytes, a.bytes AS response_bytes, q.body AS request_body,
            a.body AS response_body, q.headers AS request_headers, a.headers AS response_headers, q.operation,
            a.graphql_status, a.graphql_code
        FROM http q LEFT JOIN http a ON a.exchange = q.exchange AND a.total_ms IS NOT NULL
            AND (a.status_code IS NULL OR a.status_code >= 200 OR a.status_code = 101 AND NOT EXISTS
                (SELECT 1 FROM json_each(a.headers) WHERE lower(key) = 'upgrade' AND lower(value) = 'h2c'))
        WHERE q.exchange IS NOT NULL AND q.total_ms IS NULL
        """

    private static let edgeColumns = """
        service TEXT, destination TEXT, destination_type TEXT, protocol TEXT, category TEXT, port INTEGER, calls INTEGER,
        errors INTEGER, connections INTEGER, failures INTEGER, first_seen TEXT, last_seen TEXT
        """
    /// Who depends on whom; of HTTP the connections are not counted one by one.
    private static let edges = """
        SELECT service, destination, destination_type, protocol, 'http' AS category, NULL AS port, sum(count) AS calls,
            sum(errors) AS errors, NULL AS connections, NULL AS failures, min(first_seen) AS first_seen,
            max(last_seen) AS last_seen
        FROM map_endpoints GROUP BY service, destination, destination_type, protocol
        UNION ALL
        SELECT c.service, c.destination, c.destination_type, c.protocol, c.category, c.port,
            coalesce(sum(o.count), 0), coalesce(sum(o.errors), 0), c.count, c.failures, c.first_seen, c.last_seen
        FROM map_connections c LEFT JOIN map_operations o USING (service, destination, protocol, port)
        GROUP BY c.service, c.destination, c.protocol, c.port
        """

    /// The numbers of the summary by their names, as `bytes.gaps.not_captured`; some versions of SQLite put quotes around words.
    private static let counters = """
        SELECT replace(substr(fullkey, 3), '"', '') AS name, atom AS count FROM summary, json_tree(summary.json)
        WHERE type = 'integer' AND fullkey NOT LIKE '$.services%' AND fullkey NOT LIKE '$.inputs%'
        """

    /// What is missing, in bytes or in events; of how many of them the results know nothing.
    private static let losses = """
        SELECT name, count FROM counters WHERE count > 0 AND (
            name GLOB 'lost.*' OR name GLOB 'limits_reached.*' OR name GLOB 'bytes.gaps.*' OR name GLOB 'bytes.unparsed.*'
            OR name GLOB 'layers.*.gaps.*' OR name GLOB 'layers.*.unparsed.*' OR name GLOB 'not_unpacked.*'
            OR name GLOB 'unknown_link_types.*' OR name = 'packets.malformed')
        """
}
