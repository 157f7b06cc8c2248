/// The elements that come first in an order, of however many.
struct TopList<Element> {
  /// The elements, the first one first.
  private(set) var elements: [Element] = []
  private let limit: Int
  private let isBefore: (Element, Element) -> Bool

  /// An empty list.
  ///
  /// - Parameters:
  ///   - limit: How many elements are kept, at least 1.
  ///   - isBefore: Whether the first element comes before the second.
  init(_ limit: Int, by isBefore: @escaping (Element, Element) -> Bool) {
    self.limit = limit
    self.isBefore = isBefore
  }

  /// Adds an element, and drops the last one if there are too many; of equal ones that came first stays.
  mutating func add(_ element: Element) {
    if elements.count == limit, let last = elements.last, !isBefore(element, last) { return }
    let place = elements.firstIndex { isBefore(element, $0) } ?? elements.count
    elements.insert(element, at: place)
    if elements.count > limit { elements.removeLast() }
  }
}
