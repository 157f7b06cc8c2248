import Testing

@testable import asyncio

@Suite struct HTMLTagsTests {
  private func tags(_ html: String) -> [String] {
    HTMLTags(Array(html.utf8)).map { tag in
      ([tag.name] + tag.attributes.map { "\($0.name)=\($0.value)" }).joined(separator: " ")
    }
  }

  @Test(arguments: [
    ("<a href=\"x\">y</a>", ["a href=x"]),
    ("<A HREF='x' Class = y z>", ["a href=x class=y z="]),
    ("<a href=x/y>", ["a href=x/y"]), ("<br/><img src=a />", ["br", "img src=a"]),
    ("<a\n\thref\n=\n\"a b\"\n>", ["a href=a b"]), ("<a href=\"x\"title=\"y\">", ["a href=x title=y"]),
    ("<a href=\"x>y\">", ["a href=x>y"]), ("<a href=x href=y>", ["a href=x href=y"]),
    ("a < b <a> <1> < a>", ["a"]), ("</a href=x><b>", ["b"]), ("<a =x>", ["a =x="]), ("<a/b=c>", ["a b=c"]),
    ("<!-- <a> --><b>", ["b"]), ("<!--><b>", ["b"]), ("<!---><b>", ["b"]), ("<!-- -- > <a> --!><b>", ["b"]),
    ("<!-- <a>", []), ("<!doctype html><b>", ["b"]), ("<?xml <a>?><b>", ["b"]), ("<![CDATA[<a>]]>", []),
    ("<script>'<a>'</script><b>", ["script", "b"]), ("<script><a></scripty></SCRIPT ><b>", ["script", "b"]),
    ("<title><a></title><b>", ["title", "b"]), ("<style><a>", ["style"]), ("<plaintext><a>", ["plaintext"]),
    ("<noscript><a></noscript>", ["noscript", "a"]),
    ("<iframe src=x><a></iframe><b>", ["iframe src=x", "b"]),
    ("<a href=\"unfinished", ["a href=unfinished"]), ("<a hr", ["a hr="]), ("<", []), ("", []), ("<!", []),
    ("</", []),
    ("<a href=\"?a=1&amp;b=2&copy=3&#x41;&#66;&lt\">", ["a href=?a=1&b=2&copy=3AB<"]),
    ("<a href=\"&amp=1&unknown;&#xD800;&#;&\">", ["a href=&amp=1&unknown;\u{FFFD}&#;&"]),
  ])
  func `tags are found as a browser finds them`(html: String, expected: [String]) {
    #expect(tags(html) == expected)
  }

  @Test func `of equal attributes the first one counts`() {
    var tags = HTMLTags(Array("<a href=x href=y>".utf8))
    #expect(tags.next()?["href"] == "x")
  }

  @Test func `whatever the bytes are, it comes to an end`() {
    var random = SiteRandom(seed: 1)
    let signs = Array("<>!-/=\"' &;#xaSCRIPT\n".utf8) + [0, 0xFF]
    for _ in 0..<2000 {
      let bytes = (0..<random.below(60)).map { _ in signs[random.below(signs.count)] }
      let count = HTMLTags(bytes).reduce(0) { count, _ in count + 1 }
      #expect(count <= bytes.count)
    }
  }
}
