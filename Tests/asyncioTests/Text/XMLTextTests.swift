import Testing

@testable import asyncio

@Suite struct XMLTextTests {
  @Test(arguments: [
    ("a<b>&\"c\"'", "a&lt;b&gt;&amp;&quot;c&quot;&#39;"),
    // Each is one character with what stands before or behind it.
    ("\"\u{301}", "&quot;\u{301}"), ("\u{600}<", "\u{600}&lt;"), ("&\u{20E3}", "&amp;\u{20E3}"),
    ("'\u{FE0F}>\u{200D}", "&#39;\u{FE0F}&gt;\u{200D}"), ("日\u{1B}\n", "日\u{FFFD} "),
  ])
  func `what means something in XML is escaped, also within a larger character`(text: String, escaped: String)
  {
    #expect(Array(text.xmlEscaped.unicodeScalars) == Array(escaped.unicodeScalars))
  }
}
