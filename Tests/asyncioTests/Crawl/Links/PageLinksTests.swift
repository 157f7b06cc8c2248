import Testing

@testable import asyncio

@Suite struct PageLinksTests {
  private func read(_ html: String, assets: Bool = false) -> PageLinks {
    PageLinks(Array(html.utf8), token: "Asyncio-Crawl", withAssets: assets)
  }

  private func references(_ html: String, assets: Bool = false) -> [String] {
    read(html, assets: assets).links.map(\.reference)
  }

  @Test func `links are what leads to pages`() {
    let html = """
      <a href=1>x</a><area href=2><iframe src=3></iframe><frame src=4><link rel=next href=5>
      <link rel="alternate stylesheet" href=no><link rel=icon href=no><a name=no>x</a><img src=no>
      <meta http-equiv=refresh content="0;url=6"><form action=no></form><a href=" 7\n8 ">x</a>
      """
    #expect(references(html) == ["1", "2", "3", "4", "5", "6", "78"])
  }

  @Test func `assets are found if they are wanted`() {
    let html = """
      <img src=1 srcset="2 1x, 3,4 2x, 5 100w"><script src=6></script><link rel=stylesheet href=7>
      <video poster=8 src=9></video><object data=10></object>
      """
    #expect(references(html).isEmpty)
    let page = read(html, assets: true)
    #expect(page.links.map(\.reference) == ["1", "2", "3,4", "5", "6", "7", "9", "8", "10"])
    #expect(page.links.allSatisfy { !$0.isPage })
  }

  @Test func `nofollow is obeyed`() {
    let page = read("<a rel='x NoFollow' href=1>a</a><a rel=ugc href=2>b</a><a rel=noopener href=3>c</a>")
    #expect(page.links.map(\.reference) == ["3"])
    #expect(page.noFollowCount == 2)
    for meta in [
      "robots content=nofollow", "ROBOTS content='noindex,NoFollow'", "asyncio-crawl content=none",
    ] {
      let page = read("<meta name=\(meta)><a href=1>a</a><img src=2>", assets: true)
      #expect(page.isNoFollow)
      #expect(page.links.map(\.reference) == ["2"])
      #expect(page.noFollowCount == 1)
    }
    #expect(!read("<meta name=robots content=noindex><meta name=otherbot content=nofollow>").isNoFollow)
  }

  @Test(arguments: [
    ("nofollow", true), ("noindex, NOFOLLOW", true), ("none", true), ("noindex", false), ("", false),
    ("otherbot: nofollow", false), ("otherbot: noindex, nofollow", false), ("asyncio-crawl: nofollow", true),
    ("unavailable_after: 25 Jun 2030 15:00:00 GMT, nofollow", true),
  ])
  func `so is the field`(value: String, isNoFollow: Bool) {
    #expect(PageLinks.isNoFollow(robotsTag: value, token: "Asyncio-Crawl") == isNoFollow)
  }

  @Test func `base and canonical are the first ones`() {
    let page = read(
      "<base target=x><base href='/b/'><base href=c><link rel='canonical' href=' d '><link rel=canonical href=e>"
    )
    #expect(page.base == "/b/")
    #expect(page.canonical == "d")
  }

  @Test(arguments: [
    ("0; url=a", "a"), ("5;URL = 'a b'", "a b"), ("0;a", "a"), ("0, url=\"a\"x", "a"), ("5", nil),
    ("0;", nil),
    ("0;url=", nil),
  ])
  func `a refresh leads on`(content: String, target: String?) {
    #expect(PageLinks.refreshTarget(content) == target)
  }

  @Test(arguments: [
    ("<https://h/a>; rel=\"canonical\"", "https://h/a"), ("</x>; rel=next, </y>; rel=canonical", "/y"),
    ("</x>; rel=next", nil), ("", nil), ("nonsense", nil),
  ])
  func `the field Link may name the canonical page`(value: String, target: String?) {
    #expect(PageLinks.canonical(inFields: [value]) == target)
  }

  @Test func `a page without a type is known by its beginning`() {
    #expect(PageLinks.looksLikeHTML(Array("\n<!DOCTYPE HTML>".utf8)))
    #expect(PageLinks.looksLikeHTML(Array("<html lang=en>".utf8)))
    #expect(!PageLinks.looksLikeHTML(Array("just text".utf8)))
    #expect(!PageLinks.looksLikeHTML([0x89, 0x50, 0x4E, 0x47]))
  }
}
