extension String {
  /// The text as it stands between tags or in an attribute of XML; what no XML document may hold becomes `�`.
  var xmlEscaped: String {
    printable.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.append(character)
      }
    }
  }
}
