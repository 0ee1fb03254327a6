/// The one list of what Tapedeck recognises, in the order in which detectors are asked: a detector that needs
/// more bytes holds back those after it, so the verdict does not depend on how many bytes came at once.
package enum Registry {
    package static let all: [any Detector.Type] = []
}
