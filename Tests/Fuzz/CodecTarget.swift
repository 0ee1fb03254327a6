@testable import Shared

/// A body in a content coding decodes to the same bytes however it comes, also with a decoder that was used before.
///
/// Of one that fails only that it fails is the same: what a library gives before it finds the damage depends on the
/// pieces, and nothing is made of it.
///
/// The input: one byte chooses the coding, the body follows.
func fuzzCodecs(_ input: [UInt8]) {
    let codings: [ContentCoding] = [.gzip, .deflate, .brotli, .zstd]
    guard let first = input.first else { return }
    let coding = codings[Int(first) % codings.count]
    let body = Array(input.dropFirst())
    let decoder = ContentDecoder()
    let whole = decode(body, [0..<body.count], coding, decoder)
    var random = SeededRandom(of: input)
    let longest = 1 + random.below(random.chance(oneIn: 2) ? 3 : 60)
    let cut = decode(body, random.cuts(body.count, longest: longest), coding, decoder)
    // libzstd has another way for a frame that is there as a whole, which takes some damage for none.
    if coding == .zstd, cut.state == .failed || whole.state == .failed { return }
    require(cut == whole, "\(coding) cut every \(longest) at most: \(cut) in place of \(whole)")
}

private struct Decoded: Equatable, CustomStringConvertible {
    var bytes: [UInt8] = []
    var state = ContentDecoder.State.decoding

    /// Zip bombs end here.
    static let limit = 1 << 20

    var description: String { "\(bytes.count) bytes (\(state))" }
}

private func decode(
    _ body: [UInt8], _ pieces: [Range<Int>], _ coding: ContentCoding, _ decoder: ContentDecoder
) -> Decoded {
    var decoded = Decoded()
    decoder.begin(coding)
    for piece in pieces where decoded.bytes.count < Decoded.limit {
        withExactCopy(body[piece]) { piece in
            decoder.decode(piece) { bytes in
                decoded.bytes.append(bytes.extracting(first: Decoded.limit - decoded.bytes.count))
                return decoded.bytes.count < Decoded.limit
            }
        }
    }
    decoded.state = decoder.state
    if decoder.state == .failed { decoded.bytes = [] }
    return decoded
}
