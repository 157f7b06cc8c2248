package import HTTPTypes

/// The fields of a message that was read: checked, kept as bytes, made into text on demand.
///
/// Most of the cost of a small head lies in making strings of its fields, and a client that looks at the
/// status and the body needs none of them. So the block copies the bytes once and keeps the places of the
/// lines.
package struct HTTPFieldBlock: Sendable {
  /// The section, and before it the start line, so that the places of the lines hold.
  let bytes: [UInt8]
  let lines: [HTTPFieldSection.Line]

  /// How many field lines there are.
  package var count: Int { lines.count }

  /// Makes all the fields, in their order.
  ///
  /// - Complexity: O(*n*) in bytes, with a string or two for each field.
  package func makeFields() -> HTTPFields { makeFields(skipping: nil) }

  /// Makes the fields but for the line at `skipped`.
  func makeFields(skipping skipped: Int?) -> HTTPFields {
    var fields = HTTPFields()
    fields.reserveCapacity(lines.count)
    let span = bytes.span
    for position in lines.indices where position != skipped {
      let line = lines[position]
      guard let name = KnownFieldNames.shared.name(span, in: line.name) else { continue }
      fields.append(Self.field(name, span, in: line.value))
    }
    return fields
  }

  /// The values of the fields called `name`, in their order, without making the other fields.
  package func values(of name: HTTPField.Name) -> [String] {
    let span = bytes.span
    let canonical = name.canonicalName
    return lines.filter { Self.isName(span, in: $0.name, canonical.utf8.span) }.map { span.text($0.value) }
  }

  /// The first value of the field called `name`, without making the other fields.
  package func firstValue(of name: HTTPField.Name) -> String? {
    let span = bytes.span
    let canonical = name.canonicalName
    let wanted = canonical.utf8.span
    for line in lines where Self.isName(span, in: line.name, wanted) { return span.text(line.value) }
    return nil
  }

  private static func isName(
    _ bytes: Span<UInt8>, in range: Range<Int>, _ canonical: Span<UInt8>
  ) -> Bool {
    guard range.count == canonical.count else { return false }
    for position in canonical.indices
    where bytes[range.lowerBound + position].lowercased != canonical[position] { return false }
    return true
  }

  private static func field(_ name: HTTPField.Name, _ bytes: Span<UInt8>, in range: Range<Int>) -> HTTPField {
    // Text that is not UTF-8 keeps its bytes, which only the field made from bytes does.
    if bytes.endOfPlainText(in: range) == range.upperBound {
      return HTTPField(name: name, value: bytes.text(range))
    }
    // Sound: the pointer is used only within the closure, and the range is checked when it is extracted.
    return unsafe bytes.extracting(range).withUnsafeBytes { unsafe HTTPField(name: name, value: $0) }
  }
}
