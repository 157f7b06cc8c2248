// A list whose links are in its elements, so that an element leaves from the middle in constant time.
//
// Ownership: the list holds its first element, and each element the next. So whatever is in the list is alive, and the
// unowned link back and the one to the last element are sound. Who shares a list guards it, with the links of what is in it.

/// An element of a `LinkedList`; in one list at a time.
protocol LinkedNode: AnyObject {
  var links: LinkedListLinks<Self> { get set }
}

/// An element's neighbours, for its list alone.
@safe struct LinkedListLinks<Node: AnyObject> {
  fileprivate var next: Node?
  fileprivate unowned(unsafe) var previous: Node?

  init() { unsafe previous = nil }
}

/// A list with removal from the middle.
///
/// - Complexity: everything is O(1) and allocates nothing.
@safe struct LinkedList<Node: LinkedNode> {
  private(set) var first: Node?
  private unowned(unsafe) var last: Node?
  private(set) var count = 0

  init() { unsafe last = nil }

  var isEmpty: Bool { count == 0 }

  mutating func append(_ node: Node) {
    if let last = unsafe last { last.links.next = node } else { first = node }
    unsafe node.links.previous = unsafe last
    unsafe last = node
    count += 1
  }

  /// Removes an element, which must be in this list.
  mutating func remove(_ node: Node) {
    let next = node.links.next
    let previous = unsafe node.links.previous
    if let previous { previous.links.next = next } else { first = next }
    if let next { unsafe next.links.previous = previous } else { unsafe last = previous }
    node.links = LinkedListLinks()
    count -= 1
  }

  mutating func popFirst() -> Node? {
    guard let node = first else { return nil }
    remove(node)
    return node
  }

  mutating func popLast() -> Node? {
    guard let node = unsafe last else { return nil }
    remove(node)
    return node
  }

  /// The elements in their order.
  ///
  /// - Complexity: O(*n*).
  var elements: [Node] {
    var nodes: [Node] = []
    var node = first
    while let current = node {
      nodes.append(current)
      node = current.links.next
    }
    return nodes
  }
}
