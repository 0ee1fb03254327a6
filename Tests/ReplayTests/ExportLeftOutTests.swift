import Testing

/// What a format can't say is said, with how many, and makes the status 1; where nothing is left it is 2.
@Suite struct `What an export leaves out` {
    @Test(
        arguments: [
            (
                ["har", "Fixtures/websocket/late-joined/input.pcap"], 1,
                "18 messages of WebSocket whose handshake is not known"
            ),
            (["asyncapi", "Fixtures/http2/events/input.pcap"], 2, "of server-sent events"),
            (["policies", "Fixtures/dns/lookups/input.pcap"], 2, "nobody with a name who talks to another machine"),
            (["schema", "Fixtures/demo/shop/input.pcap", "--service", "nobody"], 2, "--service nobody: nothing fits"),
            (["otlp", "Fixtures/demo/shop/input.pcap", "--endpoint", "http://127.0.0.1:9/a?x=1"], 2, "has a query"),
        ] as [([String], Int32, String)])
    func `is said`(_ arguments: [String], _ status: Int32, _ words: String) throws {
        let run = try Executable.replay(["export"] + arguments)
        #expect(run.status == status && run.errors.contains(words), "\(run.status): \(run.errors)")
    }

    /// RFC 8441: the handshake over HTTP/2 is answered with 200.
    @Test func `is no message of a WebSocket over HTTP/2`() throws {
        let run = try Executable.replay(["export", "har", "Fixtures/http2/websocket/input.pcap", "--bodies"])
        #expect(run.status == 0 && run.output.contains("\"_webSocketMessages\""), "\(run.errors)")
    }

    /// What our own reader would refuse is not written.
    @Test(arguments: [
        ("kinds: [{name: datastore}]", "vocabulary-conflict"),
        ("dependencies: [\"https://nope.example/x\"]", "extension-dependency"),
    ])
    func `is a profile that would not be valid`(_ line: String, _ fault: String) throws {
        let folder = TemporaryFolder()
        let definition = """
            apiVersion: runtimeconditions.io/v1alpha1
            kind: RuntimeConditionsExtensionDefinition
            metadata: {id: "https://example.org/x.yaml"}
            spec:
              \(line)
              interfaceTypes: [{name: broker, targetKind: datastore}]
              interfaceFields: [{name: engine, targetKind: datastore, targetType: broker}]
              fieldValues:
                - {field: interface.engine, targetKind: datastore, targetType: broker, values: [kafka, rabbitmq]}

            """
        let run = try Executable.replay([
            "export", "conditions", "Fixtures/demo/shop/input.pcap", "--names", "Fixtures/demo/shop/names",
            "--workload-uri", "orders=https://x.example/y", "--extension",
            folder.write("x.yaml", Array(definition.utf8)),
        ])
        #expect(run.status == 2 && run.output.isEmpty && run.errors.contains(fault), "\(run.errors)")
    }
}
