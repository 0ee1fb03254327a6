import Console
import Shared

/// A tape written down again without what looks like a credential, on any layer.
///
/// The inputs are read four times: for the credentials, as the pipeline finds them in all that it takes apart, and as they stand in the
/// streams themselves; for the places
/// where their bytes lie, whoever said them; and to write the tape with other bytes of the same length there. What is inside
/// TLS is written in place of the records that carried it, and without the secrets. Then what was written is read as the inputs
/// were: where a credential is still found, since it lies coded there (in a header block of HTTP/2, in a compressed body), the
/// stream's bytes become a gap. So do those beside bytes that were not captured: half a password looks like nothing.
struct Redaction {
    let inputs: StreamedInputs
    let secrets: [TLSSecret]
    let form: TapeForm

    /// Writes the tape, and proves that no value is left.
    /// - Parameter output: where it goes; the file has its name only if it holds none.
    /// - Returns: what was hidden, and how the inputs were read.
    func write(to output: String) throws(Failure) -> (HiddenCredentials, CaptureReport) {
        let finder = CredentialFinder()
        let (report, found) = try find(inputs.paths, names: inputs.names, secrets, finder)
        let torn = found.ranges(ofHTTP: finder.ofHTTP)
        let patterns = CredentialPatterns(finder.values)
        let places = CredentialPlaces(patterns)
        let plaintext = PlaintextRecorder(places, secrets)
        _ = try WrittenTape.read(inputs.paths, names: inputs.names, plaintext)
        plaintext.finish()
        places.finish()

        var blanked = finder.sealed
        // What is left after the first writing is coded; of a stream that is a gap nothing can be left.
        for _ in 0..<2 {
            let file = try OutputFile(output, option: "redact", isAllOrNothing: true)
            do throws(Failure) {
                let gaps = try write(patterns, places, blanked, torn, to: file)
                let left = try remaining(in: file, patterns)
                if left.isEmpty {
                    try file.commit()
                    return (HiddenCredentials(finder.values, places: places.count, gaps: gaps), report)
                }
                blanked.formUnion(left)
                file.discard()
            } catch {
                file.discard()
                throw error
            }
        }
        throw Failure(
            "\(output): not written: a credential is still found in it; please report this as a fault of replay")
    }

    private func find(
        _ inputs: [String], names: [String]?, _ secrets: [TLSSecret], _ finder: CredentialFinder
    ) throws(Failure) -> (CaptureReport, TornStreams) {
        let profiler = Profiler(CredentialFinder.options(secrets), observer: finder)
        let report = try WrittenTape.read(inputs, names: names, FoundInEvents(profiler, finder))
        profiler.finish()
        let texts = StreamTexts(finder)
        let plaintext = PlaintextRecorder(texts, secrets)
        _ = try WrittenTape.read(inputs, names: names, plaintext)
        plaintext.finish()
        texts.finish()
        return (report, texts.torn)
    }

    private func write(
        _ patterns: CredentialPatterns, _ places: CredentialPlaces, _ blanked: Set<CredentialFinder.Stream>,
        _ torn: [LayeredStream: [Range<UInt64>]], to file: OutputFile
    ) throws(Failure) -> (streams: Int, bytes: UInt64) {
        func write<Recorder: EventRecorder>(_ recorder: Recorder) throws(Failure) -> (streams: Int, bytes: UInt64) {
            let redacted = RedactedEvents(recorder, patterns, places, blanked: blanked, torn: torn)
            let plaintext = PlaintextRecorder(redacted, secrets)
            _ = try WrittenTape.write(inputs.paths, names: inputs.names, plaintext, recorder, to: file) {
                plaintext.finish()
            }
            return (redacted.blankedStreams.count, redacted.blankedBytes)
        }
        return form == .jsonl ? try write(TraceTextRecorder()) : try write(TraceRecorder())
    }

    /// Streams in which what was written still has one of the values, as the pipeline sees it or as its bytes.
    private func remaining(
        in file: OutputFile, _ patterns: CredentialPatterns
    ) throws(Failure) -> Set<CredentialFinder.Stream> {
        let finder = CredentialFinder()
        _ = try find([file.written], names: nil, [], finder)
        let places = CredentialPlaces(patterns)
        _ = try WrittenTape.read([file.written], places)
        guard places.countOutsideStreams == 0 else {
            throw Failure("\(file.path): not written: a credential is still found in what is said of a process")
        }
        return finder.streams.union(places.streams)
    }
}

/// Lets the finder see processes, too.
private final class FoundInEvents: EventSink {
    private let profiler: Profiler
    private let finder: CredentialFinder

    init(_ profiler: Profiler, _ finder: CredentialFinder) {
        self.profiler = profiler
        self.finder = finder
    }

    func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        if case .process(let process) = event.kind { finder.process(process) }
        profiler.consume(event, payload: payload)
    }
}
