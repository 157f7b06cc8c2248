extension String {
  /// The text as it stands between tags or in an attribute of XML; what no XML document may hold becomes `�`.
  var xmlEscaped: String {
    var result = String.UnicodeScalarView()
    // Scalar by scalar: with an accent behind it, a quotation mark is part of another character, and still ends an attribute.
    for scalar in printable.unicodeScalars {
      switch scalar {
      case "&": result.append(contentsOf: "&amp;".unicodeScalars)
      case "<": result.append(contentsOf: "&lt;".unicodeScalars)
      case ">": result.append(contentsOf: "&gt;".unicodeScalars)
      case "\"": result.append(contentsOf: "&quot;".unicodeScalars)
      case "'": result.append(contentsOf: "&#39;".unicodeScalars)
      default: result.append(scalar)
      }
    }
    return String(result)
  }
}
