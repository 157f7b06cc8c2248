import Foundation
import FoundationXML

/// The elements and texts of an XML document, as a parser that nobody here wrote sees them.
final class XMLDocumentReader: NSObject, XMLParserDelegate {
  /// An element in the order of the document.
  struct Element {
    /// Its name.
    var name: String
    /// Its attributes.
    var attributes: [String: String]
    /// The text directly within it.
    var text = ""

    /// The value of `class`.
    var style: String { attributes["class"] ?? "" }

    /// An attribute as a number.
    func number(_ attribute: String) -> Double? { attributes[attribute].flatMap { Double($0) } }
  }

  /// All elements in the order in which they begin.
  private(set) var elements: [Element] = []
  private var open: [Int] = []

  /// Reads a document; `nil` where it is not well-formed.
  init?(_ text: String) {
    super.init()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = self
    guard parser.parse(), open.isEmpty else { return nil }
  }

  /// The texts that are shown.
  var texts: [String] { elements.filter { $0.name == "text" }.map(\.text) }

  /// The text of the first element of a name.
  func text(of name: String) -> String? { elements.first { $0.name == name }?.text }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    open.append(elements.count)
    elements.append(Element(name: name, attributes: attributes))
  }

  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?)
  {
    open.removeLast()
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    if let last = open.last { elements[last].text += string }
  }
}
