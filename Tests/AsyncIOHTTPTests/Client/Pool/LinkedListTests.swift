import Testing

@testable import AsyncIOHTTP

struct LinkedListTests {
  private final class Node: LinkedNode {
    let number: Int
    var links = LinkedListLinks<Node>()

    init(_ number: Int) { self.number = number }
  }

  private func numbers(_ list: LinkedList<Node>) -> [Int] { list.elements.map(\.number) }

  @Test func `it is first in, first out, or last out`() {
    var list = LinkedList<Node>()
    for number in 0..<4 { list.append(Node(number)) }
    #expect(list.count == 4)
    #expect(list.popFirst()?.number == 0)
    #expect(list.popLast()?.number == 3)
    #expect(numbers(list) == [1, 2])
    #expect(list.popLast()?.number == 2)
    #expect(list.popLast()?.number == 1)
    #expect(list.popLast() == nil)
    #expect(list.popFirst() == nil)
    #expect(list.isEmpty)
  }

  @Test(arguments: 0..<5) func `an element leaves from anywhere and may come back`(_ position: Int) {
    var list = LinkedList<Node>()
    let nodes = (0..<5).map { Node($0) }
    for node in nodes { list.append(node) }
    list.remove(nodes[position])
    #expect(numbers(list) == (0..<5).filter { $0 != position })
    list.append(nodes[position])
    #expect(numbers(list) == (0..<5).filter { $0 != position } + [position])
    #expect(list.popLast()?.number == position)
  }

  @Test func `what has left is let go`() {
    var list = LinkedList<Node>()
    list.append(Node(0))
    list.append(Node(1))
    weak let first = list.first
    _ = list.popFirst()
    #expect(first == nil)
    #expect(numbers(list) == [1])
  }
}
