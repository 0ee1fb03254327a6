/// How wide text is in a picture that nobody has drawn yet.
///
/// The widths are Helvetica's (Adobe's AFM files), and a seventh more, or two sevenths in bold: of the fonts that stand in for it, DejaVu Sans is
/// the widest.
enum GlyphWidths {
    /// Of a font's size in pixels, rounded up.
    static func width(_ text: String, size: Int, isBold: Bool = false) -> Int {
        var thousandths = 0
        for scalar in text.unicodeScalars { thousandths += width(scalar) }
        return (thousandths * size * (isBold ? 9 : 8) / 7 + 999) / 1000
    }

    /// Cut in its middle to be no wider than so many pixels.
    static func fitted(_ text: String, _ pixels: Int, size: Int, isBold: Bool = false) -> String {
        guard width(text, size: size, isBold: isBold) > pixels else { return text }
        let characters = Array(text)
        var (low, high) = (1, characters.count)
        // The longest of which the ends, with a mark between, have room.
        func shortened(_ kept: Int) -> String {
            String(characters.prefix(kept - kept / 3)) + "…" + String(characters.suffix(kept / 3))
        }
        while low < high {
            let middle = (low + high + 1) / 2
            if width(shortened(middle), size: size, isBold: isBold) <= pixels {
                low = middle
            } else {
                high = middle - 1
            }
        }
        return shortened(low)
    }

    /// Words in lines no wider than so many pixels.
    static func lines(_ text: String, _ pixels: Int, size: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            let longer = lines.last.map { "\($0) \(word)" }
            if let longer, width(longer, size: size) <= pixels {
                lines[lines.count - 1] = longer
            } else {
                lines.append(fitted(String(word), pixels, size: size))
            }
        }
        return lines
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case 0x20...0x7E: ascii[Int(scalar.value) - 0x20]
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0x1F000...0x3FFFF:
            1000
        default: 600
        }
    }

    private static let ascii = [
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
        556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
        1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
        667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
        333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
        556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
    ]
}
